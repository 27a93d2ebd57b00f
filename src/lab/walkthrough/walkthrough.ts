/** The published OpenShift SDN egress IP walkthrough, run with real packets and checked at every step. */
import { readFile } from 'node:fs/promises';
import { pause } from '../../io/async/pause.ts';
import { bridge, table } from '../../node/ovs/pipeline.ts';
import { podNamespaceOf } from '../cluster/lab.ts';
import { files, network, nodeNamespace } from '../layout.ts';
import type { Shell } from './shell.ts';

const url = `http://${network.outsideHost}:${network.outsidePort}`;
const egressIP = '192.168.7.200';
const worker0 = '192.168.7.11';
const automaticIP = '192.168.7.201';
const noEgress = { namespace: 'no-egress-ip', pod: 'client' } as const;

/** Milliseconds within which a change must affect packets. */
const patience = 10_000;

interface Pod {
  readonly namespace: string;
  readonly pod: string;
}

type Placed = Pod & { readonly node: string };

function manifest(pods: readonly Placed[]): string {
  const documents = pods.map(({ namespace, pod, node }) =>
    [
      'apiVersion: v1',
      'kind: Pod',
      'metadata:',
      `  name: ${pod}`,
      `  namespace: ${namespace}`,
      'spec:',
      `  nodeName: ${node}.${network.domain}`,
      '  containers:',
      '  - name: client',
      '    image: client',
      '',
    ].join('\n'),
  );
  return documents.join('---\n');
}

/** Creates the namespace of a pod and the pod, as a user does. */
async function createFirst(shell: Shell, pod: Placed): Promise<void> {
  await shell.kubectl(['create', 'namespace', pod.namespace]);
  await shell.settle(pod.namespace);
  await shell.kubectl(['create', '-f', '-'], manifest([pod]));
  await untilReady(shell, pod);
}

async function netnsOf(shell: Shell, { namespace, pod }: Pod): Promise<string> {
  const found = await podNamespaceOf(shell.layout, `${namespace}/${pod}`);
  if (!found.ok) throw new Error(found.error);
  return found.value;
}

async function accessLog(shell: Shell): Promise<string[]> {
  return (await readFile(files.accessLog(shell.layout), 'utf8')).split('\n').filter(Boolean);
}

const clientOf = (line: string): string => line.split(' ', 1)[0] ?? '';

/** Sends five requests; each must be in the log with this source. */
async function fiveRequests(shell: Shell, pod: Pod, source: string): Promise<void> {
  const before = (await accessLog(shell)).length;
  const netns = await netnsOf(shell, pod);
  const name = `${pod.namespace}/${pod.pod}`;
  for (let i = 0; i < 5; i += 1) {
    const answer = await shell.inside(netns, `sdn-compat lab exec ${name}`, [
      'curl',
      '-s',
      '--max-time',
      String(5 * shell.layout.pace),
      url,
    ]);
    shell.check(
      'the server answers OK',
      answer.status === 0 && answer.stdout === 'OK\n',
      answer.stdout + answer.stderr,
    );
  }
  const lines = (await accessLog(shell)).slice(before);
  shell.note('the access log of the server:');
  for (const line of lines) shell.note(line);
  const sources = lines.map(clientOf);
  shell.check(
    `all five came from ${source}`,
    sources.length === 5 && sources.every((one) => one === source),
    sources.join(', '),
  );
}

/** Sends a request that must fail within any time limit. */
async function mustFail(shell: Shell, pod: Pod): Promise<void> {
  const before = (await accessLog(shell)).length;
  const netns = await netnsOf(shell, pod);
  const answer = await shell.inside(netns, `sdn-compat lab exec ${pod.namespace}/${pod.pod}`, [
    'curl',
    '-sS',
    '--max-time',
    '1',
    url,
  ]);
  shell.check(
    'the request fails: the namespace asks for an egress IP that no node hosts',
    answer.status !== 0,
    answer.stdout,
  );
  shell.check('nothing reached the server', (await accessLog(shell)).length === before);
}

/** The source that the server sees, or nothing if there is no answer within 0.1 s. */
async function sourceSeen(shell: Shell, netns: string): Promise<string> {
  const { stdout } = await shell.quietly(netns, [
    'curl',
    '-s',
    '--max-time',
    String(0.1 * shell.layout.pace),
    `${url}/ip`,
  ]);
  return stdout.trim();
}

/**
 * Sends requests until one has the wanted source ('' for no answer), and returns how many ms that took. Until then the
 * server must see `meanwhile` or nothing.
 */
async function untilSource(shell: Shell, pod: Pod, wanted: string, meanwhile: string): Promise<number> {
  const began = performance.now();
  const netns = await netnsOf(shell, pod);
  for (;;) {
    const seen = await sourceSeen(shell, netns);
    const elapsed = performance.now() - began;
    if (seen === wanted) return elapsed;
    if (seen !== '' && seen !== meanwhile) shell.check(`no packet leaves with ${seen}`, false);
    if (elapsed > patience * shell.layout.pace)
      shell.check(
        `the change takes less than ${(patience * shell.layout.pace) / 1000} s`,
        false,
        seen === '' ? 'no answer' : seen,
      );
  }
}

/** Waits for pods of one namespace as a user does. */
async function untilReady(shell: Shell, ...pods: readonly Pod[]): Promise<void> {
  const timeout = `--timeout=${Math.ceil(30 * shell.layout.pace)}s`;
  const names = pods.map(({ pod }) => `pod/${pod}`);
  await shell.kubectl(['wait', '--for=condition=Ready', timeout, '-n', pods[0]?.namespace ?? '', ...names]);
}

async function untilShown(shell: Shell, args: readonly string[], wanted: string): Promise<void> {
  const end = performance.now() + patience * shell.layout.pace;
  let shown = await shell.kubectl(args);
  while (!shown.includes(wanted)) {
    shell.check(`${args.join(' ')} shows ${wanted}`, performance.now() < end, shown);
    await pause(100);
    shown = await shell.kubectl(args);
  }
  shell.check(`${args.join(' ')} shows ${wanted}`, true);
}

const node = (short: string): string => `${short}.${network.domain}`;
const onWorker0: Pod = { namespace: 'egress-test', pod: 'client0' };

async function withoutEgressIP(shell: Shell): Promise<void> {
  shell.title("A namespace without an egress IP leaves with the address of its pod's node");
  await createFirst(shell, { ...noEgress, node: 'worker0' });
  await fiveRequests(shell, noEgress, worker0);
}

async function requestedByNobodyHosted(shell: Shell): Promise<void> {
  shell.title('A namespace asks for an egress IP that no node hosts yet: its traffic is dropped');
  await createFirst(shell, { ...onWorker0, node: 'worker0' });
  await shell.kubectl(['patch', 'netnamespace', 'egress-test', '--type=merge', '-p', `{"egressIPs": ["${egressIP}"]}`]);
  const shown = await shell.kubectl(['get', 'netnamespace', 'egress-test']);
  shell.check('the NetNamespace shows it', shown.includes(`["${egressIP}"]`), shown);
  const elapsed = await untilSource(shell, onWorker0, '', worker0);
  shell.note(`from the patch to the first dropped packet: ${Math.round(elapsed)} ms`);
  await mustFail(shell, onWorker0);
  await tellClosed(shell);
}

async function hosted(shell: Shell): Promise<void> {
  shell.title('worker2 hosts the egress IP');
  const patch = ['patch', 'hostsubnet', node('worker2'), '--type=merge', '-p', `{"egressIPs": ["${egressIP}/24"]}`];
  await shell.kubectl(patch);
  const elapsed = await untilSource(shell, onWorker0, egressIP, '');
  shell.note(`from the patch to the first packet with the new address: ${Math.round(elapsed)} ms`);
  const limit = (shell.layout.ovn === undefined ? 2 : 5) * shell.layout.pace;
  shell.check(`that is less than ${limit} s`, elapsed < limit * 1_000);
  await untilShown(shell, ['get', 'hostsubnet'], `["${egressIP}"]`);
  for (const short of ['worker0', 'worker1', 'worker2']) {
    const shown = await shell.inside(nodeNamespace(shell.layout, short), `sdn-compat lab node-exec ${short}`, [
      'ip',
      'a',
      'show',
      'br-ex',
    ]);
    const line = shown.stdout.split('\n').find((one) => one.includes(`inet ${egressIP}/`)) ?? '';
    if (short !== 'worker2') shell.check(`${short} does not have the address`, line === '', line);
    else
      shell.check(
        'worker2 has the address: secondary, with our label',
        line.includes('secondary') && line.trimEnd().endsWith(':eip'),
        line,
      );
  }
}

/** What OVN-Kubernetes cannot do by itself. */
async function tellClosed(shell: Shell): Promise<void> {
  if (shell.layout.ovn === undefined) return;
  shell.note('OVN-Kubernetes would let it leave with the address of its node; this closes the namespace until then:');
  const shown = await shell.kubectl(['get', 'egressfirewall', '-n', 'egress-test', 'default', '-o', 'yaml']);
  shell.check('an EgressFirewall denies everything but the nodes', shown.includes('cidrSelector: 0.0.0.0/0'), shown);
}

/** Only on OVN-Kubernetes: there a move is more than two patches. */
async function moved(shell: Shell): Promise<void> {
  shell.title('The egress IP moves from worker2 to worker1');
  const patch = (short: string, ips: string): Promise<string> =>
    shell.kubectl(['patch', 'hostsubnet', node(short), '--type=merge', '-p', `{"egressIPs": ${ips}}`]);
  await patch('worker2', '[]');
  await patch('worker1', `["${egressIP}"]`);
  shell.note('OVN-Kubernetes takes it away before it gives it; the namespace is closed meanwhile, so nothing leaves');
  await untilShown(shell, ['get', 'egressip'], node('worker1'));
  const elapsed = await untilSource(shell, onWorker0, egressIP, '');
  shell.note(`from its new place to the first packet with the address: ${Math.round(elapsed)} ms`);
  await fiveRequests(shell, onWorker0, egressIP);
}

async function fromEverywhere(shell: Shell): Promise<void> {
  shell.title('Pods of the namespace on every node leave with the egress IP');
  const pods = [
    { ...onWorker0, node: 'worker0' },
    { namespace: 'egress-test', pod: 'client2', node: 'worker2' },
    { namespace: 'egress-test', pod: 'client1', node: 'worker1' },
  ] as const;
  await shell.kubectl(['create', '-f', '-'], manifest(pods.slice(1)));
  await untilReady(shell, ...pods.slice(1));
  for (const pod of pods) {
    shell.note(`from ${node(pod.node)}:`);
    await fiveRequests(shell, pod, egressIP);
  }
  shell.note('and the other namespace as before:');
  await fiveRequests(shell, noEgress, worker0);
}

async function removed(shell: Shell): Promise<void> {
  shell.title("The egress IP is removed from the NetNamespace: the node's address again, and nothing is left behind");
  await shell.kubectl(['patch', 'netnamespace', 'egress-test', '--type=merge', '-p', '{"egressIPs": null}']);
  const elapsed = await untilSource(shell, onWorker0, worker0, egressIP);
  shell.note(`from the patch to the first packet with the node's address: ${Math.round(elapsed)} ms`);
  await fiveRequests(shell, onWorker0, worker0);
  for (const short of ['worker0', 'worker1', 'worker2']) {
    const inside = (argv: readonly [string, ...string[]]): Promise<string> =>
      shell.quietly(nodeNamespace(shell.layout, short), argv).then(({ stdout }) => stdout);
    const end = performance.now() + patience * shell.layout.pace;
    let left = '';
    do {
      const addresses = await inside(['ip', '-4', 'addr']);
      const rules = await inside(['nft', 'list', 'table', 'ip', 'sdn_compat']);
      const flows = await inside([
        'env',
        `OVS_RUNDIR=${files.ovs(shell.layout, short)}`,
        'ovs-ofctl',
        '-O',
        'OpenFlow13',
        'dump-flows',
        bridge,
        `table=${table.egressIP}`,
      ]);
      const connections = await inside(['conntrack', '-L']);
      left = [addresses, rules, flows, connections]
        .join('\n')
        .split('\n')
        .filter((line) => line.includes(egressIP) || /reg0=/.test(line))
        .join('; ');
    } while (left !== '' && performance.now() < end);
    shell.check(`${short}: address, flows and NAT entries are gone`, left === '', left);
  }
}

async function automatic(shell: Shell): Promise<void> {
  const chooser = shell.layout.ovn === undefined ? 'the controller' : 'OVN-Kubernetes';
  shell.title(`worker0 and worker1 have egressCIDRs: ${chooser} chooses the node of a second namespace's egress IP`);
  const pod: Pod = { namespace: 'egress-auto', pod: 'client' };
  for (const short of ['worker0', 'worker1']) {
    await shell.kubectl([
      'patch',
      'hostsubnet',
      node(short),
      '--type=merge',
      '-p',
      '{"egressCIDRs": ["192.168.7.0/24"]}',
    ]);
  }
  await createFirst(shell, { ...pod, node: 'worker2' });
  await shell.kubectl([
    'patch',
    'netnamespace',
    pod.namespace,
    '--type=merge',
    '-p',
    `{"egressIPs": ["${automaticIP}"]}`,
  ]);
  const elapsed = await untilSource(shell, pod, automaticIP, '192.168.7.13');
  shell.note(`from the patch to the first packet with the new address: ${Math.round(elapsed)} ms`);
  await untilShown(shell, ['get', 'hostsubnet'], `["${automaticIP}"]`);
  const hosts = await shell.kubectl([
    'get',
    'hostsubnet',
    node('worker0'),
    node('worker1'),
    '-o',
    'jsonpath={.items[*].egressIPs[*]}',
  ]);
  shell.check('one of the two lists it', hosts.trim() === automaticIP, hosts);
  await fiveRequests(shell, pod, automaticIP);
}

/** Runs all steps; throws Difference at the first result that is not as published. */
export async function walkthrough(shell: Shell): Promise<void> {
  const more = shell.layout.ovn === undefined ? [] : [moved];
  const steps = [withoutEgressIP, requestedByNobodyHosted, hosted, fromEverywhere, ...more, removed, automatic];
  for (const step of steps) await step(shell);
}
