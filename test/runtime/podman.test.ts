/** Debian's podman with its CNI backend, which calls the plugin with the container's name as the pod's; the namespace is the network's. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ran, run, TestLab, until } from '../e2e/lab.ts';
import { cniFolders, image, waitingImage } from './containerd.ts';
import { podmanCommand, podmanLimits } from './podman.ts';

const worker = 'worker0';
const egressIP = '192.168.7.240';
const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-podman-'));
const container = `red-${process.pid}`;
let lab: TestLab;

function podman(...args: string[]): Promise<Ran> {
  const network = `--net=/run/netns/sdnc.${lab.name}.${worker}`;
  const env = { CONTAINERS_CONF: join(folder, 'containers.conf') };
  return run('nsenter', [network, ...podmanCommand, ...args], { env });
}

const start = (...args: string[]): Promise<Ran> =>
  podman(...['run', '--detach', '--name', container, '--network', 'sdn-compat', ...args], ...[...podmanLimits, image]);

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '1');
  await lab.command('kill', 'kubelet');
  const { bin, conf } = cniFolders(folder, lab, worker, { namespace: 'red' });
  const network = `[network]\nnetwork_backend = "cni"\ncni_plugin_dirs = ["${bin}"]\nnetwork_config_dir = "${conf}"\n`;
  writeFileSync(join(folder, 'containers.conf'), network);
  await waitingImage(folder);
  await lab.must(['create', 'namespace', 'red']);
  await until('the namespace has a VNID', async () => (await lab.netid('red').catch(() => 0)) > 0);
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'red', name: container },
    spec: { nodeName: `${worker}.ocp4.rober.lab`, containers: [{ name: 'c', image }] },
  };
  await lab.must(['create', '-f', '-'], JSON.stringify(pod));
});
afterAll(async () => {
  await podman('rm', '--force', '--time=0', container);
  await lab.down();
  rmSync(folder, { recursive: true });
});

test('a container of podman leaves with the egress IP, and its port is open from outside', async () => {
  await lab.patch('hostsubnet', worker, { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  const command = ['--publish', '8089:8080', '--entrypoint', '["/bin/busybox","httpd","-f","-p","8080","-h","/"]'];
  expect(await start(...command)).toMatchObject({ status: 0 });
  const { stdout: pid } = await podman('inspect', '--format', '{{.State.Pid}}', container);
  await until('it leaves with the egress IP', async () => {
    const asked = await run('nsenter', [`--net=/proc/${pid.trim()}/ns/net`, 'curl', '-s', 'http://10.1.8.72:8080/ip']);
    return asked.stdout.trim() === egressIP;
  });
  const url = 'http://192.168.7.11:8089/bin/busybox';
  await until('the port answers', async () => {
    const got = await lab.inside(
      'outside',
      'curl',
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      '--max-time',
      '2',
      url,
    );
    return got.stdout === '200';
  });
});

test('when the container is removed, its port is gone from the bridge', async () => {
  expect(await podman('rm', '--force', '--time=0', container)).toMatchObject({ status: 0 });
  const shown = await lab.node(worker, 'ovs-vsctl', `--db=unix:${lab.dir}/ovs/${worker}/db.sock`, 'list-ports', 'br0');
  expect(shown.stdout).not.toContain('veth');
});
