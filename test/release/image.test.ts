/**
 * The image, built here from a base that debootstrap makes, and started as config/ says: the user, the capabilities
 * and the read-only root of the manifests. The agent in it puts an egress IP on its node, and packets leave with it.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { must, type Ran, run, TestLab, until } from '../e2e/lab.ts';
import { mirrorOfDebian } from '../runtime/debian.ts';
import { podmanCommand, podmanLimits } from '../runtime/podman.ts';

const root = join(import.meta.dirname, '../..');
const image = 'localhost/sdn-compat-test/sdn-compat';
const baseImage = 'localhost/sdn-compat-test/debian';
const nodeImage = 'localhost/sdn-compat-test/node';
const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-image-'));
const worker = 'worker0';
const egressIP = '192.168.7.230';

interface Container {
  readonly command: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly securityContext: {
    readonly runAsUser: number;
    readonly readOnlyRootFilesystem: boolean;
    readonly privileged?: boolean;
    readonly capabilities: { readonly drop: readonly string[]; readonly add?: readonly string[] };
  };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}
interface PodSpec {
  readonly containers: readonly [Container];
  readonly initContainers?: readonly [Container];
  readonly hostPID?: boolean;
}

function podSpec(part: 'controller' | 'node'): PodSpec {
  const manifests = loadAll(readFileSync(join(root, `config/${part}/${part}.yaml`), 'utf8'));
  return (manifests[0] as { spec: { template: { spec: PodSpec } } }).spec.template.spec;
}

/** An image of one folder's files. */
async function imageOf(name: string, files: string): Promise<void> {
  const container = await must('buildah', ['from', 'scratch']);
  await must('buildah', ['copy', '-q', container, files, '/']);
  await must('buildah', ['commit', '-q', '--rm', container, name]);
}

/** Debian's smallest system, kept below .tools, with this machine's settings of apt. */
async function buildBases(): Promise<void> {
  const system = join(root, '.tools/debian');
  if (!existsSync(join(system, 'etc/debian_version'))) {
    rmSync(system, { recursive: true, force: true });
    await must('debootstrap', ['--variant=minbase', 'bookworm', system, await mirrorOfDebian()]);
    await must('cp', ['-rT', '/etc/apt/apt.conf.d', join(system, 'etc/apt/apt.conf.d')]);
  }
  await imageOf(baseImage, system);
  const node = join(folder, 'node');
  mkdirSync(join(node, 'usr/local/bin'), { recursive: true });
  await must('cp', [process.execPath, join(node, 'usr/local/bin/node')]);
  await imageOf(nodeImage, node);
}

/** Builds the image; returns its name and id, as the command prints them after what it may have to install first. */
const build = async (): Promise<string> => {
  const printed = await must(
    'make',
    ['-s', '-C', root, 'image', `IMAGE=${image}`, `BASE=${baseImage}`, `NODE=${nodeImage}`],
    {
      env: { BUILDAH_ISOLATION: 'chroot' }, // in a container of a machine that allows no more
    },
  );
  return printed.trim().split('\n').at(-1) ?? '';
};

/** What builds of buildah have left. */
const containers = (): Promise<string> => must('buildah', ['containers', '--all', '--quiet']);

const podman = (args: readonly string[]): Promise<Ran> => run(podmanCommand[0], [...podmanCommand.slice(1), ...args]);

/** Starts a container of the image as its manifest says, in a node's network namespace of the lab. */
async function start(
  name: string,
  container: Container,
  network: string,
  mounts: Readonly<Record<string, string>>,
  ...more: string[]
): Promise<void> {
  const { securityContext, env = [], volumeMounts = [], command } = container;
  const { runAsUser, readOnlyRootFilesystem, capabilities } = securityContext;
  const [program = '', ...args] = command;
  const volumes = volumeMounts.map(({ name: volume, mountPath }) => [mounts[volume], mountPath]);
  const ran = await podman([
    ...['run', '--detach', '--name', name, '--network', network, '--user', String(runAsUser)],
    ...[...podmanLimits, '--log-driver=k8s-file'],
    ...(readOnlyRootFilesystem ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...capabilities.drop.map((one) => `--cap-drop=${one}`),
    ...(capabilities.add ?? []).map((one) => `--cap-add=${one}`),
    ...env.flatMap((one) => (one.value === undefined ? [] : [`--env=${one.name}=${one.value}`])),
    ...[...volumes, [folder, folder]].map(([from, to]) => `--volume=${from ?? ''}:${to ?? ''}:rslave`),
    ...[image, ...args.filter((one) => !one.includes('$(')), ...more],
  ]);
  expect(program).toBe('sdn-compat');
  if (ran.status !== 0) throw new Error(ran.stderr);
}

const logs = async (name: string): Promise<string> => {
  const { stdout, stderr } = await podman(['logs', name]);
  return stdout + stderr;
};

let lab: TestLab;
const agent = `sdn-compat-test-agent-${process.pid}`;
const controller = `sdn-compat-test-controller-${process.pid}`;
let built = '';

beforeAll(async () => {
  await buildBases();
  built = await build();
  lab = await TestLab.up('--nodes', '1');
}, 600_000);
afterAll(async () => {
  await podman(['rm', '--force', '--time=5', agent, controller]);
  await lab.down();
  rmSync(folder, { recursive: true });
});

test('the same input gives the same image, also in a checkout that its owner alone may read', async () => {
  const copied = ['bin/sdn-compat', 'bin/sdn-compat-cni', 'LICENSE'].map((path) => join(root, path));
  const modes = copied.map((path) => [path, statSync(path).mode] as const);
  try {
    for (const [path, mode] of modes) chmodSync(path, mode & 0o700);
    const before = await containers();
    // two at once
    expect(await Promise.all([build(), build()])).toEqual([built, built]);
    expect(await containers()).toBe(before);
  } finally {
    for (const [path, mode] of modes) chmodSync(path, mode);
  }
}, 600_000);

test('a build that fails leaves no container of the builder', async () => {
  const before = await containers();
  // a base without Node.js
  const args = ['--builder', 'buildah', '--tag', `${image}-failed`, '--base', baseImage, '--node', baseImage];
  const env = { BUILDAH_ISOLATION: 'chroot' };
  const ran = await run(process.execPath, [join(root, 'scripts/image.ts'), ...args], { env });
  expect(ran).toMatchObject({ status: 1, stderr: expect.stringMatching(/^image: buildah bud ended with/m) as string });
  expect(ran.stderr).toMatch(/copier: stat: .*node/);
  expect(await containers()).toBe(before);
});

test('it is below 250 MB and says what it is', async () => {
  const [shown] = JSON.parse((await podman(['image', 'inspect', image])).stdout) as [
    { Size: number; User: string; Labels: Record<string, string> },
  ];
  expect(shown.Size).toBeLessThan(250e6);
  expect(shown.User).toBe('65534:65534');
  expect(shown.Labels).toMatchObject({
    'org.opencontainers.image.title': 'sdn-compat',
    'org.opencontainers.image.licenses': 'Apache-2.0',
  });
});

test('the list of contents has the packages of the bundle, Node.js and what Debian put in', () => {
  const text = readFileSync(join(root, 'dist/image/sbom.json'), 'utf8');
  const { components } = JSON.parse(text) as { components: { name: string; purl: string }[] };
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['lodash', 'node', 'openvswitch-common', 'nftables', 'libc6']));
  expect(names).not.toContain('apt');
  expect(names.some((name) => name.startsWith('python3'))).toBe(false);
});

test('the plugin is installed on a node by the first container, with no capability', async () => {
  const installer = podSpec('node').initContainers![0];
  for (const name of ['bin', 'program', 'net.d']) mkdirSync(join(folder, name));
  const mounts = {
    'cni-bin': join(folder, 'bin'),
    'cni-program': join(folder, 'program'),
    'cni-conf': join(folder, 'net.d'),
  };
  const volumes = installer.volumeMounts!.map(
    ({ name, mountPath }) => `--volume=${mounts[name as 'cni-bin']}:${mountPath}`,
  );
  const ran = await podman([
    ...['run', '--rm', '--network=none', '--user=0', '--read-only', '--read-only-tmpfs=false', '--cap-drop=ALL'],
    ...[...podmanLimits, ...volumes],
    ...['--entrypoint', JSON.stringify(installer.command), image],
  ]);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  const input = JSON.stringify({ cniVersion: '1.0.0' });
  const called = await run(join(folder, 'program/node'), [join(folder, 'program/plugin.mjs')], {
    input,
    env: { CNI_COMMAND: 'VERSION' },
  });
  expect(JSON.parse(called.stdout)).toMatchObject({ cniVersion: '1.0.0' });
  expect(readFileSync(join(folder, 'net.d/10-sdn-compat.conflist'), 'utf8')).toContain('sdn-compat-cni');
});

test('agent and controller start as their manifests say, and an egress IP works', async () => {
  const [daemon] = podSpec('node').containers;
  expect(daemon.securityContext.privileged).toBeUndefined();
  expect(podSpec('node').hostPID).toBeUndefined();
  await lab.command('kill', 'agent', worker);
  await lab.command('kill', 'controller');
  // as on a node that was just started: the agent itself must make all that it needs
  const dir = `/run/sdn-compat-lab/${lab.name}`;
  const where = ['--ovs-run-dir', `${dir}/ovs/${worker}`, '--cni-socket', `${dir}/cni/${worker}.sock`];
  await must('ip', [
    'netns',
    'exec',
    `sdnc.${lab.name}.${worker}`,
    join(root, 'bin/sdn-compat'),
    'node',
    '--cleanup',
    ...where,
  ]);
  await lab.node(worker, 'sysctl', '-qw', 'net.ipv4.ip_forward=0');
  const kubeconfig = join(folder, 'kubeconfig');
  await must('cp', [`${lab.dir}/kubeconfig`, kubeconfig]);
  await must('chmod', ['0644', kubeconfig]);
  const mounts = {
    openvswitch: `${lab.dir}/ovs/${worker}`,
    run: `${lab.dir}/cni`,
    netns: '/run/netns',
    settings: '/proc/sys/net',
  };
  const netns = (node: string): string => `ns:/run/netns/sdnc.${lab.name}.${node}`;
  const host = `${worker}.ocp4.rober.lab`;
  const options = ['--node-name', host, '--datapath', 'netdev', '--cni-socket', `/run/sdn-compat/${worker}.sock`];
  await must('chmod', ['0755', folder]);
  await start(agent, daemon, netns(worker), mounts, '--kubeconfig', kubeconfig, ...options);
  const [deployed] = podSpec('controller').containers;
  await start(controller, deployed, netns('master0'), {}, '--kubeconfig', kubeconfig);
  const answers = (node: string, port: number) => async (): Promise<boolean> =>
    (await lab.node(node, 'curl', '-sf', `http://127.0.0.1:${port}/readyz`)).status === 0;
  try {
    await until('the agent is ready', answers(worker, 9107));
    await until('the controller is ready', answers('master0', 9106));
    await lab.namespace('red');
    await lab.pods(['red/a', worker]);
    await lab.patch('hostsubnet', worker, { egressIPs: [egressIP] });
    await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
    await lab.untilSource('red/a', egressIP);
  } catch (error) {
    throw new Error(`${String(error)}\n${await logs(agent)}\n${await logs(controller)}`, { cause: error });
  }
});

test('both end on SIGTERM', async () => {
  await podman(['kill', '--signal=TERM', agent, controller]);
  for (const name of [agent, controller]) {
    const state = ['inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', name];
    await until(`${name} ends`, async () => (await podman(state)).stdout.trim() === 'exited 0');
  }
});
