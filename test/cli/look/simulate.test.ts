import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { hostSubnets, netNamespaces } from '../../../api/kinds.ts';
import { readManifests } from '../../../src/io/input/manifests.ts';
import { exec, type RunResult } from '../../../src/io/programs/exec.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import type { SimulationReport } from '../../../src/model/simulation/report.ts';
import { start } from '../../apiserver/started.ts';
import { program } from '../../program.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'simulate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const simulate = (...args: string[]): Promise<RunResult> => exec(process.execPath, [...program, 'simulate', ...args]);

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const host = (name: string, last: number, ips: string): string => `---
apiVersion: network.openshift.io/v1
kind: HostSubnet
metadata: {name: ${name}}
host: ${name}
hostIP: 192.168.7.${last}
subnet: 10.128.${last}.0/24
egressIPs: ${ips}
egressCIDRs: ["192.168.7.0/24"]
`;
const namespace = (name: string, netid: number, ips: string): string => `---
apiVersion: network.openshift.io/v1
kind: NetNamespace
metadata: {name: ${name}}
netname: ${name}
netid: ${netid}
egressIPs: ${ips}
`;
const cluster = file(
  'cluster.yaml',
  [
    host('worker0', 10, '["192.168.7.200"]'),
    host('worker1', 11, '["192.168.7.201"]'),
    namespace('a', 77, '["192.168.7.200"]'),
    namespace('b', 78, '["192.168.7.201"]'),
  ].join(''),
);

async function report(...args: string[]): Promise<SimulationReport> {
  const { status, stdout, stderr } = await simulate('-f', cluster, '-o', 'json', ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as SimulationReport;
}

test('a node that fails: its IP moves, and nobody stays dropped', async () => {
  const { before, after, moves, drops } = await report('--node-down', 'worker1');
  expect(moves).toEqual([{ egressIP: '192.168.7.201', from: 'worker1', to: 'worker0' }]);
  expect(drops).toEqual([]);
  expect(before.nodes.map(({ load: count }) => count)).toEqual([1, 1]);
  expect(after.nodes.map(({ load: count, online }) => [count, online])).toEqual([
    [2, true],
    [0, false],
  ]);
});

test('adding and removing IPs and CIDRs, and what drops for it', async () => {
  const { after, drops, moves } = await report(
    '--remove-egress-ip',
    'a=192.168.7.200',
    '--add-egress-ip',
    'a=192.168.7.201',
  );
  expect(drops).toEqual(['a', 'b']);
  expect(moves).toEqual([
    { egressIP: '192.168.7.200', from: 'worker0', to: null },
    { egressIP: '192.168.7.201', from: 'worker1', to: null },
  ]);
  expect(after.namespaces.map(({ state, reasons }) => [state, reasons.map(({ code }) => code)])).toEqual([
    ['dropped', ['EgressIPInSeveralNamespaces']],
    ['dropped', ['EgressIPInSeveralNamespaces']],
  ]);
  expect(
    (await report('--set-cidrs', 'worker0=', '--set-cidrs', 'worker1=192.168.7.0/26,192.168.7.202/32')).drops,
  ).toEqual(['b']);
});

test('as YAML it is the same, as a table it is for people', async () => {
  const json = await report('--node-down', 'worker0');
  expect(load((await simulate('-f', cluster, '--node-down', 'worker0', '-o', 'yaml')).stdout)).toEqual(json);
  const table = (await simulate('-f', cluster, '--node-down', 'worker0')).stdout.split('\n');
  expect(table.slice(0, 3)).toEqual([
    'EGRESS IP       NAMESPACES   BEFORE    AFTER',
    '192.168.7.200   a            worker0   worker1   changes',
    '192.168.7.201   b            worker1   worker1',
  ]);
  expect(table).toContain('  192.168.7.200: worker0 -> worker1');
});

test('from a cluster it is the same as from a file', async () => {
  const started = await start();
  const { client, kubeconfig } = started;
  try {
    const read = await readManifests([cluster], [hostSubnets, netNamespaces]);
    for (const { object } of read.ok ? read.value : []) {
      await client.create(
        object['kind'] === 'HostSubnet' ? hostSubnets : netNamespaces,
        object as unknown as KubeObject,
      );
    }
    const { status, stdout } = await simulate(
      '--from-cluster',
      '--kubeconfig',
      kubeconfig,
      '--node-down',
      'worker1',
      '-o',
      'json',
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(await report('--node-down', 'worker1'));
  } finally {
    await started.stop();
  }
});

test('a Node that is not ready is offline, and --node-up says otherwise', async () => {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'worker1' },
    status: { conditions: [{ type: 'Ready', status: 'False' }] },
  };
  const well = { ...node, metadata: { name: 'worker0' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
  const nodes = file('nodes.json', JSON.stringify({ kind: 'List', apiVersion: 'v1', items: [node, well] }));
  const alone = file('node.json', JSON.stringify(node));
  expect((await report('-f', nodes)).moves).toEqual([{ egressIP: '192.168.7.201', from: 'worker1', to: 'worker0' }]);
  expect((await report('-f', nodes, '--node-up', 'worker1')).moves).toEqual([]);
  expect((await simulate('-f', cluster, '-f', alone, '-o', 'json')).stderr).toBe(
    'worker0 has a HostSubnet and no Node: it counts as online, --node-down worker0 says otherwise\n',
  );
});

const wrongType = file('wrong.yaml', `${host('worker0', 10, '[]')}${namespace('a', 7, '7')}`);
const step = JSON.stringify({ op: 'netnamespace', name: 'a', netid: 7, egressIPs: ['10.0.0.1'] });
const scenario = file(
  'wrong.ndjson',
  `{"name":"fine","steps":[${step}]}\n\n{"name":"bad","steps":[${step},{"op":"nodeOffline","nodeIP":"x","offline":true}]}\n`,
);
const notJson = file('not.ndjson', '{"name":"fine","steps":[]}\n{"name":\n');

test.each([
  [['-f', wrongType], `${wrongType}:16: egressIPs: is not a list`],
  [['-f', join(folder, 'absent.yaml')], `${join(folder, 'absent.yaml')}: ENOENT`],
  [['--scenario', scenario], `${scenario}:3: steps[1].nodeIP: "x" is not an IP address`],
  [['--scenario', notJson], `${notJson}:2: `],
  [['-f', cluster, '--node-down', 'nobody'], 'there is no HostSubnet nobody'],
  [['-f', cluster, '--add-egress-ip', 'a=10.0.0.300'], '--add-egress-ip: "10.0.0.300" is not an IP address'],
  [['-f', cluster, '--remove-egress-ip', 'a=10.0.0.3'], 'NetNamespace a does not request 10.0.0.3'],
  [['-f', cluster, '--set-cidrs', 'worker0'], '--set-cidrs: "worker0" is not NODE=CIDR,CIDR'],
  [['-f', cluster, '--node-down', 'worker0', '--node-up', 'worker0'], '--node-down and --node-up both name worker0'],
  [['-f', cluster, '--from-cluster'], 'give one of --from-cluster, -f FILE and --scenario FILE'],
  [['-f', cluster, '-o', 'ndjson'], '-o ndjson goes with --scenario only'],
  [['-f', cluster, '-o', 'xml'], "error: option '-o, --output <format>'"],
])('bad input ends with status 2: %j', async (args, message) => {
  const { status, stderr } = await simulate(...args);
  expect(status).toBe(2);
  expect(stderr.replace(/^sdn-compat: /, '').slice(0, message.length)).toBe(message);
});

test('the recorded scenarios come out as they were recorded, with our allocation beside the reference', async () => {
  const path = join(root, 'test/conformance/egress-state.ndjson');
  const { status, stdout } = await simulate('--scenario', path, '-o', 'ndjson');
  expect(status).toBe(0);
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { steps: Record<string, unknown>[] });
  const ours = lines(stdout);
  const recorded = lines(readFileSync(path, 'utf8'));
  const allocations = ours.flatMap(({ steps }) =>
    steps.filter(({ op }) => op === 'reallocate').map(({ allocation }) => allocation),
  );
  for (const one of ours) for (const ran of one.steps) delete ran['allocation'];
  expect(ours).toEqual(recorded);
  expect(allocations).toHaveLength(1321);
  expect(allocations.every((allocation) => typeof allocation === 'object')).toBe(true);
});

describe('with an EgressPool', () => {
  const shop = (granted: string): string => `---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: network.openshift.io/v1
kind: NetNamespace
metadata: {name: shop, annotations: {sdn-compat/granted-egress-ips: "${granted}"}}
netname: shop
netid: 79
egressIPs: [${granted}]
---
apiVersion: egress.sdn-compat.io/v1
kind: EgressPool
metadata: {name: lan}
spec: {ranges: ["192.168.7.210-192.168.7.211"]}
status: {granted: [${granted === '' ? '' : `{address: ${granted}, namespace: shop}`}]}
`;
  const pooled = file('pooled.yaml', [host('worker0', 10, '[]'), shop('192.168.7.210')].join(''));

  test('what a namespace would get that asks for more', async () => {
    const { stdout, stderr, status } = await simulate('-f', pooled, '-o', 'json', '--request', 'shop=3');
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr:
        'Namespace shop: of 3 egress IPs that it asks for it lacks 1: EgressPool lan has no more free address that a HostSubnet may host\n',
    });
    const { after } = JSON.parse(stdout) as SimulationReport;
    expect(JSON.stringify(after)).toContain('192.168.7.211');
  });

  test('what it would get with a node selector, of nodes that are then selected', async () => {
    const { stdout, stderr } = await simulate(
      ...['-f', pooled, '-o', 'json', '--set-node-selector', 'shop=zone=b', '--request', 'shop=2'],
    );
    expect(stderr).toContain(
      'Namespace shop: of 2 egress IPs that it asks for it lacks 1: EgressPool lan has no more free address that a node of node selector zone=b may host\n',
    );
    expect(JSON.stringify((JSON.parse(stdout) as SimulationReport).after)).not.toContain('192.168.7.211');
  });

  test('and what it would give back', async () => {
    const { stdout, stderr } = await simulate('-f', pooled, '-o', 'json', '--request', 'shop=0');
    expect(stderr).toBe('');
    expect(JSON.stringify((JSON.parse(stdout) as SimulationReport).after)).not.toContain('192.168.7.210');
  });

  test.each([
    [pooled, 'shop', '--request: "" is no number from 0 to 64'],
    [pooled, 'shop=65', '--request: "65" is no number from 0 to 64'],
    [pooled, 'mail=1', '--request: there is no NetNamespace mail'],
    [cluster, 'a=1', '--request: there is no EgressPool'],
  ])('%s: --request %s is bad input', async (input, text, error) => {
    const { status, stderr } = await simulate('-f', input, '--request', text);
    expect([status, stderr]).toEqual([2, `sdn-compat: ${error}\n`]);
  });

  test('status shows the pool, and what its namespaces wait for', async () => {
    const asking = readFileSync(pooled, 'utf8').replace(
      'kind: Namespace\nmetadata: {name: shop}',
      'kind: Namespace\nmetadata: {name: shop, annotations: {egress.sdn-compat.io/request: "3"}}',
    );
    const { stdout } = await exec(process.execPath, [...program, 'status', '-f', file('asking.yaml', asking)]);
    expect(stdout.replaceAll(/ +/g, ' ')).toContain(
      [
        'EGRESS POOL SIZE GRANTED ELSEWHERE FREE QUOTA PROBLEM',
        'lan 2 1 0 1 -',
        '',
        'NAMESPACE ASKS FOR GRANTED REASON',
        'shop 3 192.168.7.210 of 3 egress IPs that it asks for it lacks 1: EgressPool lan has no more free address that a HostSubnet may host',
      ].join('\n'),
    );
  });

  test('a pool in files that has a field of a wrong type is bad input', async () => {
    const wrong = file('wrong.yaml', readFileSync(pooled, 'utf8').replace('ranges: [', 'quota: many, ranges: ['));
    const { status, stderr } = await exec(process.execPath, [...program, 'status', '-f', wrong]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/wrong\.yaml:\d+: spec\.quota/)]);
  });
});
