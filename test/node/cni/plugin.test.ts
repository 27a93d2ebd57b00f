/** The plugin as the runtime runs it: a process with an environment and standard input. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '../../../src/io/programs/exec.ts';
import { fieldOf } from '../../../src/model/values/json.ts';
import { supportedVersions } from '../../../src/node/cni/protocol.ts';
import { type CniRequest, type CniResult, serveCni } from '../../../src/node/cni/server.ts';

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

const environment = {
  CNI_CONTAINERID: 's1',
  CNI_NETNS: '/run/netns/p1',
  CNI_IFNAME: 'eth0',
  CNI_ARGS: 'K8S_POD_NAMESPACE=red;K8S_POD_NAME=p1',
  CNI_PATH: '/opt/cni/bin',
};
async function plugin(command: string, config: object = {}): Promise<readonly [number, unknown]> {
  const { status, stdout } = await exec(process.execPath, ['src/node/cni/start.ts'], {
    env: { ...environment, CNI_COMMAND: command, NODE_OPTIONS: '' },
    input: JSON.stringify({ cniVersion: '1.0.0', name: 'sdn', type: 'sdn-compat', socket, ...config }),
  });
  return [status, stdout === '' ? undefined : JSON.parse(stdout)];
}

const result: CniResult = {
  ip: '10.254.0.2',
  prefixLength: 24,
  gateway: '10.254.0.1',
  mac: '0a:58:0a:fe:00:02',
  mtu: 1450,
  networks: ['10.254.0.0/16'],
};

it('asks the agent, and prints where the pod is', async () => {
  const asked: CniRequest[] = [];
  const handle = (request: CniRequest): Promise<CniResult> => {
    asked.push(request);
    return Promise.resolve(result);
  };
  await serveCni(socket, handle, stop.signal);
  expect(await plugin('ADD')).toMatchObject([
    0,
    { cniVersion: '1.0.0', ips: [{ address: '10.254.0.2/24', gateway: '10.254.0.1' }] },
  ]);
  expect(asked).toMatchObject([
    { command: 'ADD', sandbox: 's1', netns: '/run/netns/p1', device: 'eth0', namespace: 'red', name: 'p1' },
  ]);
});

it('prints nothing for a DEL that succeeded', async () => {
  await serveCni(socket, () => Promise.resolve(undefined), stop.signal);
  expect(await plugin('DEL')).toEqual([0, undefined]);
});

it("tells the runtime the agent's own words", async () => {
  await serveCni(socket, () => Promise.reject(new Error('pod red/p1: no address is free')), stop.signal);
  expect(await plugin('ADD')).toEqual([1, { cniVersion: '1.0.0', code: 100, msg: 'pod red/p1: no address is free' }]);
});

it('asks to be tried again later when there is no agent', async () => {
  const [status, error] = await plugin('ADD');
  expect([status, error]).toMatchObject([1, { code: 11, msg: `the agent of this node does not answer at ${socket}` }]);
  expect(fieldOf(error, 'details')).toMatch(/ENOENT/);
});

it('says in its status that the agent is not ready, for whatever reason', async () => {
  const notReady = [1, { code: 50, msg: 'the agent of this node is not ready' }];
  expect(await plugin('STATUS', { cniVersion: '1.1.0' })).toMatchObject(notReady);
  await serveCni(socket, () => Promise.reject(new Error('the node is not ready yet')), stop.signal);
  expect(await plugin('STATUS', { cniVersion: '1.1.0' })).toMatchObject(notReady);
});

it('knows its versions without an agent, and refuses what it cannot read', async () => {
  expect(await plugin('VERSION')).toMatchObject([0, { supportedVersions }]);
  expect(await plugin('ADD', { cniVersion: '0.1.0' })).toMatchObject([1, { code: 1 }]);
});
