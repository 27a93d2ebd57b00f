/** A plan of the way back that was made without a backup, in a cluster that changes while it is applied. */
import { egressFirewalls, egressIPs, egressNetworkPolicies, hostSubnets } from '../../../api/kinds.ts';
import { sdn } from '../../../src/migrate/targets/sdn/target.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import type { Started } from '../../apiserver/started.ts';
import { create, startCluster } from '../cluster.ts';
import { PlanInFolder, problemsOf, reasonsOf } from '../plan-in-folder.ts';
import { make } from '../snapshots.ts';

const firewall = (namespace: string): KubeObject =>
  make.any(
    'k8s.ovn.org/v1',
    'EgressFirewall',
    { name: 'default', namespace },
    { spec: { egress: [{ type: 'Deny', to: { cidrSelector: '203.0.113.0/24' } }] } },
  );
const egressIP = (ip: string): KubeObject =>
  make.any(
    'k8s.ovn.org/v1',
    'EgressIP',
    { name: 'red', labels: { [`placed.sdn-compat/${ip}`]: 'n1' } },
    {
      spec: { egressIPs: [ip], namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'red' } } },
      status: { items: [{ node: 'n1', egressIP: ip }] },
    },
  );

let started: Started;
let migration: PlanInFolder;
beforeEach(async () => {
  started = await startCluster(true);
  await create(started.client, [
    make.node('n1', '192.168.7.11', { labels: { 'k8s.ovn.org/egress-assignable': '' } }),
    make.hostSubnet('n1', '192.168.7.11'),
    ...['red', 'green'].flatMap((name, index) => [make.namespace(name), make.netNamespace(name, 11 + index)]),
    egressIP('192.168.7.101'),
    firewall('red'),
  ]);
  migration = await PlanInFolder.of(started.client, {}, sdn);
});
afterEach(async () => {
  await migration.remove();
  await started.stop();
});

const policies = async (): Promise<readonly string[]> =>
  (await started.client.list(egressNetworkPolicies)).items.map(({ metadata }) => metadata.namespace ?? '').sort();

test('an update keeps the policies that the plan itself has made, however often', async () => {
  await migration.apply();
  expect(await policies()).toEqual(['red']);
  await create(started.client, [firewall('green')]);
  expect(reasonsOf(await migration.apply())).toEqual([expect.stringContaining('EgressFirewall green/default')]);
  for (const all of [
    ['green', 'red'],
    ['green', 'red'],
  ]) {
    await migration.update();
    expect(reasonsOf(await migration.apply())).toEqual([]);
    expect(await policies()).toEqual(all);
  }
  await started.client.delete(egressFirewalls, { name: 'default', namespace: 'red' });
  await migration.update();
  await migration.apply();
  expect(await policies()).toEqual(['green']);
});

test('what an update takes back from a HostSubnet is not a change of the cluster', async () => {
  await migration.apply();
  expect(await started.client.get(hostSubnets, { name: 'n1' })).toMatchObject({ egressIPs: ['192.168.7.101'] });
  await started.client.patch(
    egressIPs,
    { name: 'red' },
    { spec: { egressIPs: ['192.168.7.102'] } },
    { type: 'merge', fieldManager: 'admin' },
  );
  await migration.update();
  expect(reasonsOf(await migration.apply())).toEqual([]);
  expect(await started.client.get(hostSubnets, { name: 'n1' })).not.toHaveProperty('egressIPs');
  expect(reasonsOf(await migration.apply())).toEqual([]);
  expect(problemsOf(await migration.verify())).toEqual([]);
});
