/** The npm package: installed into an empty folder, without a registry. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../e2e/lab.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-package-'));
const installed = join(folder, 'node_modules/sdn-compat');
const npm = (...args: string[]): ReturnType<typeof run> =>
  run('env', ['-C', folder, 'npm', '--offline', '--no-audit', '--no-fund', '--loglevel=error', ...args]);

beforeAll(async () => {
  const packed = await run('npm', ['pack', root, '--loglevel=error', '--pack-destination', folder]);
  if (packed.status !== 0) throw new Error(packed.stderr);
  const file = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (file === undefined) throw new Error(`npm pack wrote no package: ${packed.stdout}`);
  const { status, stderr } = await npm('install', `./${file}`);
  if (status !== 0) throw new Error(stderr);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('it needs no other package', () => {
  expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['sdn-compat']);
});

test('npx starts the command', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const ran = await npm('exec', '--', 'sdn-compat', '--version');
  expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining(version) as unknown });
  expect((await npm('exec', '--', 'sdn-compat', 'migrate', '--help')).stdout).toContain('plan');
});

test('the plugin of the network is with it', async () => {
  const input = JSON.stringify({ cniVersion: '1.0.0' });
  const ran = await run(join(installed, 'bin/sdn-compat-cni'), [], { input, env: { CNI_COMMAND: 'VERSION' } });
  expect(JSON.parse(ran.stdout)).toMatchObject({ cniVersion: '1.0.0' });
});

test.each(['LICENSE', 'README.md', 'CHANGELOG.md', 'dist/THIRD-PARTY-NOTICES.txt', 'config/base/kustomization.yaml'])(
  '%s is in it',
  (path) => {
    expect(existsSync(join(installed, path))).toBe(true);
  },
);

test('sources, tests and maps of sources are not in it', () => {
  for (const path of ['src', 'test', 'node_modules', 'scripts']) expect(existsSync(join(installed, path))).toBe(false);
  expect(readdirSync(join(installed, 'dist')).filter((name) => name.endsWith('.map'))).toEqual([]);
});
