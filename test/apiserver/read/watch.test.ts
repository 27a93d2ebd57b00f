import { readFile } from 'node:fs/promises';
import https from 'node:https';
import { hostSubnets, netNamespaces } from '../../../api/kinds.ts';
import type { NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { start, type Started } from '../started.ts';

let started: Started;
let token = '';
beforeAll(async () => {
  started = await start({ bookmarkInterval: 100, logLimit: 20 });
  token = /token: (\S+)/.exec(await readFile(started.kubeconfig, 'utf8'))?.[1] ?? '';
});
afterAll(() => started.stop());

interface Event {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly code?: number;
    readonly metadata: { readonly name?: string; readonly resourceVersion: string; readonly annotations?: object };
    readonly columnDefinitions?: readonly { readonly name: string }[];
    readonly rows?: readonly { readonly cells: readonly unknown[]; readonly object: { readonly kind: string } }[];
  };
}

const path = '/apis/network.openshift.io/v1/netnamespaces';

/** Watches until the server ends it. */
function watch(query: string, accept = 'application/json', during?: () => Promise<unknown>): Promise<Event[]> {
  const url = new URL(`${path}?watch=1&${query}`, started.server.url);
  return new Promise((resolve, reject) => {
    https
      .get(url, { rejectUnauthorized: false, headers: { authorization: `Bearer ${token}`, accept } }, (response) => {
        let text = '';
        response.on('data', (piece: Buffer) => (text += piece.toString()));
        response.on('end', () =>
          resolve(
            text
              .split('\n')
              .filter((line) => line !== '')
              .map((line) => JSON.parse(line) as Event),
          ),
        );
        response.on('error', reject);
        during?.().catch(reject);
      })
      .on('error', reject);
  });
}

const told = (events: readonly Event[]): string[] =>
  events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`.trim());

function netNamespace(name: string, labels: Record<string, string> = {}): NetNamespaceObject {
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'NetNamespace',
    metadata: { name, labels },
    netname: name,
    netid: 1,
  };
}

test('a watch from 0 or from nowhere replays, one from a version does not', async () => {
  await started.client.create(netNamespaces, netNamespace('a'));
  const { resourceVersion } = await started.client
    .create(netNamespaces, netNamespace('b'))
    .then(({ metadata }) => metadata);
  expect(told(await watch('resourceVersion=0&timeoutSeconds=1'))).toEqual(['ADDED a', 'ADDED b']);
  expect(told(await watch('timeoutSeconds=1&fieldSelector=metadata.name%3Db'))).toEqual(['ADDED b']);
  const change = (): Promise<unknown> =>
    started.client.patch(netNamespaces, { name: 'a' }, { netid: 2 }, { type: 'merge' });
  const events = await watch(`resourceVersion=${resourceVersion ?? ''}&timeoutSeconds=1`, 'application/json', change);
  expect(told(events)).toEqual(['MODIFIED a']);
});

test('a watch from a version that the server has not reached says nothing until that is over, as a real one', async () => {
  const { metadata } = await started.client.create(netNamespaces, netNamespace('future'));
  const future = Number(metadata.resourceVersion) + 2;
  const changes = async (): Promise<void> => {
    for (const netid of [2, 3, 4, 5])
      await started.client.patch(netNamespaces, { name: 'future' }, { netid }, { type: 'merge' });
  };
  const query = `resourceVersion=${future}&timeoutSeconds=1`;
  expect(told(await watch(query, 'application/json', changes))).toEqual(['MODIFIED future', 'MODIFIED future']);
  expect(await watch(`resourceVersion=${future + 1000}&timeoutSeconds=1&allowWatchBookmarks=true`)).toEqual([]);
  await started.client.delete(netNamespaces, { name: 'future' });
});

test('bookmarks come on request, the last one at the end, and with versions that can be watched from', async () => {
  const events = await watch('resourceVersion=0&timeoutSeconds=1&allowWatchBookmarks=true');
  const marks = events.filter(({ type }) => type === 'BOOKMARK');
  expect(marks.length).toBeGreaterThanOrEqual(3);
  expect(events.at(-1)?.type).toBe('BOOKMARK');
  expect(events.at(-1)?.object.kind).toBe('NetNamespace');
  const next = await watch(`resourceVersion=${events.at(-1)?.object.metadata.resourceVersion ?? ''}&timeoutSeconds=1`);
  expect(told(next)).toEqual([]);
  const marked = await watch(
    'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1',
  );
  const end = marked.find(({ type }) => type === 'BOOKMARK');
  expect(end?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
});

test('a selected watch tells of objects that come into the selection and leave it', async () => {
  await started.client.create(netNamespaces, netNamespace('c', { shown: 'no' }));
  const label = (shown: string): Promise<unknown> =>
    started.client.patch(netNamespaces, { name: 'c' }, { metadata: { labels: { shown } } }, { type: 'merge' });
  const events = await watch('labelSelector=shown%3Dyes&timeoutSeconds=1', 'application/json', async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const shown of ['no', 'yes', 'yes', 'no']) await label(shown);
    await started.client.patch(
      netNamespaces,
      { name: 'c' },
      { netid: 7, metadata: { labels: { shown: 'yes' } } },
      { type: 'merge' },
    );
    await started.client.delete(netNamespaces, { name: 'c' });
  });
  expect(told(events)).toEqual(['ADDED c', 'DELETED c', 'ADDED c', 'DELETED c']);
  const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
  expect(versions).toEqual([...versions].sort((one, other) => one - other));
});

test('a watch as a table tells the columns once', async () => {
  const events = await watch('resourceVersion=0&timeoutSeconds=1', 'application/json;as=Table;v=v1;g=meta.k8s.io');
  expect(events.map(({ object }) => object.kind)).toEqual(['Table', 'Table']);
  expect(events.map(({ object }) => object.columnDefinitions?.map(({ name }) => name))).toEqual([
    ['Name', 'NetID', 'Egress IPs'],
    undefined,
  ]);
  expect(events.map(({ object }) => object.rows?.[0]?.cells)).toEqual([
    ['a', 2, null],
    ['b', 1, null],
  ]);
  expect(events[0]?.object.rows?.[0]?.object.kind).toBe('PartialObjectMetadata');
});

test('a version the log has lost is answered with 410 within the stream', async () => {
  for (let index = 0; index < 60; index += 1) {
    await started.client.patch(netNamespaces, { name: 'b' }, { netid: 100 + index }, { type: 'merge' });
  }
  const events = await watch('resourceVersion=5&timeoutSeconds=1');
  expect(events).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
});

test('later pages show what the first saw, and an old token is 410', async () => {
  const read = async (
    query: string,
  ): Promise<{
    items: { metadata: { name: string } }[];
    metadata: { continue?: string; resourceVersion: string; remainingItemCount?: number };
  }> => {
    const url = new URL(`/apis/network.openshift.io/v1/hostsubnets?${query}`, started.server.url);
    const text = await new Promise<string>((resolve, reject) => {
      https
        .get(url, { rejectUnauthorized: false, headers: { authorization: `Bearer ${token}` } }, (response) => {
          let body = '';
          response.on('data', (piece: Buffer) => (body += piece.toString()));
          response.on('end', () => resolve(body));
        })
        .on('error', reject);
    });
    return JSON.parse(text) as Awaited<ReturnType<typeof read>>;
  };
  const subnet = (name: string): object => ({ metadata: { name }, host: name, hostIP: '10.0.0.1' });
  for (let index = 0; index < 5; index += 1)
    await started.client.create(hostSubnets, {
      ...subnet(`h${String(index)}`),
      metadata: { name: `h${String(index)}` },
    });
  const first = await read('limit=2');
  expect(first.metadata.remainingItemCount).toBe(3);
  await started.client.delete(hostSubnets, { name: 'h3' });
  const second = await read(`limit=9&continue=${first.metadata.continue ?? ''}`);
  expect(second.items.map(({ metadata }) => metadata.name)).toEqual(['h2', 'h3', 'h4']);
  expect(second.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
  const forged = Buffer.from(JSON.stringify({ rv: 1, start: 2 })).toString('base64url');
  expect(await read(`limit=2&continue=${forged}`)).toMatchObject({ code: 410, reason: 'Expired' });
});
