/** Which ClusterNetwork an agent uses while the object is wrong. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterNetworkObject } from '../../../src/model/objects/raw.ts';
import { LastNetwork } from '../../../src/node/cluster/last-network.ts';
import { logged } from '../../logged.ts';

const valid: ClusterNetworkObject = {
  apiVersion: 'network.openshift.io/v1',
  kind: 'ClusterNetwork',
  metadata: { name: 'default' },
  clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 9 }],
  serviceNetwork: '172.30.0.0/16',
};
const odd = { ...valid, pluginName: 'redhat/openshift-ovs-foo' };

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'network-'));
});
afterEach(() => rm(folder, { recursive: true }));
const file = (): string => join(folder, 'me.network.json');

it('is none as long as there was no valid one, with what is wrong', () => {
  const network = new LastNetwork(logged().logger, file());
  expect(network.read(undefined)).toEqual({ ok: false, error: 'ClusterNetwork "default" does not exist' });
  const wrong = network.read(odd);
  expect(wrong.ok ? '' : wrong.error).toContain('pluginName');
});

it('is the last valid one while the object is invalid or gone, which is logged once for each change', async () => {
  const { logger, lines } = logged();
  const network = new LastNetwork(logger, file());
  const first = network.read(valid);
  expect(first.ok).toBe(true);
  for (const raw of [odd, odd, undefined]) expect(network.read(raw)).toEqual(first);
  expect(lines).toHaveLength(2);
  const other = network.read({ ...valid, serviceNetwork: '172.31.0.0/16' });
  expect(other).not.toEqual(first);
  expect(network.read(odd)).toEqual(other);
  await network.saved();
});

async function restarted(): Promise<LastNetwork> {
  const network = new LastNetwork(logged().logger, file());
  await network.load();
  return network;
}

it('is the last valid one for a restarted agent, too', async () => {
  const first = await restarted();
  const second = { ...valid, serviceNetwork: '172.31.0.0/16', vxlanPort: 4790 };
  first.read(valid);
  const known = first.read(second);
  await first.saved();
  const next = await restarted();
  expect(next.read(odd)).toEqual(known);
  expect(next.read(undefined)).toEqual(known);
  expect(next.read(valid)).not.toEqual(known);
  await next.saved();
  expect((await restarted()).read(undefined)).toEqual(next.read(valid));
});

it('is written only when it means something else', async () => {
  const network = await restarted();
  network.read(valid);
  await network.saved();
  await writeFile(file(), 'x');
  network.read({ ...valid, metadata: { name: 'default', resourceVersion: '7', labels: { a: 'b' } } });
  network.read(odd);
  await network.saved();
  expect(await readFile(file(), 'utf8')).toBe('x');
});

it.each(['', '{', 'null', '[]', '7', '{"metadata":{"name":"default"}}', JSON.stringify(odd)])(
  'is none if the file says %s',
  async (text) => {
    await writeFile(file(), text);
    expect((await restarted()).read(undefined)).toMatchObject({ ok: false });
  },
);
