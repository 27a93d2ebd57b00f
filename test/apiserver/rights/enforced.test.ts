/** The server with RBAC and the roles of config/: what it refuses, and what the controllers use of theirs. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import {
  clusterNetworks,
  clusterRoleBindings,
  clusterRoles,
  egressPools,
  events,
  hostSubnets,
  type Kind,
  leases,
  namespaces,
  netNamespaces,
  nodes,
  pods,
  roleBindings,
  roles,
  serviceAccounts,
} from '../../../api/kinds.ts';
import type { Judged } from '../../../src/apiserver/serve/authorize.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import { openKube } from '../../../src/io/kube/config.ts';
import type { KubeObject, NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { ControllerProcess } from '../../controllers/process.ts';
import { clusterNetwork, until } from '../../controllers/started.ts';
import { logger, start, type Started } from '../started.ts';
import { rightsOf, usedBy } from './used.ts';

const config = join(import.meta.dirname, '../../../config');
const installed: readonly Kind[] = [
  namespaces,
  serviceAccounts,
  clusterRoles,
  clusterRoleBindings,
  roles,
  roleBindings,
];

interface Role extends KubeObject {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

async function objectsIn(file: string): Promise<readonly KubeObject[]> {
  return loadAll(await readFile(join(config, file), 'utf8')) as KubeObject[];
}

async function install(client: KubeClient): Promise<void> {
  const files = ['controller/namespace.yaml', 'node/namespace.yaml', 'controller/rbac.yaml', 'node/rbac.yaml'];
  for (const object of (await Promise.all(files.map(objectsIn))).flat())
    await client.create(
      installed.find(({ kind }) => kind === object.kind)!,
      object,
    );
}

const tokens = ['controller', 'node'].map((part) => ({
  namespace: 'sdn-compat',
  name: `sdn-compat-${part}`,
  token: `token-of-${part}`,
}));

let started: Started;
const judged: Judged[] = [];
beforeEach(async () => {
  judged.length = 0;
  const onJudged = (one: Judged): void => void judged.push(one);
  started = await start({ authorization: 'rbac', serviceAccounts: tokens, onJudged, namespaceDelay: 50 });
  await install(started.client);
});
afterEach(() => started.stop());

/** A kubeconfig with the token of the ServiceAccount. */
async function kubeconfigOf(part: string): Promise<string> {
  const path = join(started.folder, part);
  await writeFile(path, started.server.kubeconfig.replace(/token: \S+/, `token: token-of-${part}`));
  return path;
}

async function clientOf(part: string): Promise<KubeClient> {
  return openKube({ kubeconfig: await kubeconfigOf(part), logger, userAgent: 'test' });
}

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'allowed',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  );

const lease = (name: string, namespace: string): KubeObject => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace },
});

test('what no role allows is refused in the words of Kubernetes', async () => {
  const [node, controller] = [await clientOf('node'), await clientOf('controller')];
  const user = 'User "system:serviceaccount:sdn-compat:sdn-compat-node"';
  expect(await refusal(node.list(pods))).toBe('allowed');
  expect(await refusal(node.list(serviceAccounts))).toContain(
    `serviceaccounts is forbidden: ${user} cannot list resource "serviceaccounts" in API group "" at the cluster scope`,
  );
  expect(await refusal(node.delete(hostSubnets, { name: 'a' }))).toContain(
    `hostsubnets.network.openshift.io "a" is forbidden: ${user} cannot delete resource "hostsubnets" in API group "network.openshift.io" at the cluster scope`,
  );
  expect(await refusal(node.create(leases, lease('a', 'sdn-compat-nodes')))).toBe('allowed');
  expect(await refusal(node.create(leases, lease('a', 'sdn-compat')))).toContain('in the namespace "sdn-compat"');
  const named = (name: string): Promise<string> => refusal(controller.get(leases, { name, namespace: 'sdn-compat' }));
  expect([await named('sdn-compat-controller'), await named('other')]).toEqual([
    'allowed',
    expect.stringContaining('leases.coordination.k8s.io "other" is forbidden'),
  ]);
  expect(await refusal(started.client.list(serviceAccounts))).toBe('allowed');
  node.close();
  controller.close();
});

test('an apply of what is not there needs the right to create', async () => {
  const rule = { apiGroups: [''], resources: ['namespaces'], verbs: ['patch'] };
  const change = (verbs: readonly string[]): Promise<unknown> =>
    started.client.patch(clusterRoles, { name: 'sdn-compat-node' }, { rules: [{ ...rule, verbs }] }, { type: 'merge' });
  const node = await clientOf('node');
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'new' } };
  const apply = (): Promise<string> =>
    refusal(node.patch(namespaces, { name: 'new' }, body, { type: 'apply', fieldManager: 'test' }));
  await change(['patch']);
  expect(await apply()).toContain('cannot create resource "namespaces"');
  await change(['patch', 'create']);
  expect(await apply()).toBe('allowed');
  await change(['patch']);
  expect(await apply()).toBe('allowed');
  node.close();
});

/** Used in a cloud, when two writers meet, or when an Event is repeated: not on the way that is gone here. */
const elsewhere = [
  ...['create', 'delete', 'list', 'patch', 'watch'].map((verb) => `${verb} cloudprivateipconfigs`),
  ...['get events', 'patch events', 'get hostsubnets', 'get netnamespaces', 'patch netnamespaces'],
];

test('the controllers are refused nothing, and use all rights but those for other ways', async () => {
  const { client } = started;
  await client.create(clusterNetworks, clusterNetwork());
  const controller = new ControllerProcess(
    await kubeconfigOf('controller'),
    '--leader-elect',
    '--lease-namespace=sdn-compat',
    '--agents-namespace=sdn-compat-nodes',
  );
  try {
    const node = (name: string): KubeObject & { readonly status: object } => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      status: { addresses: [{ type: 'InternalIP', address: '192.168.7.11' }] },
    });
    await client.create(nodes, node('a'));
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    await until('a subnet', () => client.get(hostSubnets, { name: 'a' }));
    await until('a VNID', () => client.get(netNamespaces, { name: 'shop' }));
    // an address that no node can have is an Event, and the other is assigned
    const asked = { egressIPs: ['10.0.0.1'] };
    await client.patch(netNamespaces, { name: 'shop' }, asked, { type: 'merge' });
    await client.patch(hostSubnets, { name: 'a' }, { egressCIDRs: ['192.168.7.0/24'] }, { type: 'merge' });
    await until('an Event', async () => (await client.list(events)).items.length > 0);
    await client.patch(netNamespaces, { name: 'shop' }, { egressIPs: ['192.168.7.100'] }, { type: 'merge' });
    // the test itself patches HostSubnets, too
    await until('assigned', () => usedBy('sdn-compat-controller', judged).has('patch hostsubnets'));
    const ranges = ['192.168.7.101-192.168.7.102'];
    await client.create<KubeObject>(egressPools, { metadata: { name: 'pool' }, spec: { ranges } } as KubeObject);
    const annotations = { 'egress.sdn-compat.io/request': '1' };
    await client.patch(namespaces, { name: 'shop' }, { metadata: { annotations } }, { type: 'merge' });
    await until('an address of a pool', async () =>
      (await client.get<NetNamespaceObject>(netNamespaces, { name: 'shop' }))?.egressIPs?.includes('192.168.7.101'),
    );
    await until('what nodes refuse was read', () => usedBy('sdn-compat-controller', judged).has('list leases'));
    await client.delete(namespaces, { name: 'shop' });
    await client.delete(nodes, { name: 'a' });
    await until('both gone', async () => {
      const left = [await client.get(netNamespaces, { name: 'shop' }), await client.get(hostSubnets, { name: 'a' })];
      return left.every((one) => one === undefined);
    });
  } finally {
    await controller.end('SIGTERM');
  }
  const own = judged.filter(({ user }) => user.endsWith(':sdn-compat-controller'));
  expect(own.filter(({ allowed }) => !allowed)).toEqual([]);
  const used = usedBy('sdn-compat-controller', judged);
  const granted = (await objectsIn('controller/rbac.yaml'))
    .filter((object): object is Role => 'rules' in object && object.metadata.name !== 'sdn-compat-privileged')
    .flatMap(rightsOf);
  expect([...new Set(granted)].filter((right) => !used.has(right) && !elsewhere.includes(right))).toEqual([]);
});
