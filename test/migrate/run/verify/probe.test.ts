import omit from 'lodash/omit.js';
import { pods } from '../../../../api/kinds.ts';
import type { KubeClient } from '../../../../src/io/kube/client.ts';
import { ApiError } from '../../../../src/io/kube/error.ts';
import { probe, probePod, sampled } from '../../../../src/migrate/run/verify/probe.ts';
import type { PodObject } from '../../../../src/model/objects/raw.ts';
import type { Started } from '../../../apiserver/started.ts';
import { until } from '../../../e2e/lab.ts';
import { passing } from '../../../io/kube/passing.ts';
import { create, startCluster } from '../../cluster.ts';
import { make } from '../../snapshots.ts';

const options = { url: 'http://echo.example.org/', image: 'image', timeout: 2_000 };
const plan = { id: 'abc' };
const asker = { plan, run: 'one' };

let started: Started;
let client: KubeClient;

beforeEach(async () => {
  started = await startCluster();
  client = started.client;
  await create(client, [make.namespace('shop'), make.namespace('bank')]);
});
afterEach(() => started.stop());

const podIn = (namespace: string): Promise<PodObject | undefined> =>
  client.get<PodObject>(pods, { name: 'sdn-compat-probe-abc-one', namespace });

/** Ends the pod of the namespace as its kubelet would. */
async function end(
  namespace: string,
  terminated: { readonly exitCode: number; readonly message: string },
): Promise<void> {
  await until('the pod is there', async () => (await podIn(namespace)) !== undefined);
  const status = { phase: 'Succeeded', containerStatuses: [{ name: 'probe', state: { terminated } }] };
  await client.patch(
    pods,
    { name: 'sdn-compat-probe-abc-one', namespace },
    { status },
    { type: 'merge', subresource: 'status' },
  );
}

const asking = (
  by: KubeClient,
  expected: Readonly<Record<string, readonly string[]>>,
  signal = new AbortController().signal,
) => probe({ client: by, ...asker, signal, asked: () => undefined }, new Map(Object.entries(expected)), options);

test('an answer is held against the addresses of the namespace', async () => {
  const [checks] = await Promise.all([
    asking(client, { shop: ['192.168.7.101'], bank: ['192.168.7.102', '192.168.7.103'] }),
    end('shop', { exitCode: 0, message: '{"client": "192.168.7.101"}\n' }),
    end('bank', { exitCode: 0, message: '192.168.7.11' }),
  ]);
  expect(checks.toSorted((a, b) => (a.object.name < b.object.name ? -1 : 1))).toMatchObject([
    {
      object: { kind: 'Namespace', name: 'bank' },
      well: false,
      address: '192.168.7.11',
      problem: 'a pod left with 192.168.7.11; expected is 192.168.7.102, 192.168.7.103',
    },
    { object: { kind: 'Namespace', name: 'shop' }, well: true, address: '192.168.7.101' },
  ]);
  expect((await client.list(pods)).items).toEqual([]);
});

test.each([
  [{ exitCode: 28, message: 'curl: (28) timed out' }, /^a pod got no answer, .*: curl: \(28\) timed out$/],
  [{ exitCode: 0, message: 'hello 1.2.3.400' }, /^the answer holds no IPv4 address: "hello 1\.2\.3\.400"$/],
  [
    { exitCode: 0, message: '10.0.0.1, 192.168.7.101' },
    /^the answer holds several IPv4 addresses, 10\.0\.0\.1, 192\.168\.7\.101, so it says nothing: "10/,
  ],
  [
    { exitCode: 6, message: 'curl: (6)\nEgressIP shop: all is\r\nwell' },
    /^[^\n\r]*: curl: \(6\) EgressIP shop: all is well$/,
  ],
  [{ exitCode: 0, message: '1192.168.7.101 192.168.7.1011 1.192.168.7.101' }, /^the answer holds no IPv4 address: /],
  [undefined, /^a pod did not end within 2 s: Pending$/],
])('%j is a problem, and the pod is removed', async (terminated, problem) => {
  const [[check]] = await Promise.all([
    asking(client, { shop: [] }),
    terminated === undefined ? undefined : end('shop', terminated),
  ]);
  expect(check).toMatchObject({ well: false, problem: expect.stringMatching(problem) as string });
  expect((await client.list(pods)).items).toEqual([]);
});

test('a signal removes the pods', async () => {
  const stop = new AbortController();
  const asked = asking(client, { shop: [], bank: [] }, stop.signal);
  await until('both pods are there', async () => (await client.list(pods)).items.length === 2);
  stop.abort();
  await asked;
  expect((await client.list(pods)).items).toEqual([]);
});

test('a pod of somebody else that has the name stays', async () => {
  const theirs = probePod({ namespace: 'bank' }, asker, options);
  await client.create(pods, { ...theirs, metadata: { ...theirs.metadata, labels: {} } });
  expect(await asking(client, { bank: [] })).toMatchObject([
    { problem: 'Pod sdn-compat-probe-abc-one is there and not ours' },
  ]);
  expect((await client.list(pods)).items).toHaveLength(1);
});

test('two runs at once leave each other alone', async () => {
  const other = probePod({ namespace: 'shop' }, { plan, run: 'two' }, options);
  await client.create(pods, other);
  const ref = { name: other.metadata.name!, namespace: 'shop' };
  await client.patch(pods, ref, { status: { phase: 'Succeeded' } }, { type: 'merge', subresource: 'status' });
  const [[check]] = await Promise.all([
    asking(client, { shop: ['192.168.7.101'] }),
    end('shop', { exitCode: 0, message: '192.168.7.101' }),
  ]);
  expect(check).toMatchObject({ well: true });
  expect((await client.list(pods)).items.map(({ metadata }) => metadata.name)).toEqual([ref.name]);
});

test('pods that a killed run left in whatever namespace are removed when their time is over', async () => {
  await create(
    client,
    ['ended', 'old', 'running', 'theirs'].map((name) => make.namespace(name)),
  );
  const left = async (namespace: string, phase: string, name?: string): Promise<void> => {
    const pod = probePod({ namespace: namespace }, { plan, run: 'killed' }, options);
    const { labels = {} } = pod.metadata;
    const metadata =
      name === undefined ? pod.metadata : { namespace, name, labels: omit(labels, 'migrate.sdn-compat/plan') };
    await client.create(pods, { ...pod, metadata });
    const ref = { name: metadata.name!, namespace };
    await client.patch(pods, ref, { status: { phase } }, { type: 'merge', subresource: 'status' });
  };
  await left('ended', 'Failed');
  await left('old', 'Pending', 'sdn-compat-probe-abc');
  await left('running', 'Running');
  await client.create(pods, probePod({ namespace: 'theirs' }, { plan: { id: 'other' }, run: 'killed' }, options));
  const namespacesLeft = async (): Promise<readonly (string | undefined)[]> =>
    (await client.list(pods)).items.map(({ metadata }) => metadata.namespace).sort();
  await asking(client, {});
  expect(await namespacesLeft()).toEqual(['ended', 'old', 'running', 'theirs']);
  const { now } = Date;
  Date.now = () => now() + 60_000;
  const keeping = passing(client, { delete: () => Promise.reject(new ApiError(409, { message: 'conflict' })) });
  try {
    const said = (await asking(keeping, {})).map(({ object, problem }) => `${object.name}: ${problem}`);
    expect(said.toSorted()).toEqual([
      'ended: Pod sdn-compat-probe-abc-killed could not be removed: conflict (an earlier run left it)',
      'old: Pod sdn-compat-probe-abc could not be removed: conflict (an earlier run left it)',
      'running: Pod sdn-compat-probe-abc-killed could not be removed: conflict (an earlier run left it)',
    ]);
    expect(await asking(client, {})).toEqual([]);
  } finally {
    Date.now = now;
  }
  expect(await namespacesLeft()).toEqual(['theirs']);
});

test('without the right to list pods it asks all the same', async () => {
  const refusing = passing(client, {
    list: () => Promise.reject(new ApiError(403, { message: 'pods is forbidden', reason: 'Forbidden' })),
  });
  const [[check]] = await Promise.all([
    asking(refusing, { shop: ['192.168.7.101'] }),
    end('shop', { exitCode: 0, message: '192.168.7.101' }),
  ]);
  expect(check).toMatchObject({ well: true });
});

test('a namespace that refuses pods is named, a missing right ends it, and a pod that stays is said', async () => {
  const refusing = (reason: string): KubeClient =>
    passing(client, { create: () => Promise.reject(new ApiError(403, { message: reason, reason: 'Forbidden' })) });
  expect(await asking(refusing('pods "x" is forbidden: exceeded quota'), { shop: [] })).toMatchObject([
    { problem: 'a pod could not be made: pods "x" is forbidden: exceeded quota' },
  ]);
  await expect(
    asking(refusing('pods is forbidden: User "x" cannot create resource "pods"'), { shop: [] }),
  ).rejects.toThrow('missing right: create pods');
  const keeping = passing(client, { delete: () => Promise.reject(new ApiError(500, { message: 'etcd' })) });
  const [[check]] = await Promise.all([
    asking(keeping, { shop: ['192.168.7.101'] }),
    end('shop', { exitCode: 0, message: '192.168.7.101' }),
  ]);
  expect(check).toMatchObject({ well: false, problem: 'Pod sdn-compat-probe-abc-one could not be removed: etcd' });
});

test('a conflict at the removal is tried again', async () => {
  let conflicts = 1;
  const refusing = passing(client, {
    delete: (...given) =>
      conflicts-- > 0 ? Promise.reject(new ApiError(409, { message: 'conflict' })) : client.delete(...given),
  });
  const [[check]] = await Promise.all([
    asking(refusing, { shop: ['192.168.7.101'] }),
    end('shop', { exitCode: 0, message: '192.168.7.101' }),
  ]);
  expect(check).toMatchObject({ well: true });
  expect((await client.list(pods)).items).toEqual([]);
});

test('a pod that a finalizer holds is not removed, and that is said', async () => {
  const [[check]] = await Promise.all([
    asking(client, { shop: ['192.168.7.101'] }),
    until('the pod is there', async () => (await podIn('shop')) !== undefined)
      .then(() =>
        client.patch(
          pods,
          { name: 'sdn-compat-probe-abc-one', namespace: 'shop' },
          { metadata: { finalizers: ['example.org/held'] } },
          { type: 'merge' },
        ),
      )
      .then(() => end('shop', { exitCode: 0, message: '192.168.7.101' })),
  ]);
  expect(check).toMatchObject({
    well: false,
    problem: 'Pod sdn-compat-probe-abc-one could not be removed: it waits for finalizer example.org/held',
  });
});

test('a sample is spread over all names', () => {
  expect(sampled(['a', 'b', 'c', 'd', 'e', 'f'], 3)).toEqual(['a', 'c', 'e']);
  expect(sampled(['a', 'b'], 3)).toEqual(['a', 'b']);
});
