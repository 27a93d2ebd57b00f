/** A cache of objects, with a server that says what each test wants. Bad networks are in faults.test.ts. */
import { netNamespaces } from '../../../api/kinds.ts';
import { createClient } from '../../../src/io/kube/client.ts';
import { whyBehind } from '../../../src/io/kube/era.ts';
import { ApiError } from '../../../src/io/kube/error.ts';
import type { Request, StreamRequest, Transport } from '../../../src/io/kube/transport.ts';
import { lean, type ObjectCache, objectKey, watchKind, type WatchOptions } from '../../../src/io/kube/watch.ts';
import type { NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { logger } from '../../apiserver/started.ts';
import { logged } from '../../logged.ts';

type Net = NetNamespaceObject;
const net = (name: string, netid: number, version: number): Net => ({
  apiVersion: 'network.openshift.io/v1',
  kind: 'NetNamespace',
  metadata: { name, resourceVersion: String(version) },
  netname: name,
  netid,
});

/** One watch that the cache has begun. */
interface Begun {
  readonly query: URLSearchParams;
  readonly idleTimeout: number;
  readonly write: (text: string) => void;
  readonly say: (...events: readonly (readonly [string, object])[]) => void;
  readonly end: (error?: Error) => void;
}

/** A server with these lists, one after the other; an error is thrown. The last one stays. */
class Server implements Transport {
  readonly watches: Begun[] = [];
  readonly lists: (readonly [string, readonly Net[]] | Error)[] = [];
  /** The resourceVersion of each list, as it was asked for. */
  readonly versions: (string | null)[] = [];
  /** What the server answers who asks for its newest version. */
  newest: string | Error = '1000';
  asked = 0;

  send({ path }: Request): Promise<string> {
    const query = new URL(path, 'http://localhost').searchParams;
    if (query.get('limit') === '1') {
      this.asked += 1;
      if (this.newest instanceof Error) return Promise.reject(this.newest);
      return Promise.resolve(JSON.stringify({ items: [], metadata: { resourceVersion: this.newest } }));
    }
    this.versions.push(query.get('resourceVersion'));
    const next = this.lists.length > 1 ? this.lists.shift() : this.lists[0];
    if (next === undefined || next instanceof Error) return Promise.reject(next ?? new Error('no list'));
    return Promise.resolve(JSON.stringify({ items: next[1], metadata: { resourceVersion: next[0] } }));
  }

  stream({ path, idleTimeout, onText, signal }: StreamRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      this.watches.push({
        query: new URL(path, 'http://localhost').searchParams,
        idleTimeout,
        write: onText,
        say: (...events) => {
          onText(events.map(([type, object]) => `${JSON.stringify({ type, object })}\n`).join(''));
        },
        end: (error) => {
          if (error === undefined) resolve();
          else reject(error);
        },
      });
    });
  }

  close(): void {
    this.watches.length = 0;
  }

  get listed(): number {
    return this.versions.length;
  }

  /** The watch with this number, counted from 0, once it is there. */
  async watch(number: number): Promise<Begun> {
    for (let tries = 0; tries < 12_000; tries++) {
      const found = this.watches[number];
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`there is no watch ${number}`);
  }
}

let stop: AbortController;
let server: Server;
beforeEach(() => {
  stop = new AbortController();
  server = new Server();
});
afterEach(() => stop.abort());

const follow = (options: Partial<WatchOptions<Net>> = {}): ObjectCache<Net> =>
  watchKind<Net>(createClient(server), netNamespaces, { logger, maxDelay: 5, ...options }, stop.signal);
const told = (cache: ObjectCache<Net>): string[] => {
  const lines: string[] = [];
  cache.subscribe(({ key, before, after }) => lines.push(`${key}: ${before?.netid ?? '-'} to ${after?.netid ?? '-'}`));
  return lines;
};

it('has what was listed, and then each change', async () => {
  server.lists.push(['5', [net('a', 1, 3), net('b', 2, 4)]]);
  const cache = follow();
  expect([cache.isSynced(), cache.list()]).toEqual([false, []]);
  const lines = told(cache);
  await cache.synced;
  const { query, say } = await server.watch(0);
  say(['MODIFIED', net('a', 7, 6)], ['DELETED', net('b', 2, 7)], ['ADDED', net('c', 3, 8)]);
  expect([query.get('resourceVersion'), cache.isSynced()]).toEqual(['5', true]);
  expect(lines).toEqual(['a: - to 1', 'b: - to 2', 'a: 1 to 7', 'b: 2 to -', 'c: - to 3']);
  expect([cache.get('a')?.netid, cache.get('b'), cache.list().length]).toEqual([7, undefined, 2]);
});

it('tells a listener that comes late what is there, and one that leaves nothing', async () => {
  server.lists.push(['5', [net('a', 1, 3)]]);
  const cache = follow();
  await cache.synced;
  let synced = 0;
  const lines: string[] = [];
  const leave = cache.subscribe(
    ({ key }) => lines.push(key),
    () => synced++,
  );
  expect([lines, synced]).toEqual([['a'], 1]);
  leave();
  (await server.watch(0)).say(['ADDED', net('b', 1, 6)]);
  expect(lines).toEqual(['a']);
});

it('says once that it is synced, and each time that a list is complete', async () => {
  server.lists.push(['5', []], ['9', []]);
  const cache = follow();
  let [synced, listed] = [0, 0];
  cache.subscribe(
    () => undefined,
    () => synced++,
  );
  const leave = cache.onListed(() => listed++);
  (await server.watch(0)).end(new ApiError(410, {}));
  await server.watch(1);
  expect([synced, listed]).toEqual([1, 2]);
  leave();
  (await server.watch(1)).end(new ApiError(410, {}));
  await server.watch(2);
  expect(listed).toBe(2);
});

it('takes only the first list that it gets from the cache of the server, and only if it may', async () => {
  server.lists.push(new Error('not now'), ['5', []], ['9', []]);
  follow({ fromCache: true });
  (await server.watch(0)).end(new ApiError(410, {}));
  expect((await server.watch(1)).query.get('resourceVersion')).toBe('9');
  expect(server.versions).toEqual(['0', '0', null]);
  follow();
  await server.watch(2);
  expect(server.versions.at(-1)).toBeNull();
});

it('goes on after a listener that fails', async () => {
  server.lists.push(['5', [net('a', 1, 3)]]);
  const cache = follow();
  cache.subscribe(() => {
    throw new Error('a bug');
  });
  const lines = told(cache);
  await cache.synced;
  expect(lines).toEqual(['a: - to 1']);
});

describe('after a watch that ended', () => {
  it('as was asked, goes on from the last version that it saw, without a list', async () => {
    server.lists.push(['5', []]);
    follow({ idleTimeout: 1500 });
    const first = await server.watch(0);
    expect(first.query.get('timeoutSeconds')).toBe('1');
    first.say(['ADDED', net('a', 1, 6)], ['BOOKMARK', { metadata: { resourceVersion: '20' } }]);
    await new Promise((resolve) => setTimeout(resolve, 600));
    first.end();
    expect((await server.watch(1)).query.get('resourceVersion')).toBe('20');
    expect(server.listed).toBe(1);
  });

  test.each<readonly [string, Error | undefined]>([
    ['a connection that broke', new Error('socket hang up')],
    ['a server that is starting', new ApiError(503, {})],
    ['an end long before its time', undefined],
  ])('lists again after %s: a restored server may have passed our version when we are back', async (_what, error) => {
    server.lists.push(['50', [net('a', 1, 30)]], ['60', [net('a', 7, 45)]]);
    const cache = follow();
    const first = await server.watch(0);
    await new Promise((resolve) => setTimeout(resolve, 600));
    first.end(error);
    expect((await server.watch(1)).query.get('resourceVersion')).toBe('60');
    expect(cache.get('a')?.netid).toBe(7);
  });

  it('does not tell again what it has told', async () => {
    server.lists.push(['5', [net('a', 1, 3)]]);
    const cache = follow();
    const lines = told(cache);
    const { say } = await server.watch(0);
    say(
      ['MODIFIED', net('a', 2, 6)],
      ['MODIFIED', net('a', 2, 6)],
      ['MODIFIED', net('a', 1, 4)],
      ['DELETED', net('a', 1, 5)],
    );
    expect(lines).toEqual(['a: - to 1', 'a: 1 to 2']);
  });

  test.each<readonly [string, Error]>([
    ['is gone', new ApiError(410, {})],
    ['is gone, as told within the stream', new ApiError(500, { reason: 'Expired' })],
    [
      'is one that the server has not reached',
      new ApiError(504, { details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }),
    ],
  ])('lists again when the version %s, and tells only what differs', async (_what, error) => {
    server.lists.push(
      ['50', [net('a', 1, 30), net('b', 2, 40), net('c', 3, 45)]],
      ['9', [net('a', 1, 30), net('b', 7, 4)]],
    );
    const cache = follow();
    const lines = told(cache);
    (await server.watch(0)).end(error);
    expect((await server.watch(1)).query.get('resourceVersion')).toBe('9');
    expect(lines.slice(3)).toEqual(['b: 2 to 7', 'c: 3 to -']);
    (await server.watch(1)).say(['MODIFIED', net('a', 8, 10)]);
    expect(cache.get('a')?.netid).toBe(8);
  });

  test.each<readonly [string, (watch: Begun) => void, number]>([
    ['an error in the stream', ({ say }) => say(['ERROR', { kind: 'Status', code: 410, reason: 'Expired' }]), 2],
    ['an error without a code', ({ say }) => say(['ERROR', {}]), 2],
    ['a line that is no JSON', ({ write }) => write('{"type":\n'), 2],
    ['a line that is no event', ({ write }) => write('[]\n'), 2],
    ['an event without an object', ({ say }) => say(['ADDED', {}]), 2],
    ['an end at once', ({ end }) => end(), 2],
  ])('begins another one after %s', async (_what, act, lists) => {
    server.lists.push(['5', []]);
    follow();
    act(await server.watch(0));
    await server.watch(1);
    expect(server.listed).toBe(lists);
  });

  it('takes nothing more from a watch that went wrong', async () => {
    server.lists.push(['5', []]);
    const cache = follow();
    const { say } = await server.watch(0);
    say(['ERROR', { kind: 'Status', code: 500 }], ['ADDED', net('a', 1, 6)]);
    say(['ADDED', net('b', 1, 7)]);
    await server.watch(1);
    expect(cache.list()).toEqual([]);
  });

  it('waits as long as the server asks', async () => {
    server.lists.push(['5', []]);
    follow();
    const began = performance.now();
    (await server.watch(0)).end(new ApiError(429, { details: { retryAfterSeconds: 0.2 } }));
    await server.watch(1);
    expect(performance.now() - began).toBeGreaterThanOrEqual(145);
  });
});

describe('a server that went back in time', () => {
  const wentBack = async (act: (watch: Begun) => void, options: Partial<WatchOptions<Net>> = {}): Promise<void> => {
    server.lists.push(['50', [net('a', 1, 30), net('b', 2, 40)]], ['9', [net('a', 7, 4)]]);
    const client = createClient(server);
    const cache = watchKind<Net>(client, netNamespaces, { logger, maxDelay: 5, ...options }, stop.signal);
    const lines = told(cache);
    const first = await server.watch(0);
    let because: string | undefined;
    cache.subscribe(({ key }) => (because ??= key === 'b' ? whyBehind(client) : undefined));
    server.newest = '9';
    act(first);
    expect((await server.watch(1)).query.get('resourceVersion')).toBe('9');
    expect(lines.slice(2)).toEqual(['a: 1 to 7', 'b: 2 to -']);
    expect(because).toBe('the API server went back in time: netnamespaces must be listed again');
    expect(whyBehind(client)).toBeUndefined();
  };

  it('is noticed by the next watch, which it would answer with silence', async () => {
    await wentBack(({ end }) => end(new ApiError(429, {})));
  });

  it('is noticed by a watch that is quiet', async () => {
    await wentBack(() => undefined, { quiet: 20 });
  });

  it('is not one that cannot say how far it is', async () => {
    server.lists.push(['50', []]);
    follow({ quiet: 10 });
    await server.watch(0);
    server.newest = new Error('refused');
    while (server.asked < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    server.newest = 'x';
    while (server.asked < 6) await new Promise((resolve) => setTimeout(resolve, 5));
    expect([server.watches.length, server.listed]).toEqual([1, 1]);
  });

  it('is asked once for each time that a watch is quiet, and not while it speaks', async () => {
    server.lists.push(['50', []]);
    follow({ quiet: 500 });
    const { say } = await server.watch(0);
    for (let version = 51; version < 121; version += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      say(['BOOKMARK', { metadata: { resourceVersion: String(version) } }]);
    }
    expect(server.asked).toBe(0);
  });
});

it('tries a list again until it comes', async () => {
  server.lists.push(new Error('refused'), new ApiError(403, {}), ['5', [net('a', 1, 3)]]);
  const cache = follow();
  await cache.synced;
  expect([server.listed, cache.list().length]).toEqual([3, 1]);
});

it('puts lines together however they are cut', async () => {
  server.lists.push(['5', []]);
  const cache = follow();
  const { write } = await server.watch(0);
  for (const character of `${JSON.stringify({ type: 'ADDED', object: net('a', 1, 6) })}\n\n`) write(character);
  expect(cache.get('a')?.netid).toBe(1);
});

it('asks for a watch that the server ends before it would count as dead', async () => {
  server.lists.push(['5', []]);
  follow({ idleTimeout: 100_000, labelSelector: 'a=b', fieldSelector: 'c=d' });
  const { query, idleTimeout } = await server.watch(0);
  expect([idleTimeout, query.get('labelSelector'), query.get('fieldSelector')]).toEqual([100_000, 'a=b', 'c=d']);
  expect(Number(query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(70);
  expect(Number(query.get('timeoutSeconds'))).toBeLessThan(90);
});

it('keeps what it is told to keep, and a change elsewhere is none', async () => {
  const keep = (object: Net): Net => ({ ...object, metadata: { name: object.metadata.name ?? '' } });
  server.lists.push(['5', [net('a', 1, 3)]], ['9', [net('a', 1, 8)]]);
  const cache = follow({ keep });
  const lines = told(cache);
  (await server.watch(0)).end(new ApiError(410, {}));
  await server.watch(1);
  expect(cache.get('a')?.metadata).toEqual({ name: 'a' });
  expect(lines).toEqual(['a: - to 1']);
});

it('takes the order of versions that are no numbers as it comes', async () => {
  server.lists.push(['x', []]);
  const cache = follow();
  const { say } = await server.watch(0);
  const event = (version: string, netid: number): readonly [string, object] => [
    'MODIFIED',
    { ...net('a', netid, 0), metadata: { name: 'a', resourceVersion: version } },
  ];
  say(event('z', 1), event('y', 2));
  expect(cache.get('a')?.netid).toBe(2);
});

it('ends with its signal; who still waits for it is told', async () => {
  server.lists.push(new Error('refused'));
  const cache = follow({ maxDelay: 10_000 });
  stop.abort();
  await expect(cache.synced).rejects.toThrow('the watch of netnamespaces was ended');
  await cache.ended;
});

it('names an object by its namespace, if it has one', () => {
  expect(objectKey({ metadata: { name: 'x', namespace: 'ns' } })).toBe('ns/x');
  expect(objectKey({ metadata: { name: 'x', namespace: '' } })).toBe('x');
  expect(objectKey({ metadata: {} })).toBe('');
});

it('leaves managedFields out, and an object without them as it is', () => {
  const bare = { metadata: { name: 'x' } };
  expect(lean(bare)).toBe(bare);
  expect(lean({ metadata: { name: 'x', managedFields: [{}] } })).toEqual({ metadata: { name: 'x' } });
});

it('says once that the server is away however often it tries, and that it is back', async () => {
  const { logger: kept, lines } = logged();
  kept.level = 'info';
  server.lists.push(new Error('away'));
  const cache = follow({ logger: kept, maxDelay: 1 });
  while (server.listed < 40) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(lines).toEqual(['watch interrupted: away']);
  server.lists[0] = ['5', []];
  await cache.synced;
  const { say } = await server.watch(0);
  expect(lines).toHaveLength(1);
  say(['ADDED', net('a', 1, 6)]);
  expect(lines).toEqual(['watch interrupted: away', 'watch goes on']);
});

it('says that the server is back when a watch without events lasts', async () => {
  const { logger: kept, lines } = logged();
  kept.level = 'info';
  server.lists.push(new Error('away'));
  follow({ logger: kept, maxDelay: 1 });
  while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  server.lists[0] = ['5', []];
  while (lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(lines).toEqual(['watch interrupted: away', 'watch goes on']);
  expect(server.watches).toHaveLength(1);
});
