/** `sdn-compat pod-network` against controllers that act on what it asks for. */
import { namespaces, netNamespaces } from '../../api/kinds.ts';
import { changePodNetwork, type Meant, runPodNetwork } from '../../src/cli/pod-network.ts';
import { changeNetworkAnnotation, type NetworkRequest } from '../../src/controllers/netids/request.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { type Server, startServer } from '../controllers/server.ts';
import { type Cluster, prepare, Running, until } from '../controllers/started.ts';

let server: Server;
let cluster: Cluster;
let running: Running;
const stop = new AbortController();

async function begin(mode: string): Promise<void> {
  server = await startServer();
  cluster = await prepare(server.client, { pluginName: `redhat/openshift-ovs-${mode}` });
  running = new Running(server.client);
  await running.started;
}
afterEach(async () => {
  await running.stop();
  await server.stop();
});

const change = (asked: NetworkRequest, meant: Partial<Meant>): Promise<void> =>
  changePodNetwork(server.client, { names: [], selector: undefined, ...meant }, asked, stop.signal);
const netid = async (name: string): Promise<number | undefined> => (await cluster.netNamespace(name))?.netid;

test('namespaces are joined, made global and isolated again, by name or by label', async () => {
  await begin('multitenant');
  for (const name of ['a', 'b', 'c']) await cluster.namespace(name);
  for (const name of ['a', 'c'])
    await server.client.patch<KubeObject>(
      namespaces,
      { name },
      { metadata: { labels: { team: 'x' } } },
      { type: 'merge' },
    );
  await change({ kind: 'join', to: 'b' }, { selector: 'team=x' });
  expect([await netid('a'), await netid('c')]).toEqual([await netid('b'), await netid('b')]);
  await change({ kind: 'global' }, { names: ['a', 'c'] });
  expect([await netid('a'), await netid('c')]).toEqual([0, 0]);
  await change({ kind: 'isolate' }, { names: ['a', 'c'] });
  expect(new Set([0, await netid('a'), await netid('b'), await netid('c')]).size).toBe(4);
});

test('what cannot be done is said of each namespace, and the others are changed all the same', async () => {
  await begin('multitenant');
  await cluster.namespace('a');
  await expect(change({ kind: 'isolate' }, { names: ['missing', 'default', 'a'] })).rejects.toThrow(
    'the pod network was not changed: namespace "missing": it has no NetNamespace; namespace "default": its VNID is 0 all the same: the controller refused, which the Event NetworkChangeRefused of its NetNamespace says, or somebody else asked for another change',
  );
  await expect(change({ kind: 'join', to: 'nobody' }, { names: ['a'] })).rejects.toThrow(
    '--to "nobody": there is no NetNamespace of that name',
  );
  await expect(change({ kind: 'global' }, { selector: 'team=x' })).rejects.toThrow(
    'no namespace has the labels "team=x"',
  );
});

test('with another plugin nothing is asked for', async () => {
  await begin('networkpolicy');
  const before = await cluster.namespace('a');
  await expect(change({ kind: 'global' }, { names: ['a'] })).rejects.toThrow(
    'using plugin: "redhat/openshift-ovs-networkpolicy", managing pod network is only supported for openshift multitenant network plugin',
  );
  expect(await cluster.netNamespace('a')).toMatchObject({ netid: before.netid });
  await expect(runPodNetwork('global', [], {})).rejects.toThrow('give either names of namespaces or --selector');
  await expect(runPodNetwork('global', ['a'], { selector: 'team=x' })).rejects.toThrow('give either names');
});

test.each([
  ['global', [], { selector: '' }, '--selector is empty: it would mean all namespaces'],
  ['isolate', [], { selector: ' ' }, '--selector is empty'],
  ['join', ['a'], { to: '' }, '--to "": no namespace has such a name'],
  ['join', ['a', ''], { to: 'b' }, 'namespace "": no namespace has such a name'],
  ['global', ['a/b'], {}, 'namespace "a/b": no namespace has such a name'],
] as const)('%s of %j with %j, as of an unset variable, asks for nothing', async (kind, names, flags, message) => {
  await begin('multitenant');
  const before = await cluster.namespace('a');
  const failure = await runPodNetwork(kind, names, { ...flags, kubeconfig: '/dev/null' }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ name: 'Failure', status: 2 });
  expect(String(failure)).toContain(message);
  expect(await cluster.netNamespace('a')).toMatchObject({ netid: before.netid });
});

describe('while nobody acts on what is asked for', () => {
  const asked = (text: string): Promise<unknown> =>
    until('it is asked for', async () => {
      const { annotations } = (await cluster.netNamespace('a'))?.metadata ?? {};
      return annotations?.[changeNetworkAnnotation] === text;
    });
  beforeEach(async () => {
    await begin('multitenant');
    for (const name of ['a', 'b']) await cluster.namespace(name);
    await running.stop();
  });

  test('another request that takes its place is named', async () => {
    const first = expect(change({ kind: 'global' }, { names: ['a'] })).rejects.toThrow(
      'somebody else asked for "isolate" meanwhile',
    );
    await asked('global');
    await server.client.patch<KubeObject>(
      netNamespaces,
      { name: 'a' },
      { metadata: { annotations: { [changeNetworkAnnotation]: 'isolate' } } },
      { type: 'merge' },
    );
    await first;
  });

  test('a stop is told as one, and the next namespace is not asked for', async () => {
    const stop = new AbortController();
    const meant = { names: ['a', 'b'], selector: undefined };
    const first = expect(changePodNetwork(server.client, meant, { kind: 'global' }, stop.signal)).rejects.toThrow(
      /: namespace "a": stopped before the controller had acted; it will unless [^;]*$/,
    );
    await asked('global');
    stop.abort();
    await first;
    expect((await cluster.netNamespace('b'))?.metadata.annotations).not.toHaveProperty([changeNetworkAnnotation]);
  });
});
