/** The single executable: in an empty folder, with nothing in the environment, no Node.js and no package. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterNetwork } from '../controllers/started.ts';
import { run, until } from '../e2e/lab.ts';
import { clusters } from '../migrate/clusters.ts';

const root = join(import.meta.dirname, '../..');
const made = join(root, 'dist/binary');
const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-executable-'));
const program = join(folder, 'sdn-compat');
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: folder };
const inFolder = (...args: string[]): ReturnType<typeof run> =>
  run('env', [
    '-i',
    '-C',
    folder,
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    program,
    ...args,
  ]);

beforeAll(async () => {
  const { status, stderr } = await run('make', ['-C', root, 'binary']);
  if (status !== 0) throw new Error(stderr);
  const name = readdirSync(made).find((file) => file.endsWith(process.arch));
  if (name === undefined) throw new Error(`no executable for ${process.arch} in ${made}`);
  cpSync(join(made, name), program);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

test('each executable is in the list of checksums, as it is', () => {
  const listed = readFileSync(join(made, 'SHA256SUMS'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('  '));
  const files = readdirSync(made).filter((file) => file.startsWith('sdn-compat-'));
  expect(listed.map(([, name]) => name).sort()).toEqual(files.sort());
  for (const [sum, name = ''] of listed)
    expect(
      createHash('sha256')
        .update(readFileSync(join(made, name)))
        .digest('hex'),
    ).toBe(sum);
});

test('each executable is for the processor that its name says', () => {
  // e_machine of the ELF header
  const machines: Readonly<Record<number, string>> = { 0x3e: 'x64', 0xb7: 'arm64' };
  const files = readdirSync(made).filter((file) => file.startsWith('sdn-compat-'));
  for (const file of files) {
    const machine = machines[readFileSync(join(made, file)).readUInt16LE(18)];
    expect(file.endsWith(`-linux-${machine ?? 'unknown'}`)).toBe(true);
  }
});

test('with it come the licenses and the list of contents', () => {
  expect(readFileSync(join(made, 'THIRD-PARTY-NOTICES.txt'), 'utf8')).toContain('@kubernetes/client-node');
  expect(readFileSync(join(made, 'LICENSE-node.txt'), 'utf8')).toContain('Node.js');
  const { components } = JSON.parse(readFileSync(join(made, 'sbom.json'), 'utf8')) as {
    components: { name: string }[];
  };
  expect(components.map(({ name }) => name)).toEqual(expect.arrayContaining(['lodash', 'node']));
});

test('without npm none is made, it says so and fails, and what was made before stays', async () => {
  const before = readdirSync(made);
  const store = mkdtempSync(join(tmpdir(), 'sdn-compat-binary-'));
  try {
    // a checkout that has no Node.js of npm's yet
    for (const name of readdirSync(root).filter((one) => !['.tools', 'dist', '.git'].includes(one)))
      symlinkSync(join(root, name), join(store, name));
    cpSync(join(root, 'dist'), join(store, 'dist'), {
      recursive: true,
      filter: (path) => !/\.map$|binary\/sdn-compat/.test(path),
    });
    const kept = readdirSync(join(store, 'dist/binary'));
    const npm = {
      npm_config_registry: 'http://127.0.0.1:9',
      npm_config_fetch_retries: '0',
      npm_config_offline: 'true',
    };
    const script = ['-C', store, process.execPath, 'scripts/binary.ts'];
    const { status, stderr } = await run('env', script, { env: { ...npm, npm_config_cache: join(store, 'cache') } });
    expect(status).toBe(1);
    expect(stderr).toContain('binary: no executable could be made');
    expect(stderr).not.toMatch(/^ +at /m);
    expect(readdirSync(join(store, 'dist')).filter((name) => name.startsWith('binary'))).toEqual(['binary']);
    expect(readdirSync(join(store, 'dist/binary'))).toEqual(kept);
  } finally {
    rmSync(store, { recursive: true });
  }
  expect(readdirSync(made)).toEqual(before);
});

test('it knows its version and its commands', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect((await inFolder('--version')).stdout).toContain(version.split('+')[0]);
  expect((await inFolder('migrate', '--help')).stdout).toContain('plan');
  expect(await inFolder('no-such-command')).toMatchObject({ status: 2 });
});

test('it plans a migration from files', async () => {
  const dump = join(folder, 'cluster.json');
  writeFileSync(dump, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: clusters.manual.objects }));
  const { status, stdout, stderr } = await inFolder('migrate', 'plan', '--to', 'ovn', '--out', 'plan', '-f', dump);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('0 blockers');
  expect(readFileSync(join(folder, 'plan/report.md'), 'utf8')).toContain('EgressIP');
});

test('it is the CNI plugin, too', async () => {
  const version = JSON.stringify({ cniVersion: '1.0.0' });
  const { stdout } = await run(program, ['cni'], { input: version, env: { CNI_COMMAND: 'VERSION' } });
  expect(JSON.parse(stdout)).toMatchObject({ supportedVersions: expect.arrayContaining(['1.0.0']) as unknown });
});

test('its API server serves its controller', async () => {
  const kubeconfig = join(folder, 'kubeconfig');
  const started = (args: string[]): ReturnType<typeof spawn> =>
    spawn(program, args, { cwd: folder, env: environment, stdio: 'ignore' });
  const server = started(['apiserver', '--listen', '127.0.0.1:0', '--write-kubeconfig', kubeconfig]);
  const kubectl = (args: string[], input = ''): ReturnType<typeof run> =>
    run('kubectl', ['--kubeconfig', kubeconfig, ...args], { input });
  try {
    await until('the API server answers', async () => (await kubectl(['get', 'namespaces'])).status === 0);
    const controller = started(['controller', '--kubeconfig', kubeconfig, '--status-address', '127.0.0.1:0']);
    try {
      await kubectl(['create', '-f', '-'], JSON.stringify(clusterNetwork()));
      await kubectl(['create', 'namespace', 'red']);
      const netid = ['get', 'netnamespace', 'red', '-o', 'jsonpath={.netid}'];
      await until('the namespace has a VNID', async () => Number((await kubectl(netid)).stdout) > 0);
    } finally {
      controller.kill('SIGTERM');
    }
  } finally {
    server.kill('SIGTERM');
  }
});
