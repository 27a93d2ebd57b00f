/** Breaks parts of a lab on purpose, and repairs them. Each fault has its opposite; both are idempotent. */
import { connect } from 'node:net';
import { pause } from '../../io/async/pause.ts';
import { type Exec, must } from '../../io/programs/exec.ts';
import { agentPort, type LabNode, type Layout, nodeNamespace } from '../layout.ts';
import { findDaemon, isRunning, killDaemon, restartDaemon } from './daemons.ts';
import { startSwitch } from './switches.ts';

/** What can be broken on a node. */
export const failModes = ['link', 'power', 'api', 'agent', 'ovs', 'slow'] as const;
export type FailMode = (typeof failModes)[number];

/** The parts of a lab that can be killed; those of a node need its name. */
export const components = [
  'apiserver',
  'controller',
  'kubelet',
  'web',
  'ovn',
  'underlay',
  'agent',
  'ovs',
  'relay',
] as const;
export type Component = (typeof components)[number];

const perNode: Readonly<Partial<Record<Component, string>>> = { agent: 'node', ovs: 'ovs-vswitchd', relay: 'relay' };

/** Whether each node has this component. */
export function isPerNode(component: Component): boolean {
  return perNode[component] !== undefined;
}

/** The name of a component's process in the lab's records. */
export function processOf(component: Component, node: LabNode | undefined): string {
  const prefix = perNode[component];
  return prefix === undefined ? component : `${prefix}-${node?.short ?? ''}`;
}

/** Kills a component at once (SIGKILL); one that is not running is not an error. */
export async function kill(layout: Layout, component: Component, node: LabNode | undefined): Promise<void> {
  await killDaemon(layout, processOf(component, node));
}

/** Restarts a component as it was started; leaves a running one alone. */
export async function start(run: Exec, layout: Layout, component: Component, node: LabNode | undefined): Promise<void> {
  const name = processOf(component, node);
  const present = await findDaemon(layout, name);
  if (present !== undefined && (await isRunning(present))) return;
  if (component === 'ovs' && node !== undefined) await startSwitch(run, layout, node);
  else await restartDaemon(layout, name);
  if (component === 'apiserver') await listening(layout);
}

/** Waits until the API server listens; throws after 10 s, or more on a slow machine. */
async function listening({ port, pace }: Layout): Promise<void> {
  const end = performance.now() + 10_000 * pace;
  for (;;) {
    const answers = await new Promise<boolean>((resolve): void => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => resolve(false));
      socket.on('connect', () => {
        socket.destroy();
        resolve(true);
      });
    });
    if (answers) return;
    await pause(50);
    if (performance.now() > end) throw new Error(`the API server does not listen at 127.0.0.1:${port} again`);
  }
}

/** The share of a slow node's frames that is lost, in percent. */
const slowLoss = 20;
const slowDelay = '200ms';

async function setLink(run: Exec, layout: Layout, node: LabNode, state: 'up' | 'down'): Promise<void> {
  await must(run, 'ip', ['-n', layout.namespaces.underlay, 'link', 'set', node.short, state]);
}

function inside(run: Exec, netns: string, argv: readonly string[], input?: string): Promise<string> {
  return must(run, 'ip', ['netns', 'exec', netns, ...argv], input === undefined ? {} : { input });
}

/** Cuts the node's processes off from the API server: traffic both ways is dropped silently. */
async function cutApi(run: Exec, layout: Layout, node: LabNode): Promise<void> {
  const drop = [`tcp dport ${agentPort(layout)} drop`, `tcp sport ${agentPort(layout)} drop`]
    .map((rule) => `oifname "lo" ${rule};`)
    .join(' ');
  const rules = `table inet lab_fail {}\ndelete table inet lab_fail\ntable inet lab_fail { chain api { type filter hook output priority 0; ${drop} }; }\n`;
  await inside(run, nodeNamespace(layout, node.short), ['nft', '-f', '-'], rules);
}

/** Drops a share of what the node sends and, if the kernel can, delays the rest. Returns what it could not do. */
async function slow(run: Exec, layout: Layout, node: LabNode): Promise<string | undefined> {
  const netns = layout.namespaces.underlay;
  const table = `slow_${node.short}`;
  const chain = `chain in { type filter hook ingress device "${node.short}" priority 0; numgen random mod 100 < ${slowLoss} drop; }`;
  await inside(
    run,
    netns,
    ['nft', '-f', '-'],
    `table netdev ${table} {}\ndelete table netdev ${table}\ntable netdev ${table} { ${chain}; }\n`,
  );
  const delayed = await run('ip', [
    'netns',
    'exec',
    nodeNamespace(layout, node.short),
    'tc',
    'qdisc',
    'replace',
    'dev',
    'ens3',
    'root',
    'netem',
    'delay',
    slowDelay,
  ]);
  return delayed.status === 0
    ? undefined
    : `this kernel has no netem: ${slowLoss} % of its frames are lost, none is delayed`;
}

/** Breaks a node; returns what could not be done. */
export async function fail(run: Exec, layout: Layout, node: LabNode, mode: FailMode): Promise<string | undefined> {
  switch (mode) {
    case 'link':
      await setLink(run, layout, node, 'down');
      return undefined;
    case 'power':
      await setLink(run, layout, node, 'down');
      for (const component of ['agent', 'ovs', 'relay'] as const) await kill(layout, component, node);
      return undefined;
    case 'api':
      await cutApi(run, layout, node);
      return undefined;
    case 'agent':
    case 'ovs':
      await kill(layout, mode, node);
      return undefined;
    case 'slow':
      return slow(run, layout, node);
  }
}

/** Repairs whatever `fail` broke on a node. */
export async function heal(run: Exec, layout: Layout, node: LabNode): Promise<void> {
  await run('ip', ['netns', 'exec', nodeNamespace(layout, node.short), 'nft', 'delete', 'table', 'inet', 'lab_fail']);
  await run('ip', [
    'netns',
    'exec',
    layout.namespaces.underlay,
    'nft',
    'delete',
    'table',
    'netdev',
    `slow_${node.short}`,
  ]);
  await run('ip', ['netns', 'exec', nodeNamespace(layout, node.short), 'tc', 'qdisc', 'del', 'dev', 'ens3', 'root']);
  for (const component of ['ovs', 'relay', 'agent'] as const) await start(run, layout, component, node);
  await setLink(run, layout, node, 'up');
}
