/** The names of EgressNetworkPolicies: whom they are asked from, how often, and which addresses count. */
import { createSocket, type Socket as DgramSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../src/io/log.ts';
import { parseJson } from '../../../src/model/values/json.ts';
import {
  afterAnswer,
  type Answer,
  askInTurn,
  type Ends,
  type Lookup,
  NameTracker,
} from '../../../src/node/cluster/dns.ts';
import { logged } from '../../logged.ts';

const timers = import.meta.jest;
const logger = createLogger({ level: 'silent', name: 'test' });
const fails: Lookup = () => Promise.reject(new Error('SERVFAIL'));

function tracker(file: string, lookup: Lookup): { readonly names: NameTracker; readonly told: Promise<unknown> } {
  const { promise: told, resolve } = Promise.withResolvers<unknown>();
  return { names: new NameTracker({ lookup, logger, file, changed: () => resolve(undefined) }), told };
}

test('what is known of a name outlives the agent, also when the resolver fails then', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'names-')), 'node.names.json');
  const first = tracker(file, () =>
    Promise.resolve([
      { address: '203.0.113.2', ttl: 60 },
      { address: '203.0.113.1', ttl: 60 },
    ]),
  );
  await first.names.load();
  first.names.follow(new Set(['bad.test', 'other.test']));
  await first.told;
  await new Promise(setImmediate);
  await first.names.saved();
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const second = tracker(file, fails);
  await second.names.load();
  second.names.follow(new Set(['bad.test', 'new.test']));
  expect(second.names.addresses('bad.test')).toEqual(['203.0.113.1', '203.0.113.2']);
  expect(second.names.addresses('new.test')).toEqual([]);

  first.names.follow(new Set(['bad.test']));
  await first.names.saved();
  const [[name, addresses] = []] = parseJson(await readFile(file, 'utf8')) as [string, [string, number][]][];
  expect([name, addresses?.map(([address]) => address)]).toEqual(['bad.test', ['203.0.113.1', '203.0.113.2']]);
  for (const [, end] of addresses ?? []) expect(end).toBeCloseTo(Date.now() + 60_000, -4);
  for (const { names } of [first, second]) names.follow(new Set());
});

test('an address counts under the next agent too until its TTL is over, though the next answer lacks it', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'names-')), 'node.names.json');
  const of = (last: number): string => `203.0.113.${last}`;
  const ends = [
    [of(1), Date.now() + 300_000],
    [of(2), Date.now() - 1],
    [of(3), Date.now() + 10 ** 13],
    of(4), // as earlier agents stored it
  ];
  await writeFile(file, JSON.stringify([['a.test', ends]]));
  const { names, told } = tracker(file, () => Promise.resolve([{ address: of(9), ttl: 60 }]));
  await names.load();
  names.follow(new Set(['a.test']));
  expect(names.addresses('a.test')).toEqual([1, 2, 3, 4].map(of));
  await told;
  expect(names.addresses('a.test')).toEqual([1, 3, 9].map(of));
  await names.saved();
  const [[, addresses] = []] = parseJson(await readFile(file, 'utf8')) as [string, [string, number][]][];
  const stored = new Map(addresses);
  expect(stored.get(of(1))).toBeCloseTo(Number(ends[0]?.[1]), -4);
  expect(stored.get(of(3))).toBeLessThan(Date.now() + 10 ** 8);
  names.follow(new Set());
});

test('a name that cannot be resolved is logged once, and when it can be again', async () => {
  timers.useFakeTimers();
  try {
    const { logger, lines } = logged();
    let isKnown = false;
    const lookup: Lookup = (name) => (isKnown ? Promise.resolve([{ address: '203.0.113.1', ttl: 60 }]) : fails(name));
    const file = join(await mkdtemp(join(tmpdir(), 'names-')), 'node.names.json');
    const names = new NameTracker({ lookup, logger, file, changed: () => undefined });
    names.follow(new Set(['a.test']));
    await timers.advanceTimersByTimeAsync(60_000);
    expect(lines).toEqual(['a name of an EgressNetworkPolicy was not resolved']);
    isKnown = true;
    await timers.advanceTimersByTimeAsync(5_000);
    isKnown = false;
    await timers.advanceTimersByTimeAsync(60_000);
    expect(lines.slice(1)).toEqual(['a name is resolved again', 'a name of an EgressNetworkPolicy was not resolved']);
    names.follow(new Set());
  } finally {
    timers.useRealTimers();
  }
});

test.each(['{', 'null', '[1,[2]]', '[["a.test",["::1","x",["y",1],[],{}]]]'])(
  'a file that says %s tells nothing and stops nothing',
  async (text) => {
    const file = join(await mkdtemp(join(tmpdir(), 'names-')), 'node.names.json');
    await writeFile(file, text);
    const { names } = tracker(file, fails);
    await names.load();
    names.follow(new Set(['a.test']));
    expect(names.addresses('a.test')).toEqual([]);
    names.follow(new Set());
  },
);

/** A UDP and a TCP socket on the same port of loopback; a port that another program has for one of them is left. */
async function portOfBoth(): Promise<{ readonly udp: DgramSocket; readonly tcp: Server; readonly port: number }> {
  for (let tries = 50; ; tries -= 1) {
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const { port } = udp.address();
    const tcp = createServer().listen(port, '127.0.0.1');
    try {
      await once(tcp, 'listening');
      return { udp, tcp, port };
    } catch (error) {
      udp.close();
      if (tries === 0) throw error;
    }
  }
}

/** A small DNS server on loopback: what it answers to every question, as a code of RFC 1035 or addresses. */
async function dnsServer(says: number | readonly string[] | 'truncated' | 'alias'): Promise<{
  readonly at: string;
  readonly asked: string[];
  close(): void;
}> {
  const asked: string[] = [];
  const answerTo = (query: Buffer, isTruncated: boolean): Buffer => {
    const addresses = typeof says === 'object' ? says : says === 'truncated' && !isTruncated ? ['203.0.113.7'] : [];
    const alias = says === 'alias' ? [Buffer.from([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 3, 1, 0x78, 0])] : [];
    const end = query.indexOf(0, 12) + 5;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180 | (typeof says === 'number' ? says : 0) | (isTruncated ? 0x0200 : 0), 2);
    header.writeUInt16BE(addresses.length + alias.length, 6);
    header.fill(0, 8);
    const records = addresses.map((address) =>
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]),
    );
    return Buffer.concat([header, query.subarray(12, end), ...alias, ...records]);
  };
  const { udp, tcp, port } = await portOfBoth();
  udp.on('message', (query, { port, address }) => {
    asked.push('udp');
    udp.send(answerTo(query, says === 'truncated'), port, address);
  });
  tcp.on('connection', (socket) =>
    socket.on('data', (framed: Buffer) => {
      asked.push('tcp');
      const answer = answerTo(framed.subarray(2), false);
      socket.end(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 0xff]), answer]));
    }),
  );
  return {
    at: `127.0.0.1:${port}`,
    asked,
    close: () => {
      udp.close();
      tcp.close();
    },
  };
}

describe('a name', () => {
  const ask = async (
    ...answers: readonly Parameters<typeof dnsServer>[0][]
  ): Promise<readonly [readonly string[] | Error, readonly (readonly string[])[]]> => {
    const servers = await Promise.all(answers.map(dnsServer));
    const found: readonly Answer[] | Error = await askInTurn(
      'name.test',
      servers.map(({ at }) => at),
    ).catch((error: unknown) => error as Error);
    for (const server of servers) server.close();
    const addresses = 'map' in found ? found.map(({ address }) => address) : found;
    return [addresses, servers.map(({ asked }) => asked)];
  };

  test.each([
    ['NXDOMAIN', 3],
    ['SERVFAIL', 2],
    ['REFUSED', 5],
    ['no address', []],
    ['an alias without address', 'alias'],
  ] as const)('is asked of the next server when the first says %s', async (_what, first) => {
    const [addresses, asked] = await ask(first, ['203.0.113.1', '203.0.113.2']);
    expect(addresses).toEqual(['203.0.113.1', '203.0.113.2']);
    expect(asked[1]).toEqual(['udp']);
  });

  it('is asked of nobody else once it is answered', async () => {
    expect(await ask(['203.0.113.1'], ['203.0.113.2'])).toEqual([['203.0.113.1'], [['udp'], []]]);
  });

  it('is asked for again by TCP when the answer is truncated', async () => {
    expect(await ask('truncated')).toEqual([['203.0.113.7'], [['udp', 'tcp']]]);
  });

  it('that no server knows is not resolved, for the reason of the first', async () => {
    expect((await ask(3, 2))[0]).toMatchObject({ code: 'ENOTFOUND' });
    expect(String((await ask('alias'))[0])).toMatch(/names an alias without address$/);
    expect((await ask())[0]).toMatchObject({ message: 'this node has no resolver' });
  });
});

describe('addresses that are answered', () => {
  const answer = (last: number, ttl: number): Answer => ({ address: `203.0.113.${last}`, ttl });
  /** Which addresses count after each answer, and the seconds until it came. */
  function follow(...answers: readonly (readonly Answer[])[]): readonly string[] {
    let [ends, now]: [Ends, number] = [new Map(), 0];
    return answers.map((some) => {
      const after = afterAnswer(ends, some, now);
      const line = `${now / 1_000} s: ${[...after.ends.keys()].map((ip) => ip.split('.').at(-1)).join(' ')}`;
      ends = after.ends;
      now += after.wait * 1_000;
      return line;
    });
  }

  it('are asked for again when their TTL is over, after 30 s at most below half an hour', () => {
    expect(follow([answer(1, 5)], [answer(1, 300)], [answer(1, 0)], [answer(1, 1_800)])).toEqual([
      '0 s: 1',
      '5 s: 1',
      '35 s: 1',
      '65 s: 1',
    ]);
    expect(follow([answer(1, 7_200)], [answer(1, 0)])).toEqual(['0 s: 1', '1800 s: 1']);
    expect(follow([answer(1, 0)], [])).toEqual(['0 s: 1', '1 s: ']);
    expect(follow([answer(1, 2 ** 31)], [answer(2, 2 ** 32 - 1)])).toEqual(['0 s: 1', '1 s: 2']);
  });

  it('count until their TTL is over, also when another answer lacks them', () => {
    expect(follow([answer(1, 50)], [answer(2, 300)], [answer(3, 300)], [answer(3, 300)])).toEqual([
      '0 s: 1',
      '30 s: 1 2',
      '50 s: 2 3',
      '80 s: 2 3',
    ]);
  });
});
