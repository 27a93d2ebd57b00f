/** What no two objects of OpenShift SDN share. */
import { hostIdentity, netidOf } from '../../../src/migrate/kinds/identity.ts';

test('a HostSubnet has its addresses, and empty texts for what is missing or no text', () => {
  const object = { metadata: { name: 'n1' }, hostIP: '192.168.7.11', subnet: '10.128.0.0/24' };
  expect(hostIdentity(object)).toEqual({ hostIP: '192.168.7.11', subnet: '10.128.0.0/24' });
  expect(hostIdentity({ metadata: {} })).toEqual({ hostIP: '', subnet: '' });
});

test('a NetNamespace has its netid, 0 too; a text is none', () => {
  const withNetid = (netid: unknown) => netidOf({ metadata: {}, ...{ netid } });
  expect([0, 7, '7', undefined].map(withNetid)).toEqual([0, 7, undefined, undefined]);
});
