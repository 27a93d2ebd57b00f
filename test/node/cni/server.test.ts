/** The agent's socket, as the plugin and others use it. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askAgent } from '../../../src/node/cni/client.ts';
import { type CniHandler, isResult, serveCni } from '../../../src/node/cni/server.ts';

let folder = '';
let socket = '';
let stop: AbortController;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-test-'));
  socket = join(folder, 'cni.sock');
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await rm(folder, { recursive: true, force: true });
});
const serve = (handle: CniHandler = () => Promise.resolve(undefined)): Promise<void> =>
  serveCni(socket, handle, stop.signal);
const whole = { command: 'ADD', sandbox: 's', netns: '/n', device: 'eth0', namespace: 'red', name: 'p' } as const;

it('is for root alone, and takes the place of one that a dead agent left', async () => {
  await writeFile(socket, '');
  await serve();
  expect((await stat(socket)).mode & 0o777).toBe(0o600);
  expect(await askAgent(socket, { command: 'STATUS' })).toEqual({});
});

it('makes the folder of the socket, which a machine does not have before its first agent', async () => {
  socket = join(folder, 'run/sdn-compat/cni.sock');
  await serve();
  expect(await askAgent(socket, { command: 'STATUS' })).toEqual({});
});

it('leaves its socket to an agent that lives', async () => {
  await serve();
  await expect(serve()).rejects.toThrow(`another agent answers at ${socket}`);
  expect(await askAgent(socket, { command: 'STATUS' })).toEqual({});
});

it('does not stay when the agent was ended before it began', async () => {
  stop.abort();
  await serve();
  await expect(askAgent(socket, { command: 'STATUS' })).rejects.toThrow(/ENOENT|ECONNREFUSED/);
});

it.each(['sandbox', 'netns', 'device', 'namespace', 'name'])('needs the %s for an ADD', async (field) => {
  await serve();
  await expect(askAgent(socket, { ...whole, [field]: '' })).rejects.toThrow(`${field} is missing`);
});

it.each(['DEL', 'CHECK'] as const)('needs only the sandbox for a %s', async (command) => {
  await serve();
  expect(await askAgent(socket, { command, sandbox: 's' })).toEqual({});
  await expect(askAgent(socket, { command, name: 'p' })).rejects.toThrow('sandbox is missing');
});

it('passes on which attachments stay', async () => {
  const asked: (readonly string[])[] = [];
  await serve(({ valid }) => {
    asked.push(valid);
    return Promise.resolve(undefined);
  });
  await askAgent(socket, { command: 'GC', valid: ['a', 'b'] });
  expect(asked).toEqual([['a', 'b']]);
});

it('takes the names of all the pods that a GC spares, and no list with a gap', async () => {
  const asked: number[] = [];
  await serve(({ valid }) => {
    asked.push(valid.length);
    return Promise.resolve(undefined);
  });
  const valid = Array.from({ length: 2_000 }, (_, index) => String(index).padStart(64, '0'));
  await askAgent(socket, { command: 'GC', valid });
  for (const odd of [undefined, ['a', '']])
    await expect(askAgent(socket, { command: 'GC', ...(odd === undefined ? {} : { valid: odd }) })).rejects.toThrow(
      'valid is no list of sandboxes',
    );
  expect(asked).toEqual([2_000]);
});

it('refuses what is no request, and goes on', async () => {
  await serve();
  await expect(askAgent(socket, {})).rejects.toThrow('command undefined is none of ADD, CHECK, DEL, GC, STATUS');
  await expect(askAgent(socket, { ...whole, name: 'x'.repeat(5_000_000) })).rejects.toThrow('the request is too large');
  expect(await askAgent(socket, { command: 'STATUS' })).toEqual({});
});

it('tells the handler when its caller has left', async () => {
  const left = new Promise<void>((resolve) => {
    void serve((_request, caller) => {
      caller.addEventListener('abort', () => resolve());
      return new Promise(() => undefined);
    });
  });
  const caller = new AbortController();
  for (let tries = 0; tries < 12_000 && (await stat(socket).catch(() => undefined)) === undefined; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5));
  const asked = askAgent(socket, whole, caller.signal).catch(() => 'left');
  setTimeout(() => caller.abort(), 50);
  expect(await asked).toBe('left');
  await left;
});

test.each<readonly [unknown, boolean]>([
  [{ ip: '10.0.0.2', networks: [] }, true],
  [{ ip: '10.0.0.2' }, false],
  [{ networks: [] }, false],
  [undefined, false],
])('%j is the result of an ADD: %s', (value, is) => {
  expect(isResult(value)).toBe(is);
});
