/** `sdn-compat lab …`: nodes out of network namespaces with real Open vSwitch, on this machine. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import sumBy from 'lodash/sumBy.js';
import pc from 'picocolors';
import { openKube } from '../io/kube/config.ts';
import { createLogger, type Logger } from '../io/log.ts';
import { exec } from '../io/programs/exec.ts';
import { type LabDeps } from '../lab/cluster/apiserver.ts';
import { leftThere, takeNamespace } from '../lab/cluster/guest.ts';
import { down, findLab, podNamespaceOf, processes, up } from '../lab/cluster/lab.ts';
import type { HostKind } from '../lab/hosts/kinds.ts';
import { defaultLabName, files, type LabNode, type Layout, layoutOf, network, nodeNamespace } from '../lab/layout.ts';
import { type Component, fail, type FailMode, heal, isPerNode, kill, start } from '../lab/nodes/faults.ts';
import type { Build } from '../lab/ovn/builds.ts';
import { measurePace } from '../lab/pace.ts';
import type { ProxyForm } from '../lab/proxy-forms.ts';
import { Difference, type Screen, Shell } from '../lab/walkthrough/shell.ts';
import { walkthrough } from '../lab/walkthrough/walkthrough.ts';
import type { Result } from '../model/values/result.ts';
import { quoted } from '../model/values/shell.ts';
import { type DatapathOption, kernelHasDatapath } from '../node/ovs/datapath.ts';
import { Failure } from './fail.ts';
import { labFolder, self } from './program.ts';

export interface LabFlags {
  readonly name: string;
}

export interface DownFlags extends LabFlags {
  readonly leaveServer: boolean;
}

export interface LogFlags extends LabFlags {
  readonly lines: number;
}

export interface ServicesFlags extends LabFlags {
  readonly form: ProxyForm;
}

export interface UpFlags extends LabFlags {
  readonly nodes: number;
  readonly port?: number;
  readonly agentOption: readonly string[];
  readonly datapath: DatapathOption;
  readonly host: readonly HostKind[];
  readonly kubeconfig?: string;
  readonly ovn?: Build;
  readonly services?: ProxyForm;
}

const root = process.env['SDN_COMPAT_LAB_DIR'] ?? labFolder;

const programs = [
  'ip',
  'nft',
  'ovs-vswitchd',
  'ovsdb-server',
  'ovs-vsctl',
  'conntrack',
  'arping',
  'ethtool',
  'socat',
  'curl',
  'kubectl',
];

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Failure(result.error);
  return result.value;
}

/** The lab of that name; throws Failure if there is none. */
export async function layoutNamed(name: string): Promise<Layout> {
  return must(await findLab(root, name));
}

function labLogger(): Logger {
  return createLogger({ level: 'warn', name: 'sdn-compat-lab' });
}

function deps(): LabDeps {
  return { exec, logger: labLogger(), self };
}

/** Rejects early what cannot work, naming what is missing and how to fix it. */
async function checkMachine(needed: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) throw new Failure('the lab makes network namespaces and needs root: run it with sudo');
  for (const program of needed) {
    const found = await exec(program, ['--version']).then(
      () => true,
      () => false,
    );
    const how = programs.includes(program)
      ? "run 'make setup', which installs what the lab needs"
      : 'install the package iptables, or choose what needs no iptables';
    if (!found) throw new Failure(`${program} is not installed: ${how}`);
  }
  const probe = `sdnc-probe-${process.pid}`;
  const made = await exec('ip', ['netns', 'add', probe]);
  if (made.status !== 0)
    throw new Failure(
      `this machine makes no network namespaces (${made.stderr.trim()}): the lab needs CAP_SYS_ADMIN and a writable /run/netns`,
    );
  await exec('ip', ['netns', 'del', probe]);
}

/** The port if it is free; a free one for undefined. */
function freePort(wanted: number | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', () =>
      reject(new Failure(`port ${wanted ?? 0} of 127.0.0.1 is taken: choose another with --port`)),
    );
    server.listen(wanted ?? 0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function bringUp(flags: UpFlags): Promise<Layout> {
  const needsIptables = flags.host.includes('proxied-iptables') || flags.services === 'iptables';
  await checkMachine(needsIptables ? [...programs, 'iptables-nft-restore'] : programs);
  if (flags.datapath === 'system' && !(await kernelHasDatapath(exec)))
    throw new Failure(
      "this kernel lacks Open vSwitch's datapath (no netlink family ovs_datapath): load the module openvswitch, or use --datapath netdev",
    );
  const port = await freePort(flags.port);
  const pace = await measurePace(exec, process.env['SDN_COMPAT_LAB_PACE']);
  const ovn = flags.ovn === undefined ? {} : { ovn: { build: flags.ovn, port: await freePort(undefined) } };
  const layout = must(layoutOf(root, flags.name, { workers: flags.nodes, port, pace, ...ovn }));
  const interrupted = (): void => {
    void down(deps(), layout).finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const { agentOption: agentOptions, datapath, host: hosts, kubeconfig, services } = flags;
  const given = {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(services === undefined ? {} : { services }),
  };
  must(await up(deps(), layout, { agentOptions, datapath, hosts, ...given }));
  process.off('SIGINT', interrupted);
  process.off('SIGTERM', interrupted);
  return layout;
}

/** What a shell must be told to use the lab. */
const exportLine = (layout: Layout): string => `export KUBECONFIG=${quoted(files.kubeconfig(layout))}`;

/** `lab up`. */
export async function labUp(flags: UpFlags): Promise<void> {
  const began = performance.now();
  const layout = await bringUp(flags);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const name = flags.name === 'default' ? '' : ` --name ${flags.name}`;
  process.stdout.write(`lab ${flags.name} is up after ${seconds} s: ${layout.nodes.map((node) => node.name).join(', ')}

${exportLine(layout)}

kubectl get nodes
kubectl get hostsubnet
sdn-compat lab exec${name} NAMESPACE/POD -- curl -s http://${network.outsideHost}:${network.outsidePort}/ip
sdn-compat lab node-exec${name} worker${Math.min(flags.nodes - 1, 2)} -- ip a
sdn-compat lab log${name}
sdn-compat lab down${name}
`);
}

/** `lab down`. */
export async function labDown(flags: DownFlags): Promise<void> {
  if (process.getuid?.() !== 0) throw new Failure('removing network namespaces needs root: run it with sudo');
  const found = await findLab(root, flags.name);
  const layout = found.ok ? found.value : must(layoutOf(root, flags.name, { workers: 1, port: 0, pace: 1 }));
  const left = flags.leaveServer ? await leftThere(layout) : undefined;
  must(await down(deps(), layout, flags));
  process.stdout.write(`lab ${flags.name} is down\n`);
  if (left !== undefined) process.stdout.write(`on the API server stays what these would remove:\n${left}\n`);
}

/** `lab status`: exit status 1 if a process is not running. */
export async function labStatus(flags: LabFlags): Promise<void> {
  const layout = await layoutNamed(flags.name);
  const all = await processes(layout);
  const rows = all.map(({ name, pid, running, memory }) => [
    name,
    String(pid),
    running ? 'running' : 'ended',
    `${memory.toFixed(0)} MiB`,
  ]);
  for (const row of [['PROCESS', 'PID', 'STATE', 'MEMORY'], ...rows]) {
    process.stdout.write(
      `${row
        .map((cell, index) => cell.padEnd([28, 9, 9, 0][index] ?? 0))
        .join('')
        .trimEnd()}\n`,
    );
  }
  const total = sumBy(all, 'memory');
  process.stdout.write(`${all.length} processes, ${total.toFixed(0)} MiB\n${exportLine(layout)}\n`);
  if (all.some(({ running }) => !running)) process.exitCode = 1;
}

/** Runs a command in a namespace on this terminal; its exit status becomes ours. */
async function passThrough(
  netns: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (argv.length === 0) throw new Failure('name the command to run behind --', 2);
  const child = spawn('ip', ['netns', 'exec', netns, ...argv], { stdio: 'inherit', env: { ...process.env, ...env } });
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** `lab exec NAMESPACE/POD -- CMD…`. */
export async function labExec(pod: string, argv: readonly string[], flags: LabFlags): Promise<void> {
  const layout = await layoutNamed(flags.name);
  await passThrough(must(await podNamespaceOf(layout, pod)), argv);
}

/** `lab node-exec NODE -- CMD…`. */
export async function labNodeExec(nodeName: string, argv: readonly string[], flags: LabFlags): Promise<void> {
  const layout = await layoutNamed(flags.name);
  const node = nodeOf(layout, nodeName);
  await passThrough(nodeNamespace(layout, node.short), argv, { OVS_RUNDIR: files.ovs(layout, node.short) });
}

function nodeOf(layout: Layout, name: string): LabNode {
  const node = layout.nodes.find((one) => one.short === name || one.name === name);
  if (node !== undefined) return node;
  throw new Failure(
    `lab ${layout.name} has no node ${name}; it has ${layout.nodes.map(({ short }) => short).join(', ')}`,
  );
}

/** `lab fail NODE --mode MODE`. */
export async function labFail(nodeName: string, flags: LabFlags & { readonly mode: FailMode }): Promise<void> {
  const layout = await layoutNamed(flags.name);
  const node = nodeOf(layout, nodeName);
  const missing = await fail(exec, layout, node, flags.mode);
  process.stdout.write(
    `${node.name}: ${flags.mode} failed${missing === undefined ? '' : ` (${missing})`}; repair it with: sdn-compat lab heal ${node.short}${flags.name === defaultLabName ? '' : ` --name ${flags.name}`}\n`,
  );
}

/** `lab heal NODE`. */
export async function labHeal(nodeName: string, flags: LabFlags): Promise<void> {
  const layout = await layoutNamed(flags.name);
  const node = nodeOf(layout, nodeName);
  await heal(exec, layout, node);
  process.stdout.write(`${node.name} is fixed\n`);
}

/** `lab kill COMPONENT [NODE]` and `lab start COMPONENT [NODE]`. */
export async function labComponent(
  verb: 'kill' | 'start',
  component: Component,
  nodeName: string | undefined,
  flags: LabFlags,
): Promise<void> {
  const layout = await layoutNamed(flags.name);
  if (isPerNode(component) && nodeName === undefined)
    throw new Failure(`each node has its ${component}: name one behind it`, 2);
  if (!isPerNode(component) && nodeName !== undefined)
    throw new Failure(`a lab has one ${component}: name no node behind it`, 2);
  const node = nodeName === undefined ? undefined : nodeOf(layout, nodeName);
  if (verb === 'kill') await kill(layout, component, node);
  else await start(exec, layout, component, node);
  process.stdout.write(
    `${component}${node === undefined ? '' : ` of ${node.name}`} ${verb === 'kill' ? 'killed' : 'runs'}\n`,
  );
}

/** `lab log`. */
export async function labLog(flags: LogFlags): Promise<void> {
  const layout = await layoutNamed(flags.name);
  const lines = (await readFile(files.accessLog(layout), 'utf8')).split('\n').filter(Boolean);
  for (const line of flags.lines === 0 ? [] : lines.slice(-flags.lines)) process.stdout.write(`${line}\n`);
}

const screen: Screen = {
  write: (text) => process.stdout.write(text),
  bold: pc.bold,
  good: pc.green,
  bad: pc.red,
};

async function walk(layout: Layout): Promise<void> {
  const client = await openKube({ kubeconfig: files.kubeconfig(layout), logger: labLogger(), userAgent: 'sdn-compat' });
  try {
    await walkthrough(new Shell(exec, layout, screen, (namespace) => takeNamespace(client, layout, namespace)));
  } finally {
    client.close();
  }
}

/** `lab walkthrough`: brings a lab up, runs the walkthrough, takes it down; exit status 1 at the first difference. */
export async function labWalkthrough(flags: UpFlags): Promise<void> {
  const began = performance.now();
  const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);
  const layout = await bringUp(flags);
  const interrupted = (): void => {
    void down(deps(), layout).finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    screen.write(`the lab is up after ${seconds(began)} s: ${layout.nodes.length} nodes\n`);
    const walked = performance.now();
    await walk(layout);
    const memory = sumBy(await processes(layout), 'memory');
    screen.write(
      `\nevery result is as published; the walkthrough took ${seconds(walked)} s, the lab has ${memory.toFixed(0)} MiB of memory\n`,
    );
  } catch (error) {
    if (error instanceof Difference) throw new Failure(error.message);
    throw error;
  } finally {
    await down(deps(), layout);
    screen.write(`everything that was started is stopped; ${seconds(began)} s in all\n`);
  }
}
