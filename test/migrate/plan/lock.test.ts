import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '../../../src/io/programs/exec.ts';
import { alone } from '../../../src/migrate/plan/lock.ts';

let folder = '';
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'sdn-compat-lock-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the second is turned away, another folder and a later one are not', async () => {
  const inside = await alone(folder, async () => [
    await alone(folder, async () => Promise.resolve('twice')),
    await alone(tmpdir(), async () => Promise.resolve('elsewhere')),
  ]);
  expect(inside).toEqual([undefined, 'elsewhere']);
  expect(await alone(folder, async () => Promise.resolve('later'))).toBe('later');
});

test('the lock goes with work that fails, and with a process that is killed', async () => {
  await expect(alone(folder, async () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  const lock = join(import.meta.dirname, '../../../src/migrate/plan/lock.ts');
  const script = `import { alone } from ${JSON.stringify(lock)}; await alone(${JSON.stringify(folder)}, async () => { console.log('in'); await new Promise((end) => setTimeout(end, 60_000)); });`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  expect(await alone(folder, async () => Promise.resolve('beside'))).toBeUndefined();
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(await alone(folder, async () => Promise.resolve('after'))).toBe('after');
});

test('a lock for which there is no room is named, and nothing is left of it', async () => {
  const module = join(import.meta.dirname, '../../../src/migrate/plan/lock.ts');
  const script = `
    import { alone } from ${JSON.stringify(module)};
    await alone(${JSON.stringify(folder)}, () => 'done').catch(({ message }) => console.log(message));`;
  const argv = ['--fsize=4', process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module'];
  const { stdout, stderr } = await exec('prlimit', [...argv, '-e', script]);
  expect([stdout, stderr]).toEqual([`${folder}/lock cannot be written: EFBIG: file too large, write\n`, '']);
  expect(await readdir(folder)).toEqual([]);
});

test('a folder that an update puts in place before the lock is taken is locked itself', async () => {
  const [old, fresh] = [join(folder, 'plan'), join(folder, 'plan.new')];
  await mkdir(old);
  await mkdir(fresh);
  const within = alone(old, async () => [
    await alone(old, async () => Promise.resolve('beside')),
    (await readdir(old)).includes('lock'),
  ]);
  renameSync(old, `${old}.before-1`);
  renameSync(fresh, old);
  expect(await within).toEqual([undefined, true]);
  expect(await readdir(old)).toEqual([]);
});

test('whoever loses sight of its folder takes no lock of the next one away', async () => {
  const plan = join(folder, 'plan');
  await mkdir(plan);
  await alone(plan, async () => {
    await rename(plan, `${plan}.before-1`);
    await mkdir(plan);
    await writeFile(join(plan, 'lock'), 'of another');
  });
  expect(await readdir(plan)).toEqual(['lock']);
});

test('between the two renames of an update it waits for the new folder', async () => {
  const plan = join(folder, 'plan');
  await mkdir(`${plan}.new`);
  await writeFile(join(`${plan}.new`, 'plan.yaml'), '');
  const waiting = alone(plan, async () => Promise.resolve('after'));
  await rename(`${plan}.new`, plan);
  expect(await waiting).toBe('after');
});

test('a file of another network namespace is a lock while somebody touches it, and left over when nobody does', async () => {
  const file = join(folder, 'lock');
  await writeFile(file, 'net:[1]');
  const touch = setInterval(() => void utimes(file, new Date(), new Date()), 200);
  expect(await alone(folder, async () => Promise.resolve('beside'))).toBeUndefined();
  clearInterval(touch);
  expect(await alone(folder, async () => Promise.resolve('after'))).toBe('after');
});
