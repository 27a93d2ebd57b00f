/** Pods that a real runtime makes: containerd calls the plugin by libcni, asked over its CRI as the kubelet asks it. */
import { rmSync } from 'node:fs';
import { must, TestLab, until } from '../e2e/lab.ts';
import { rounds } from '../rounds.ts';
import { Containerd, image, waitingImage } from './containerd.ts';
import { CriError, type Sandbox } from './cri.ts';

const worker = 'worker0';
const other = 'worker1';
const nodeIP = '192.168.7.11';
const local = '192.168.7.240';
const remote = '192.168.7.241';
let lab: TestLab;
let runtime: Containerd;

/** A pod as the API server has it, scheduled to the worker; the runtime makes it run. */
async function scheduled(name: string, annotations: Readonly<Record<string, string>> = {}): Promise<Sandbox> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'red', name, annotations },
    spec: { nodeName: `${worker}.ocp4.rober.lab`, containers: [{ name: 'c', image }] },
  };
  await lab.must(['create', '-f', '-'], JSON.stringify(pod));
  const uid = await lab.must(['get', 'pod', '-n', 'red', name, '-o', 'jsonpath={.metadata.uid}']);
  return { namespace: 'red', name, uid };
}

/** The process id of a sandbox's first process. */
async function pidOf(id: string): Promise<string> {
  const tasks = await runtime.ctr('tasks', 'ls');
  return new RegExp(`^${id}\\s+(\\d+)`, 'm').exec(tasks)![1]!;
}

/** The address that the host outside sees when a sandbox asks it. */
async function source(id: string): Promise<string> {
  const net = `--net=/proc/${await pidOf(id)}/ns/net`;
  return must('nsenter', [net, 'curl', '-s', '--max-time', '2', 'http://10.1.8.72:8080/ip']).catch(() => '');
}

/** The ports of the node's bridge. */
async function ports(): Promise<readonly string[]> {
  const shown = await lab.node(worker, 'ovs-vsctl', `--db=unix:${lab.dir}/ovs/${worker}/db.sock`, 'list-ports', 'br0');
  return shown.stdout.split('\n').filter((port) => port.startsWith('veth'));
}

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2');
  // the lab's own kubelet would make the same pods
  await lab.command('kill', 'kubelet');
  runtime = new Containerd(lab, worker);
  const archive = await waitingImage(runtime.folder);
  await runtime.start();
  await runtime.ctr('images', 'import', '--snapshotter', 'native', archive);
  await lab.must(['create', 'namespace', 'red']);
  await until('the namespace has a VNID', async () => (await lab.netid('red').catch(() => 0)) > 0);
});
afterAll(async () => {
  await runtime.stop();
  rmSync(runtime.folder, { recursive: true });
  await lab.down();
});

test('a sandbox has an address of its node, and leaves with what its namespace asks for', async () => {
  const id = await runtime.cri.run(await scheduled('plain'));
  expect(await runtime.cri.ip(id)).toMatch(/^10\.254\.\d+\.\d+$/);
  await until('it leaves as the node', async () => (await source(id)) === nodeIP);
  await lab.patch('hostsubnet', worker, { egressIPs: [local] });
  await lab.patch('netnamespace', 'red', { egressIPs: [local] });
  await until('it leaves with the egress IP of its node', async () => (await source(id)) === local);
  await lab.patch('hostsubnet', other, { egressIPs: [remote] });
  await lab.patch('netnamespace', 'red', { egressIPs: [remote] });
  await until('it leaves with the egress IP of another node', async () => (await source(id)) === remote);
  await lab.patch('netnamespace', 'red', { egressIPs: [] });
  await runtime.cri.remove(id);
  expect(await ports()).toEqual([]);
});

test('portmap behind it opens a port of the node, from outside and from the node', async () => {
  const pod = { ...(await scheduled('web')), hostPorts: { 8088: 8080 } };
  const id = await runtime.cri.run(pod);
  await runtime.cri.start(id, pod, image, ['/bin/busybox', 'httpd', '-f', '-p', '8080', '-h', '/']);
  const get = (place: string, address: string) => async (): Promise<boolean> => {
    const args = [
      '-s',
      '-o',
      '/dev/null',
      '--max-time',
      '2',
      '-w',
      '%{http_code}',
      `http://${address}:8088/bin/busybox`,
    ];
    return (await lab.inside(place, 'curl', ...args)).stdout === '200';
  };
  await until('from outside', get('outside', nodeIP));
  await until('from the node', get(worker, nodeIP));
  await runtime.cri.remove(id);
  expect(await get('outside', nodeIP)()).toBe(false);
});

test('a sandbox of a pod that is not there is refused by name, and nothing of it stays', async () => {
  const uid = '5e1f0000-0000-4000-8000-000000000001';
  const made = runtime.cri.run({ namespace: 'nowhere', name: 'ghost', uid });
  await expect(made).rejects.toThrow(CriError);
  await expect(made).rejects.toThrow(/nowhere/);
  for (const id of await runtime.cri.sandboxes()) await runtime.cri.remove(id);
  expect(await ports()).toEqual([]);
});

test('without the agent a sandbox waits for it, and the pods that are there go on', async () => {
  const id = await runtime.cri.run(await scheduled('before'));
  await until('it leaves as the node', async () => (await source(id)) === nodeIP);
  await lab.command('kill', 'agent', worker);
  const late = await scheduled('late');
  await expect(runtime.cri.run(late)).rejects.toThrow(/agent of this node does not answer/);
  expect(await source(id)).toBe(nodeIP);
  await lab.command('start', 'agent', worker);
  // as the kubelet does, each time as another attempt
  let attempt = 0;
  const again = (): Promise<string | undefined> =>
    runtime.cri.run({ ...late, attempt: ++attempt }).catch(() => undefined);
  const second = await until('the sandbox is made', again);
  await until('it leaves as the node', async () => (await source(second)) === nodeIP);
  for (const one of await runtime.cri.sandboxes()) await runtime.cri.remove(one);
  expect(await ports()).toEqual([]);
});

test('a runtime that was killed and started again removes what it made before', async () => {
  const id = await runtime.cri.run(await scheduled('kept'));
  const address = await runtime.cri.ip(id);
  await runtime.kill();
  await runtime.start();
  expect(await runtime.cri.ip(id)).toBe(address);
  await until('it leaves as the node', async () => (await source(id)) === nodeIP);
  await runtime.cri.remove(id);
  expect(await ports()).toEqual([]);
});

test('the bandwidth that a pod asks for is that of its sandbox, both ways, and goes with it', async () => {
  const annotations = { 'kubernetes.io/ingress-bandwidth': '7M', 'kubernetes.io/egress-bandwidth': '9M' };
  const id = await runtime.cri.run(await scheduled('slow', annotations));
  const database = `--db=unix:${lab.dir}/ovs/${worker}/db.sock`;
  const queues = async (): Promise<string> =>
    (await lab.node(worker, 'ovs-vsctl', database, '--columns=other_config', 'list', 'qos')).stdout;
  expect(await queues()).toContain('max-rate="7000000"');
  const sends = await must('nsenter', [`--net=/proc/${await pidOf(id)}/ns/net`, 'tc', 'qdisc', 'show', 'dev', 'eth0']);
  expect(sends).toMatch(/tbf .*rate 9Mbit/);
  await runtime.cri.remove(id);
  expect(await queues()).toBe('');
});

test('many sandboxes at once all get an address of their own, and all go', async () => {
  const names = Array.from({ length: rounds(100) }, (_, index) => `many-${index}`);
  const pods = [];
  for (const name of names) pods.push(await scheduled(name));
  const ids = await Promise.all(pods.map((pod) => runtime.cri.run(pod)));
  const addresses = await Promise.all(ids.map((id) => runtime.cri.ip(id)));
  expect(new Set(addresses).size).toBe(names.length);
  expect(await ports()).toHaveLength(names.length);
  expect(await source(ids.at(-1)!)).toBe(nodeIP);
  await Promise.all(ids.map((id) => runtime.cri.remove(id)));
  expect(await ports()).toEqual([]);
}, 600_000);
