import { cloudPrivateIPConfigs, nodes } from '../../api/kinds.ts';
import { egressIpConfigAnnotation } from '../../src/model/objects/cloud.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { define, type Server, startServer } from './server.ts';
import { type Cluster, prepare, Running, until } from './started.ts';

interface Config extends KubeObject {
  readonly spec: { readonly node: string };
}

const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'cloudprivateipconfigs.cloud.network.openshift.io' },
  spec: {
    group: 'cloud.network.openshift.io',
    names: {
      kind: 'CloudPrivateIPConfig',
      listKind: 'CloudPrivateIPConfigList',
      plural: 'cloudprivateipconfigs',
      singular: 'cloudprivateipconfig',
    },
    scope: 'Cluster',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { node: { type: 'string' } } } },
          },
        },
      },
    ],
  },
};

const limits = (capacity: number): string =>
  JSON.stringify([{ interface: 'eni-1', ifaddr: { ipv4: '192.168.7.0/24' }, capacity: { ipv4: capacity } }]);
const ip = '192.168.7.200';

let server: Server;
let cluster: Cluster;
let running: Running;
const configs = async (): Promise<Readonly<Record<string, string>>> => {
  const { items } = await server.client.list<Config>(cloudPrivateIPConfigs);
  return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name ?? '', spec.node]));
};

async function begin(cloud: 'auto' | 'never'): Promise<void> {
  server = await startServer();
  await define(server.client, crd);
  cluster = await prepare(server.client);
  running = new Running(server.client, { cloud });
  await running.started;
  for (const [index, name] of ['node0', 'node1'].entries()) {
    await cluster.node(name, `192.168.7.${10 + index}`, { annotations: { [egressIpConfigAnnotation]: limits(1) } });
    await cluster.hostSubnet(name);
    await cluster.patchHost(name, { egressCIDRs: ['192.168.7.0/24'] });
  }
  await cluster.namespace('a');
  await cluster.namespace('b');
}
afterEach(async () => {
  await running.stop();
  await server.stop();
});

test('an assigned IP has a CloudPrivateIPConfig, which is gone before the next node gets one', async () => {
  await begin('auto');
  await cluster.request('a', ip);
  const first = await cluster.hostOf(ip);
  const other = first === 'node0' ? 'node1' : 'node0';
  await until('the cloud is told', async () => (await configs())[ip] === first);
  await server.client.patch(
    cloudPrivateIPConfigs,
    { name: ip },
    { metadata: { finalizers: ['cloud/detach'] } },
    { type: 'merge' },
  );
  await cluster.ready(first, 'False');
  await until('it moves', async () => (await cluster.hostsOf(ip)).join() === other);
  const leaving = await until('it is being deleted', async () => {
    const config = await server.client.get<Config>(cloudPrivateIPConfigs, { name: ip });
    return config?.metadata.deletionTimestamp === undefined ? undefined : config;
  });
  expect(leaving.spec.node).toBe(first);
  await server.client.patch(cloudPrivateIPConfigs, { name: ip }, { metadata: { finalizers: null } }, { type: 'merge' });
  await until('the cloud is told of the new node', async () => (await configs())[ip] === other);
  await cluster.request('a');
  await until('nothing is left', async () => Object.keys(await configs()).length === 0);
});

test('nodes get no more than the cloud lets them have, and the configs of others stay', async () => {
  await begin('auto');
  await server.client.create<KubeObject & { spec: object }>(cloudPrivateIPConfigs, {
    metadata: { name: '192.168.7.9' },
    spec: { node: 'node0' },
  });
  await cluster.request('a', ip, '192.168.7.201');
  await cluster.request('b', '192.168.7.202');
  await until('both nodes are full', async () => Object.keys(await configs()).length === 3);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(Object.keys(await configs())).toContain('192.168.7.9');
  expect(Object.keys(await configs())).toHaveLength(3);
});

test('a config that OpenShift SDN made for an IP that is assigned there is taken over, and released with the IP', async () => {
  await begin('auto');
  const node = await (async () => {
    await cluster.request('a', ip);
    return cluster.hostOf(ip);
  })();
  await until('the cloud is told', async () => (await configs())[ip] === node);
  const made = await server.client.get<KubeObject>(cloudPrivateIPConfigs, { name: ip });
  expect(made?.metadata.labels).toEqual({ 'app.kubernetes.io/managed-by': 'sdn-compat' });
  await server.client.patch(cloudPrivateIPConfigs, { name: ip }, { metadata: { labels: null } }, { type: 'merge' });
  await until('it is taken over', async () => {
    const config = await server.client.get<KubeObject>(cloudPrivateIPConfigs, { name: ip });
    expect(config?.metadata.uid).toBe(made?.metadata.uid);
    return config?.metadata.labels?.['app.kubernetes.io/managed-by'] === 'sdn-compat';
  });
  await cluster.request('a');
  await until('nothing is left', async () => Object.keys(await configs()).length === 0);
});

test('an IP in use keeps its config while its Node has lost the annotation, as when it registers again', async () => {
  await begin('auto');
  await cluster.request('a', ip);
  const node = await cluster.hostOf(ip);
  await until('the cloud is told', async () => (await configs())[ip] === node);
  const uid = async (): Promise<string | undefined> =>
    (await server.client.get<KubeObject>(cloudPrivateIPConfigs, { name: ip }))?.metadata.uid;
  const made = await uid();
  const annotate = (text: string | null): Promise<KubeObject> =>
    server.client.patch(
      nodes,
      { name: node },
      { metadata: { annotations: { [egressIpConfigAnnotation]: text } } },
      { type: 'merge' },
    );
  await annotate(null);
  await cluster.request('b', '192.168.7.201');
  await until('the other IP is placed', async () => Object.keys(await configs()).includes('192.168.7.201'));
  await annotate(limits(1));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect([await uid(), (await configs())[ip]]).toEqual([made, node]);
});

test('--cloud=never writes no CloudPrivateIPConfigs', async () => {
  await begin('never');
  await cluster.request('a', ip);
  await cluster.hostOf(ip);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await configs()).toEqual({});
});
