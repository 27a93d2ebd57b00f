/** The way back of a plan that was updated: the newest state that it took over is what comes back. */
import { egressNetworkPolicies, hostSubnets, netNamespaces } from '../../../../api/kinds.ts';
import type { KubeClient } from '../../../../src/io/kube/client.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import type { Started } from '../../../apiserver/started.ts';
import { create, dump, isMarked, objectsOn, serveOVN, startCluster, switchToOVN } from '../../cluster.ts';
import { PlanInFolder } from '../../plan-in-folder.ts';
import { make } from '../../snapshots.ts';

const cluster: readonly KubeObject[] = [
  ...['n1', 'n2'].map((name, index) => make.node(name, `192.168.7.1${index}`)),
  make.hostSubnet('n1', '192.168.7.10', { egressIPs: ['192.168.7.101'] }),
  make.hostSubnet('n2', '192.168.7.11', { egressIPs: ['192.168.7.102'] }),
  ...['shop', 'bank', 'late'].map((name) => make.namespace(name)),
  make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
  make.netNamespace('bank', 11, { egressIPs: ['192.168.7.102'] }),
  ...['shop', 'bank'].map((name) => make.policy(name, 'p', [['Deny', '203.0.113.0/24']])),
];
const sdn = [netNamespaces, hostSubnets, egressNetworkPolicies];

let started: Started;
let client: KubeClient;
let migration: PlanInFolder;
beforeEach(async () => {
  started = await startCluster();
  client = started.client;
  await create(client, cluster);
  migration = await PlanInFolder.of(client, { keepPlacement: false });
});
afterEach(async () => {
  await migration.remove();
  await started.stop();
});

/** What teams do between the plan and its update. */
async function change(): Promise<void> {
  const patch = { type: 'merge', fieldManager: 'admin' } as const;
  const egress = [{ type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } }];
  await client.patch(egressNetworkPolicies, { name: 'p', namespace: 'shop' }, { spec: { egress } }, patch);
  await client.patch(netNamespaces, { name: 'shop' }, { egressIPs: ['192.168.7.103'] }, patch);
  await client.patch(hostSubnets, { name: 'n1' }, { egressIPs: ['192.168.7.103'] }, patch);
  await client.patch(netNamespaces, { name: 'bank' }, { egressIPs: null }, patch);
  await client.delete(egressNetworkPolicies, { name: 'p', namespace: 'bank' });
  await create(client, [make.netNamespace('late', 12, { egressIPs: ['192.168.7.102'] })]);
}

/** As the operator does when it removes the definitions of these kinds. */
async function purge(): Promise<void> {
  for (const { kind, metadata } of await objectsOn(client, sdn)) {
    const { name = '', namespace } = metadata;
    const ref = namespace === undefined ? { name } : { name, namespace };
    await client.delete(
      sdn.find((one) => one.kind === kind)!,
      ref,
    );
  }
}

test.each([false, true])('after the clearing it is as at the update (finalized: %s)', async (finalize) => {
  await migration.apply();
  await change();
  const before = await dump(client, sdn);
  await migration.update();
  await switchToOVN(client);
  expect((await migration.apply()).kind).toBe('done');
  await serveOVN(client);
  if (finalize) expect(await migration.apply({ finalize })).toMatchObject({ kind: 'done', left: 'nothing' });
  await purge();
  expect(await migration.back()).toMatchObject({ kind: 'done' });
  expect(await dump(client, sdn)).toEqual(before);
  expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
});

test('a second update keeps what the first took over, also after the clearing', async () => {
  await migration.apply();
  await change();
  const before = await dump(client, sdn);
  await migration.update();
  await purge();
  await create(client, [make.netNamespace('shop', 4711, { egressIPs: ['192.168.7.103'] })]);
  await migration.update();
  expect([...(migration.plan.gone ?? [])]).toEqual([expect.stringContaining('EgressNetworkPolicy/bank/p')]);
  await client.delete(netNamespaces, { name: 'shop' });
  expect((await migration.back()).kind).toBe('done');
  const { 'NetNamespace /shop': shop, ...rest } = await dump(client, sdn);
  expect(shop).toMatchObject({ egressIPs: ['192.168.7.103'] });
  expect({ ...rest, 'NetNamespace /shop': before['NetNamespace /shop'] }).toEqual(before);
});
