/** Which labels of pods a node knows for finer rules, against the embedded server. */
import { namespaces, pods } from '../../../api/kinds.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import type { KubeObject, PodObject } from '../../../src/model/objects/raw.ts';
import { PodLabels } from '../../../src/node/cluster/pod-labels.ts';
import { logger, start, type Started } from '../../apiserver/started.ts';
import { until } from '../../controllers/started.ts';
import { passing } from '../../io/kube/passing.ts';

let server: Started;
let stop: AbortController;
let changes = 0;

beforeEach(async () => {
  server = await start();
  stop = new AbortController();
  changes = 0;
  await server.client.create<KubeObject>(namespaces, { metadata: { name: 'red' } });
});
afterEach(async () => {
  stop.abort();
  await server.stop();
});

function follow(client: KubeClient = server.client): PodLabels {
  const changed = (): void => {
    changes += 1;
  };
  return new PodLabels(client, { node: 'me', logger, signal: stop.signal, now: () => 0, changed });
}

/** Creates a pod and returns its uid. */
async function pod(name: string, nodeName: string, labels?: Readonly<Record<string, string>>): Promise<string> {
  const metadata = { namespace: 'red', name, ...(labels === undefined ? {} : { labels }) };
  const spec = { nodeName, containers: [{ name: 'c', image: 'c' }] };
  return (await server.client.create<PodObject>(pods, { metadata, spec })).metadata.uid ?? '';
}

const label = (name: string, app: string | null): Promise<unknown> =>
  server.client.patch(pods, { namespace: 'red', name }, { metadata: { labels: { app } } }, { type: 'merge' });

test('those of the pods of this node are known once a namespace needs them, and those alone', async () => {
  const [web, bare, other] = [await pod('a', 'me', { app: 'web' }), await pod('b', 'me'), await pod('c', 'else')];
  const labels = follow();
  expect(labels.of(web)).toBeUndefined();
  labels.need('red', true);
  await labels.settled(60_000);
  expect([labels.of(web), labels.of(bare), labels.of(other), labels.of('')]).toEqual([
    { app: 'web' },
    {},
    undefined,
    undefined,
  ]);
});

test('they change as the objects do, and go with them; another pod of the name is another pod', async () => {
  const web = await pod('a', 'me', { app: 'web' });
  const labels = follow();
  labels.need('red', true);
  await labels.settled(60_000);
  await label('a', 'db');
  await until('the label changed', () => labels.of(web)?.['app'] === 'db');
  const before = changes;
  await server.client.patch(
    pods,
    { namespace: 'red', name: 'a' },
    { metadata: { annotations: { any: 'x' } } },
    { type: 'merge' },
  );
  await server.client.delete(pods, { namespace: 'red', name: 'a' }, { gracePeriodSeconds: 0 });
  await until('the pod is gone', () => labels.of(web) === undefined);
  expect(changes).toBe(before + 1);
  const again = await pod('a', 'me', { app: 'cache' });
  await until('the new one is known', () => labels.of(again) !== undefined);
  expect([labels.of(web), labels.of(again)]).toEqual([undefined, { app: 'cache' }]);
});

test('nothing is asked while no namespace selects pods, and nobody waits for that', async () => {
  let asked = 0;
  const client = passing(server.client, {
    list: (kind, options) => {
      if (kind === pods) asked += 1;
      return server.client.list<never>(kind, options);
    },
  });
  const labels = follow(client);
  labels.need('red', false);
  await labels.settled(60_000);
  expect(asked).toBe(0);
  labels.need('red', true);
  labels.need('blue', true);
  labels.need('blue', false);
  await labels.settled(60_000);
  expect(asked).toBe(1);
});

test('who begins waits for them no longer than that, and knows none until they are read', async () => {
  const held = Promise.withResolvers<undefined>();
  const client = passing(server.client, {
    list: async (kind, options) => {
      if (kind === pods) await held.promise;
      return server.client.list<never>(kind, options);
    },
  });
  const web = await pod('a', 'me', { app: 'web' });
  const labels = follow(client);
  labels.need('red', true);
  await labels.settled(10);
  expect(labels.of(web)).toBeUndefined();
  held.resolve(undefined);
  await until('they are known', () => labels.of(web) !== undefined);
});
