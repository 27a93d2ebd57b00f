import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { netNamespaces } from '../../api/kinds.ts';
import { openKube } from '../../src/io/kube/config.ts';
import { watchKind } from '../../src/io/kube/watch.ts';
import { exec, type RunResult } from '../../src/io/programs/exec.ts';
import { program } from '../program.ts';
import { logger } from './started.ts';

let folder = '';
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'sdn-compat-command-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(...args: string[]): Promise<RunResult> {
  return exec(process.execPath, [...program, 'apiserver', ...args], { timeout: 100_000 });
}

function serve(...args: string[]): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...program, 'apiserver', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.once('data', () => resolve(child));
    child.once('exit', () => reject(new Error('it ended')));
  });
}

test('the command serves until SIGTERM, also when it is watched; its port cannot be taken twice', async () => {
  const kubeconfig = join(folder, 'kubeconfig');
  const socket = join(folder, 'socket');
  await writeFile(kubeconfig, 'old', { mode: 0o644 });
  const held = await open(kubeconfig);
  const server = await serve('--listen', '127.0.0.1:0', '--socket', socket, '--write-kubeconfig', kubeconfig);
  // who has begun to read the old one reads it whole
  expect(await held.readFile('utf8')).toBe('old');
  await held.close();
  expect((await stat(kubeconfig)).mode & 0o777).toBe(0o600);
  expect((await stat(socket)).mode & 0o777).toBe(0o600);
  const client = await openKube({ kubeconfig, logger, userAgent: 'test' });
  const stop = new AbortController();
  const cache = watchKind(client, netNamespaces, { logger }, stop.signal);
  await cache.synced;
  const { stdout } = await exec('sed', ['-n', 's/.*server: https:..//p', kubeconfig]);
  const second = await run('--listen', stdout.trim(), '--write-kubeconfig', join(folder, 'other'));
  expect(second).toMatchObject({
    status: 1,
    stderr: `sdn-compat: ${stdout.trim()} is in use: choose another port with --listen\n`,
  });
  const exit = new Promise((resolve) => server.once('exit', (code) => resolve(code)));
  server.kill('SIGTERM');
  expect(await exit).toBe(0);
  stop.abort();
  await cache.ended;
  client.close();
});

test('what cannot be listened at is told in one line', async () => {
  const file = join(folder, 'none');
  expect(await run('--listen', 'nonsense', '--write-kubeconfig', file)).toMatchObject({
    status: 1,
    stderr: 'sdn-compat: --listen nonsense: not HOST:PORT, for example 127.0.0.1:6443\n',
  });
  expect(await run('--listen', '127.0.0.1:99999', '--write-kubeconfig', file)).toMatchObject({ status: 1 });
  const unwritable = await run('--listen', '127.0.0.1:0', '--write-kubeconfig', join(folder, 'no', 'folder'));
  expect(unwritable.status).toBe(1);
  expect(unwritable.stderr).toMatch(/^sdn-compat: --write-kubeconfig \S+\/no\/folder: ENOENT.*\n$/);
});
