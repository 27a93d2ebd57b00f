/** `migrate apply --then-facade`: from OpenShift SDN's objects to the facade, with the switch and the vendor's clearing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clusterNetworks,
  customResourceDefinitions,
  egressIPs,
  hostSubnets,
  netNamespaces,
  networkOperators,
} from '../../../../api/kinds.ts';
import { exec, type RunResult } from '../../../../src/io/programs/exec.ts';
import { definitionOf, open } from '../../../../src/lab/ovn/definitions.ts';
import { ClusterManager } from '../../../../src/lab/ovn/manager.ts';
import { assignedIn } from '../../../../src/migrate/kinds/egressip.ts';
import type { HostSubnetObject, KubeObject, NetNamespaceObject } from '../../../../src/model/objects/raw.ts';
import { logger, type Started } from '../../../apiserver/started.ts';
import { ControllerProcess } from '../../../controllers/process.ts';
import { create, startCluster, switchToOVN } from '../../../migrate/cluster.ts';
import { make } from '../../../migrate/snapshots.ts';
import { program } from '../../../program.ts';
import { generator } from '../../../random.ts';
import { objects } from './on-the-way.ts';

const merge = { type: 'merge' } as const;

let started: Started;
let folder = '';
let plan = '';
let manager: ClusterManager | undefined;
let facade: ControllerProcess | undefined;

const run = (...args: readonly string[]): Promise<RunResult> =>
  exec(process.execPath, [...program, 'migrate', ...args, '--kubeconfig', started.kubeconfig]);
const go = (...args: readonly string[]): Promise<RunResult> => run('apply', '--plan', plan, '--then-facade', ...args);

beforeAll(async () => {
  started = await startCluster();
  await started.client.create<KubeObject>(customResourceDefinitions, definitionOf(networkOperators, open));
  await started.client.create(clusterNetworks, make.clusterNetwork());
  await create(started.client, objects);
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-facade-'));
  plan = join(folder, 'plan');
  const network = ['--machine-network', '192.168.7.0/24'];
  expect((await run('plan', '--to', 'ovn', '--from-cluster', ...network, '--out', plan)).status).toBe(0);
});
afterAll(async () => {
  await facade?.end('SIGTERM');
  await manager?.stop();
  await started.stop();
  await rm(folder, { recursive: true, force: true });
});

const netNamespace = (name: string): Promise<NetNamespaceObject | undefined> =>
  started.client.get<NetNamespaceObject>(netNamespaces, { name });
const hostSubnet = (name: string): Promise<HostSubnetObject | undefined> =>
  started.client.get<HostSubnetObject>(hostSubnets, { name });

test('is refused with what would take away what the facade needs', async () => {
  const answer = await go('--finalize');
  expect(answer.status).toBe(2);
  expect(answer.stderr).toContain('--then-facade goes with neither --finalize nor --dry-run');
});

test('first waits for the switch, then for the end of the vendor’s migration', async () => {
  const first = await go();
  expect(first.stdout).toContain('Now switch the network plugin to OVN-Kubernetes');
  expect(first.status).toBe(3);
  const { client } = started;
  await switchToOVN(client);
  manager = await ClusterManager.start(client, { build: 'B', random: generator(1), logger });
  const operator = { metadata: { name: 'cluster' }, spec: { migration: { networkType: 'OVNKubernetes' } } };
  await client.create<KubeObject>(networkOperators, operator);
  const second = await go();
  expect(second.stderr).toContain('Network.operator.openshift.io cluster: spec.migration is set');
  expect(second.status).toBe(1);
  const places = (await client.list(egressIPs)).items.flatMap((object) => [...assignedIn(object)]);
  expect(Object.fromEntries(places)).toMatchObject({ '192.168.7.101': 'n1', '192.168.7.103': 'n2' });
  await client.patch(networkOperators, { name: 'cluster' }, { spec: { migration: null } }, merge);
});

test('is refused while a NetNamespace or a HostSubnet asks for less than the plan', async () => {
  const { client } = started;
  const patch = (kind: typeof netNamespaces, name: string, ips: readonly string[]): Promise<KubeObject> =>
    client.patch(kind, { name }, { egressIPs: ips }, merge);
  await patch(netNamespaces, 'red', ['192.168.7.101']);
  await patch(hostSubnets, 'n2', []);
  const answer = await go('--accept-changes', '--accept-unwell');
  expect(answer.stderr).toContain('NetNamespace red: egressIPs lacks 192.168.7.103: the facade would take');
  expect(answer.stderr).toContain('HostSubnet n2: egressIPs lacks 192.168.7.103');
  expect(answer.status).toBe(1);
  await patch(netNamespaces, 'red', ['192.168.7.101', '192.168.7.103']);
  await patch(hostSubnets, 'n2', ['192.168.7.103']);
});

test('says how to install the facade when all is well, and when that runs, that all came back', async () => {
  const { client } = started;
  // the vendor's operator takes the kinds away, and the overlay brings them
  const kept: KubeObject[] = [];
  for (const plural of ['netnamespaces', 'hostsubnets', 'egressnetworkpolicies']) {
    const name = `${plural}.network.openshift.io`;
    kept.push((await client.get<KubeObject>(customResourceDefinitions, { name }))!);
    await client.delete(customResourceDefinitions, { name });
  }
  const ready = await go();
  expect(ready.stderr).toBe('');
  expect(ready.stdout).toContain('kubectl apply -k config/overlays/ovn-facade');
  expect(ready.status).toBe(3);
  for (const { metadata, ...rest } of kept)
    await client.create<KubeObject>(customResourceDefinitions, { ...rest, metadata: { name: metadata.name! } });
  facade = new ControllerProcess(
    started.kubeconfig,
    ...['--backend=ovn', '--leader-elect', '--lease-namespace=sdn-compat'],
  );
  while (!facade.said('the facade of OVN-Kubernetes started')) await new Promise((resolve) => setTimeout(resolve, 100));
  const answer = await go();
  expect(answer.stdout).toContain('Done: the facade runs, and NetNamespaces and HostSubnets say what the plan says.');
  expect(answer.status).toBe(0);
  expect(await netNamespace('red')).toMatchObject({ netid: 10, egressIPs: ['192.168.7.101', '192.168.7.103'] });
  expect(await netNamespace('blue')).toMatchObject({ netid: 11, egressIPs: ['192.168.7.102'] });
  expect(await netNamespace('green')).toMatchObject({ netid: 11, egressIPs: [] });
  expect((await hostSubnet('n1'))?.egressIPs).toEqual(['192.168.7.101', '192.168.7.102']);
  expect((await hostSubnet('n3'))?.egressCIDRs).toEqual(['192.168.7.192/26']);
});

test('tells what does not say what the plan says', async () => {
  await started.client.patch(netNamespaces, { name: 'auto' }, { egressIPs: [] }, merge);
  const answer = await go('--timeout', '1s');
  expect(answer.stderr).toContain('NetNamespace auto: egressIPs lacks 192.168.7.200');
  expect(answer.status).toBe(1);
});
