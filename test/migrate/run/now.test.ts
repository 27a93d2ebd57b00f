import { networkConfigs, pods } from '../../../api/kinds.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import { readNow } from '../../../src/migrate/run/now.ts';
import { objectsOf } from '../../../src/migrate/snapshot.ts';
import type { Started } from '../../apiserver/started.ts';
import { passing } from '../../io/kube/passing.ts';
import { create, startCluster } from '../cluster.ts';
import { make } from '../snapshots.ts';

const { signal } = new AbortController();
const router = (name: string) =>
  make.any(
    'v1',
    'Pod',
    { namespace: 'shop', name, annotations: { 'pod.network.openshift.io/assign-macvlan': 'true' } },
    { spec: { containers: [{ name: 'c', image: 'c' }] } },
  );

let started: Started;
let client: KubeClient;
beforeEach(async () => {
  started = await startCluster();
  client = started.client;
  await create(client, [make.namespace('shop'), make.hostSubnet('n1', '192.168.7.11')]);
  await client.create(pods, router('first'));
});
afterEach(() => started.stop());

test('with an earlier snapshot the egress routers are as they were then, and all else is as it is now', async () => {
  const asked: string[] = [];
  const watched = passing(client, {
    list: (kind, ...more) => {
      asked.push(kind.kind);
      return client.list(kind, ...more);
    },
  });
  const { snapshot: then } = await readNow(watched, { target: 'ovn' }, signal);
  expect(asked).toContain('Pod');
  await create(client, [make.hostSubnet('n2', '192.168.7.12')]);
  await client.create(pods, router('second'));
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
  asked.length = 0;
  const { snapshot: since, live } = await readNow(watched, { target: 'ovn' }, signal, then);
  expect(asked).not.toContain('Pod');
  expect(names(since.workloads)).toEqual(['first']);
  expect(objectsOf(since, pods)).toEqual(objectsOf(then, pods));
  expect([...live.objects.keys()].filter((key) => key.includes('HostSubnet'))).toHaveLength(2);
  expect(names((await readNow(watched, { target: 'ovn' }, signal)).snapshot.workloads)).toEqual(['first', 'second']);
});

test('the configuration of the network is the one with the name cluster', async () => {
  const { networkConfig } = await readNow(client, { target: 'ovn' }, signal);
  expect(networkConfig.kind).not.toBe('known');
  await client.create(
    networkConfigs,
    make.any('config.openshift.io/v1', networkConfigs.kind, { name: 'cluster' }, { spec: {} }),
  );
  expect((await readNow(client, { target: 'ovn' }, signal)).networkConfig).toMatchObject({
    kind: 'known',
    value: { name: 'cluster' },
  });
});
