/** The facade with the rights of its overlay, on a server that enforces them: nothing is refused, and nothing is spare. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import { crds } from '../../api/crds.ts';
import {
  clusterNetworks,
  clusterRoleBindings,
  clusterRoles,
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  networkConfigs,
  networkPolicies,
  nodes,
  roleBindings,
  roles,
  serviceAccounts,
} from '../../api/kinds.ts';
import type { Judged } from '../../src/apiserver/serve/authorize.ts';
import { ovnDefinitions } from '../../src/lab/ovn/definitions.ts';
import { ClusterManager } from '../../src/lab/ovn/manager.ts';
import { assignedIn } from '../../src/migrate/kinds/egressip.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { fieldOf } from '../../src/model/values/json.ts';
import { rightsOf, type Rule, usedBy } from '../apiserver/rights/used.ts';
import { logger, start } from '../apiserver/started.ts';
import { ControllerProcess } from '../controllers/process.ts';
import { until } from '../controllers/started.ts';
import { clusterCRDs } from '../migrate/crds.ts';
import { generator } from '../random.ts';

const config = join(import.meta.dirname, '../../config');
const read = (file: string): Promise<string> => readFile(join(config, file), 'utf8');

/** Used by `--cleanup`, when two writers meet, when an Event is repeated, or for a Namespace that is made again. */
const elsewhere = [
  ...['nodes', 'egressips', 'egressfirewalls', 'hostsubnets', 'netnamespaces', 'networkpolicies', 'events'].map(
    (kind) => `get ${kind}`,
  ),
  ...['patch events', 'patch netnamespaces'],
];

test('uses all rights of its overlay but those for other ways, and is refused nothing', async () => {
  const judged: Judged[] = [];
  const token = { namespace: 'sdn-compat', name: 'sdn-compat-controller', token: 'token-of-facade' };
  const started = await start({
    crds: [...crds, ...clusterCRDs, ...ovnDefinitions],
    authorization: 'rbac',
    serviceAccounts: [token],
    onJudged: (one) => void judged.push(one),
    namespaceDelay: 50,
  });
  const { client } = started;
  const [{ value: rules }] = load(await read('overlays/ovn-facade/rights.yaml')) as [{ value: Rule[] }];
  const kinds: readonly Kind[] = [namespaces, serviceAccounts, clusterRoles, clusterRoleBindings, roles, roleBindings];
  const installed = loadAll(`${await read('controller/namespace.yaml')}\n---\n${await read('controller/rbac.yaml')}`);
  for (const object of installed as KubeObject[]) {
    const isOwn = object.kind === 'ClusterRole' && object.metadata.name === 'sdn-compat-controller';
    await client.create(
      kinds.find(({ kind }) => kind === object.kind)!,
      isOwn ? { ...object, ...{ rules } } : object,
    );
  }
  const kubeconfig = join(started.folder, 'facade');
  await writeFile(kubeconfig, started.server.kubeconfig.replace(/token: \S+/, `token: ${token.token}`));
  await client.create<KubeObject>(networkConfigs, {
    metadata: { name: 'cluster' },
    ...{
      spec: { clusterNetwork: [{ cidr: '127.64.0.0/14', hostPrefix: 24 }], serviceNetwork: ['172.30.0.0/16'] },
    },
  });
  const node = (name: string, index: number): KubeObject => {
    const ip = `192.168.7.${10 + index}`;
    const annotations = {
      'k8s.ovn.org/node-subnets': JSON.stringify({ default: [`127.64.${index}.0/24`] }),
      'k8s.ovn.org/host-cidrs': JSON.stringify([`${ip}/24`]),
      'k8s.ovn.org/node-primary-ifaddr': JSON.stringify({ ipv4: `${ip}/24` }),
    };
    const addresses = [{ type: 'InternalIP', address: ip }];
    const object = {
      metadata: { name, annotations },
      status: { addresses, conditions: [{ type: 'Ready', status: 'True' }] },
    };
    return object;
  };
  for (const index of [0, 1]) await client.create(nodes, node(`node${index}`, index));
  const before = { metadata: { namespace: 'blue', name: 'default' } };
  for (const name of ['red', 'blue'])
    await client.create<KubeObject>(namespaces, {
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    });
  const egress = [{ type: 'Deny', to: { cidrSelector: '10.1.0.0/16' } }];
  await client.create<KubeObject>(egressFirewalls, { ...before, ...{ spec: { egress } } });
  const manager = await ClusterManager.start(client, { build: 'B', random: generator(1), logger });
  const facade = new ControllerProcess(kubeconfig, '--backend=ovn', '--leader-elect', '--lease-namespace=sdn-compat');
  const gone = (kind: Kind, name: string, namespace?: string) => async (): Promise<boolean> =>
    (await client.get(kind, namespace === undefined ? { name } : { name, namespace })) === undefined;
  try {
    await until('HostSubnets', async () => (await client.list(hostSubnets)).items.length === 2);
    await until('NetNamespace red', async () => !(await gone(netNamespaces, 'red')()));
    const isolation = { namespace: 'red', name: 'openshift-sdn-isolation' };
    const plugin = (pluginName: string): Promise<KubeObject> =>
      client.patch(clusterNetworks, { name: 'default' }, { pluginName }, { type: 'merge' });
    const policy = (): Promise<KubeObject | undefined> => client.get<KubeObject>(networkPolicies, isolation);
    const egressRules = async (): Promise<unknown> => fieldOf(await policy(), 'spec', 'egress');
    await plugin('redhat/openshift-ovs-multitenant');
    await until('red is isolated', async () => (await policy()) !== undefined);
    await client.patch(networkPolicies, isolation, { spec: { egress: [] } }, { type: 'merge' });
    await until('it is so again', async () => (await policy()) !== undefined && (await egressRules()) === undefined);
    await plugin('redhat/openshift-ovs-networkpolicy');
    await until('red is not isolated', async () => (await policy()) === undefined);
    const multicast = { metadata: { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'true' } } };
    await client.patch(netNamespaces, { name: 'red' }, multicast, { type: 'merge' });
    await client.patch(netNamespaces, { name: 'red' }, { egressIPs: ['192.168.7.201'] }, { type: 'merge' });
    await client.patch(hostSubnets, { name: 'node0' }, { egressIPs: ['192.168.7.201'] }, { type: 'merge' });
    const place = async (): Promise<string | undefined> => {
      const object = await client.get<KubeObject>(egressIPs, { name: 'egressip-red' });
      return object === undefined ? undefined : assignedIn(object).get('192.168.7.201');
    };
    await until('it is assigned', async () => (await place()) === 'node0');
    await until('it is open', gone(egressFirewalls, 'default', 'red'));
    await client.patch(hostSubnets, { name: 'node0' }, { egressIPs: [] }, { type: 'merge' });
    await client.patch(hostSubnets, { name: 'node1' }, { egressIPs: ['192.168.7.201'] }, { type: 'merge' });
    await until('it has moved', async () => (await place()) === 'node1');
    await client.patch(hostSubnets, { name: 'node1' }, { egressCIDRs: ['192.168.7.192/26'] }, { type: 'merge' });
    await client.delete(egressNetworkPolicies, { namespace: 'blue', name: 'default' });
    await client.patch(netNamespaces, { name: 'red' }, { egressIPs: [] }, { type: 'merge' });
    await until('the EgressIP is gone', gone(egressIPs, 'egressip-red'));
    await client.delete(netNamespaces, { name: 'red' });
    await client.delete(hostSubnets, { name: 'node1' });
    await until(
      'both are made anew',
      async () => !(await gone(netNamespaces, 'red')()) && !(await gone(hostSubnets, 'node1')()),
    );
    await client.delete(namespaces, { name: 'red' });
    await client.delete(nodes, { name: 'node1' });
    await until(
      'both are gone',
      async () => (await gone(netNamespaces, 'red')()) && (await gone(hostSubnets, 'node1')()),
    );
    await until('the ClusterNetwork', async () => !(await gone(clusterNetworks, 'default')()));
  } finally {
    await facade.end('SIGTERM');
    await manager.stop();
    await started.stop();
  }
  const own = judged.filter(({ user }) => user.endsWith(`:${token.name}`));
  expect(own.filter(({ allowed }) => !allowed)).toEqual([]);
  const used = usedBy(token.name, judged);
  const spare = rightsOf({ rules }).filter((right) => !used.has(right));
  expect(spare.filter((right) => !elsewhere.includes(right))).toEqual([]);
});
