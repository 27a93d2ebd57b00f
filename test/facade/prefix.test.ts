/** An admin writes egress IPs of a HostSubnet with their prefix length, as the published walkthrough does. */
import { until, World } from './running.ts';

test('an egress IP that is listed with a prefix length is placed, and listed without', async () => {
  const world = await World.up('B');
  try {
    await world.startFacade();
    await world.namespace('red');
    await world.request('red', '192.168.7.201');
    await until('red is closed', () => world.isClosed('red'));
    await world.offer('node1', { egressIPs: ['192.168.7.201/24'] });
    await until('it is on node1', async () => (await world.places('red'))['192.168.7.201'] === 'node1');
    await until(
      'it is listed without',
      async () => (await world.hostSubnet('node1'))?.egressIPs?.[0] === '192.168.7.201',
    );
  } finally {
    await world.down();
  }
});
