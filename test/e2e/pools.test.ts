/** Addresses of a pool by packets: a namespace leaves with what it asked for, and never with what another machine has. */
import { TestLab, until } from './lab.ts';

let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.up();
  await Promise.all(['red', 'blue'].map((name) => lab.namespace(name)));
  await lab.pods(['red/w0', 'worker0'], ['blue/w2', 'worker2']);
  await lab.untilSource('red/w0', '192.168.7.11');
  for (const name of ['worker1', 'worker2']) await lab.patch('hostsubnet', name, { egressCIDRs: ['192.168.7.224/28'] });
});
afterAll(() => lab.down());

const ask = (namespace: string, request: string): Promise<string> =>
  lab.must(['annotate', '--overwrite', 'namespace', namespace, `egress.sdn-compat.io/request${request}`]);
const listOf = async (namespace: string): Promise<string> =>
  (await lab.must(['get', 'netnamespace', namespace, '-o', 'jsonpath={.egressIPs[*]}'])).trim();

/** The device of the router in the nodes' network. */
async function outside(): Promise<string> {
  const links = JSON.parse((await lab.inside('router', 'ip', '-j', 'addr', 'show')).stdout) as {
    ifname: string;
    addr_info: { local: string }[];
  }[];
  return links.find(({ addr_info }) => addr_info.some(({ local }) => local === '192.168.7.1'))?.ifname ?? '';
}

test('a namespace that asks leaves with an address of the pool; one that another machine has is exchanged', async () => {
  const taken = '192.168.7.226';
  await lab.inside('router', 'ip', 'addr', 'add', `${taken}/24`, 'dev', await outside());
  const pool = {
    apiVersion: 'egress.sdn-compat.io/v1',
    kind: 'EgressPool',
    metadata: { name: 'public' },
    spec: { ranges: ['192.168.7.225-192.168.7.227'] },
  };
  // the controller looks from time to time whether the kind is served: it was from the beginning
  await lab.must(['apply', '-f', '-'], JSON.stringify(pool));
  await ask('red', '=1');
  await lab.untilSource('red/w0', '192.168.7.225');
  await lab.event('EgressIPGranted', 'namespace/red');
  // what somebody outside has is given, refused by the node that asked for it, and exchanged before a packet left with it
  await ask('blue', '=1');
  await until('blue has the other', async () => (await listOf('blue')) === '192.168.7.227');
  await lab.untilSource('blue/w2', '192.168.7.227');
  await lab.event('EgressIPInUse', 'namespace/blue');
  const inUse = ['get', 'egresspool', 'public', '-o', 'jsonpath={.status.inUse[*].address}'];
  expect((await lab.must(inUse)).trim()).toBe(taken);
  const { stdout: shown } = await lab.sdnCompat('status');
  expect(shown).toMatch(/^public +3 +2 +1 +0 +- *$/m);
  expect(shown).toMatch(/^blue +1 +192\.168\.7\.227 *$/m);
  await ask('red', '-');
  await until('red gave it back', async () => (await listOf('red')) === '');
  await lab.untilSource('red/w0', '192.168.7.11');
  const granted = ['get', 'egresspool', 'public', '-o', 'jsonpath={.status.granted[*].address}'];
  await until('the pool has it back', async () => (await lab.must(granted)).trim() === '192.168.7.227');
});
