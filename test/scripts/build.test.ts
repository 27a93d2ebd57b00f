/** The scripts that build, in a folder that has the sources by links: what others find there meanwhile. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdn-compat-build-'));
  for (const name of ['api', 'src', 'node_modules', 'package.json', 'LICENSE'])
    symlinkSync(join(root, name), join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a script there; `look` is called as often as possible until it has ended. */
async function runs(script: string, look: () => void, env: NodeJS.ProcessEnv = {}): Promise<number | NodeJS.Signals> {
  const child = spawn(process.execPath, [join(root, 'scripts', script)], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('exit', (status, signal) => resolve(signal ?? status ?? 0)),
  );
  const looking = setInterval(look, 1);
  return ended.finally(() => clearInterval(looking));
}

test('a build takes away nothing that another build or a process uses, and what is stale in the end', async () => {
  const dist = (name: string): string => join(folder, 'dist', name);
  mkdirSync(dist('binary'), { recursive: true });
  const programs = ['sdn-compat.js', 'sdn-compat-cni.js', 'packages.json', 'THIRD-PARTY-NOTICES.txt'];
  for (const name of [...programs, 'stale-ABC.js']) writeFileSync(dist(name), '');
  const missed = new Set<string>();
  const look = (): void => programs.filter((name) => !existsSync(dist(name))).forEach((name) => missed.add(name));
  expect(await Promise.all([runs('build.ts', look), runs('build.ts', look)])).toEqual([0, 0]);
  expect([...missed]).toEqual([]);
  const left = readdirSync(join(folder, 'dist'));
  expect(left).toEqual(expect.arrayContaining(['binary', ...programs]));
  expect(left.filter((name) => /^stale|^build-/.test(name))).toEqual([]);
});

test('Node.js that was unpacked in part, as by who is interrupted, is never taken for whole', async () => {
  const bin = join(folder, 'programs');
  for (const made of [bin, join(folder, 'dist')]) mkdirSync(made);
  writeFileSync(join(folder, 'dist/THIRD-PARTY-NOTICES.txt'), '');
  const program = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program('npm', 'echo node.tgz');
  program('tar', 'mkdir -p "$4/package/bin"; echo part > "$4/package/bin/node"; kill -9 $PPID');
  const ended = await runs('binary.ts', () => undefined, { PATH: `${bin}:${process.env['PATH'] ?? ''}` });
  expect(ended).toBe('SIGKILL');
  expect(existsSync(join(folder, '.tools/binary'))).toBe(false);
});
