/** JSON-RPC over a real unix socket. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  connectRpc,
  JsonSplitter,
  type RpcConnection,
  RpcError,
  type RpcOptions,
} from '../../../src/io/programs/jsonrpc.ts';
import { rounds } from '../../rounds.ts';

describe('splitting a stream', () => {
  const values = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 });

  it('gives back the objects of a stream, however it is cut', () => {
    fc.assert(
      fc.property(values, fc.array(fc.nat(20)), fc.constantFrom('', '\n', ' '), (objects, cuts, between) => {
        const splitter = new JsonSplitter();
        let rest = objects.map((one) => JSON.stringify(one)).join(between);
        const found: string[] = [];
        for (const cut of [...cuts, rest.length]) {
          found.push(...splitter.push(rest.slice(0, cut)));
          rest = rest.slice(cut);
        }
        found.push(...splitter.push(rest));
        expect(found.map((text): unknown => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(objects)));
      }),
      { numRuns: rounds(2000) },
    );
  });

  it('gives back an object as soon as it is complete', () => {
    const splitter = new JsonSplitter();
    expect(splitter.push('{"a":"}\\"{"')).toEqual([]);
    expect(splitter.push('}{"b":{}}{')).toEqual(['{"a":"}\\"{"}', '{"b":{}}']);
    expect(splitter.push('}')).toEqual(['{}']);
  });
});

describe('a connection', () => {
  let folder = '';
  let server: Server;
  let peer: Socket;
  const received: unknown[] = [];
  const splitter = new JsonSplitter();
  const opened: RpcConnection[] = [];
  /** What the peer does with each message. */
  let onMessage: (message: unknown) => void = () => undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sdn-compat-test-'));
    server = createServer((socket) => {
      peer = socket.setEncoding('utf8');
      socket.on('error', () => undefined);
      socket.on('data', (chunk: string) => {
        for (const text of splitter.push(chunk)) {
          const message: unknown = JSON.parse(text);
          received.push(message);
          onMessage(message);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
  });
  afterEach(() => {
    for (const one of opened.splice(0)) one.close();
    received.length = 0;
    onMessage = () => undefined;
  });
  afterAll(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const connect = async (options?: RpcOptions): Promise<RpcConnection> => {
    const connection = await connectRpc(join(folder, 'socket'), options);
    opened.push(connection);
    return connection;
  };
  const say = (message: object): void => {
    peer.write(JSON.stringify(message));
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 12_000 && !isSo(); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(isSo()).toBe(true);
  };

  it('asks and gets the answer that belongs to the question, in whatever order they come', async () => {
    const connection = await connect();
    const [one, two] = [connection.call('one', [1]), connection.call('two', [])];
    await until(() => received.length === 2);
    expect(received).toEqual([
      { method: 'one', params: [1], id: 1 },
      { method: 'two', params: [], id: 2 },
    ]);
    say({ id: 2, result: 'second', error: null });
    say({ id: 1, result: { a: 'first' } });
    expect(await Promise.all([one, two])).toEqual([{ a: 'first' }, 'second']);
  });

  test.each<readonly [unknown, string]>([
    ['  no such thing\n', 'no such thing'],
    [{ error: 'constraint' }, '{"error":"constraint"}'],
  ])('tells of the error %j', async (error, message) => {
    onMessage = () => say({ id: 1, result: null, error });
    await expect((await connect()).call('x', [])).rejects.toEqual(new RpcError(message));
  });

  it('answers an echo, so that the peer knows it is alive', async () => {
    await connect();
    await until(() => !peer.destroyed);
    say({ method: 'echo', params: ['a'], id: 'echo' });
    await until(() => received.length === 1);
    expect(received).toEqual([{ id: 'echo', result: ['a'], error: null }]);
  });

  it('passes notifications on, and answers to nobody it did not ask', async () => {
    const told: unknown[] = [];
    const connection = await connect({ notify: (method, params) => told.push([method, params]) });
    onMessage = () => {
      say({ id: 99, result: 'to nobody' });
      say({ method: 'update', params: [{ a: 1 }], id: null });
      say({ method: 'update', params: 'none' });
      say({ id: 1, result: 'done' });
    };
    expect(await connection.call('x', [])).toBe('done');
    expect(told).toEqual([
      ['update', [{ a: 1 }]],
      ['update', []],
    ]);
  });

  it('rejects what is unanswered when it ends, and what is asked later', async () => {
    const connection = await connect();
    onMessage = () => peer.destroy();
    await expect(connection.call('x', [])).rejects.toThrow('the connection ended');
    await connection.closed;
    await expect(connection.call('y', [])).rejects.toThrow(RpcError);
  });

  it('ends when a call is not answered in time', async () => {
    const connection = await connect({ limit: 30 });
    await expect(connection.call('transact', [])).rejects.toThrow('transact was not answered within 30 ms');
    await connection.closed;
  });

  it('ends when the peer says what is no JSON', async () => {
    const connection = await connect();
    onMessage = () => peer.write('{nonsense}{"id":1,"result":"late"}');
    await expect(connection.call('x', [])).rejects.toThrow('the connection ended');
    await connection.closed;
  });

  it('that nobody accepts is an error', async () => {
    await expect(connectRpc(join(folder, 'nobody'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
