/** The agent's command where it cannot begin: it says why and ends. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exec, type RunResult } from '../../../src/io/programs/exec.ts';
import { start, type Started } from '../../apiserver/started.ts';
import { program } from '../../program.ts';

const run = (...args: string[]): Promise<RunResult> =>
  exec(process.execPath, [...program, 'node', '--status-address', '127.0.0.1:0', ...args], { timeout: 100_000 });

let started: Started;
beforeAll(async () => (started = await start()));
afterAll(async () => {
  await started.stop();
});

test('a resolver that is no address is refused', async () => {
  const refused = await run('--kubeconfig', started.kubeconfig, '--resolver', 'foo');
  expect(refused).toMatchObject({
    status: 2,
    stderr: 'sdn-compat: --resolver "foo": it must be ADDRESS or ADDRESS:PORT\n',
  });
});

test('without its socket it ends instead of hanging', async () => {
  const file = join(started.folder, 'a-file');
  writeFileSync(file, '');
  const refused = await run(
    '--kubeconfig',
    started.kubeconfig,
    '--cni-socket',
    join(file, 'cni.sock'),
    '--ovs-run-dir',
    started.folder,
  );
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain(file);
});
