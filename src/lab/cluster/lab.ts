/** Brings a whole lab up, describes it, and takes it down. */
import { mkdir, readdir, readFile, readlink, realpath, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pause } from '../../io/async/pause.ts';
import { type Exec, must } from '../../io/programs/exec.ts';
import { isRecord } from '../../model/values/json.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { quoted } from '../../model/values/shell.ts';
import { askAgent } from '../../node/cni/client.ts';
import { chooseDatapath, type DatapathOption, kernelHasDatapath } from '../../node/ovs/datapath.ts';
import type { Datapath } from '../../node/values/facts.ts';
import { furnish, furnishLater } from '../hosts/furnish.ts';
import { type HostKind, hostProfile } from '../hosts/kinds.ts';
import {
  agentPort,
  checkLabName,
  files,
  type LabSize,
  type Layout,
  layoutOf,
  linkRoot,
  nodeNamespace,
  type OvnLab,
} from '../layout.ts';
import { daemonNames, endAll, endDaemons, findDaemon, isRunning, processesIn, startDaemon } from '../nodes/daemons.ts';
import { databaseOf, makeSwitch } from '../nodes/switches.ts';
import { connectNode, labNamespaces, makeWires } from '../nodes/wires.ts';
import { builds } from '../ovn/builds.ts';
import type { ProxyForm } from '../proxy-forms.ts';
import { ownNamespace } from './accounts.ts';
import { type LabDeps, lastLine, leaveGiven, serveOwn, useGiven } from './apiserver.ts';
import { isGiven } from './given.ts';

/** Reads the layout of the lab with this name; fails if there is none or its description is damaged. */
export async function findLab(root: string, name: string): Promise<Result<Layout>> {
  const checked = checkLabName(name);
  if (!checked.ok) return checked;
  const size = sizeFrom(await readFile(join(root, name, 'lab.json'), 'utf8').catch(() => ''));
  const layout = size === undefined ? undefined : layoutOf(root, name, size);
  if (layout?.ok === true) return layout;
  if (!(await hasTraces(join(root, name), name)))
    return err(`there is no lab ${name}; make one with: sdn-compat lab up --name ${name}`);
  return err(
    `the description of lab ${name} (lab.json) is damaged: remove the lab with: sdn-compat lab down --name ${name}`,
  );
}

/** Parses `lab.json`; undefined if a full disk or a crash truncated it. */
function sizeFrom(text: string): LabSize | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || typeof value['workers'] !== 'number') return undefined;
    const { workers, port, pace } = value;
    const ovn = ovnFrom(value['ovn']);
    return {
      workers,
      port: typeof port === 'number' ? port : 0,
      pace: typeof pace === 'number' ? pace : 1,
      ...(ovn === undefined ? {} : { ovn }),
    };
  } catch {
    return undefined;
  }
}

function ovnFrom(value: unknown): OvnLab | undefined {
  if (!isRecord(value) || typeof value['port'] !== 'number') return undefined;
  const build = builds.find((one) => one === value['build']);
  return build === undefined ? undefined : { build, port: value['port'] };
}

/** Whether a lab exists there: its folder is not empty, or its short path leads there. */
async function hasTraces(dir: string, name: string): Promise<boolean> {
  const entries = await readdir(dir).catch((): string[] => []);
  return entries.length > 0 || (await readlink(join(linkRoot, name)).catch(() => '')) === dir;
}

/** Reserves the name: fails if a lab with this name exists, here or in another checkout. */
async function claim(layout: Layout): Promise<Result<void>> {
  await mkdir(linkRoot, { recursive: true });
  await mkdir(layout.dir, { recursive: true });
  try {
    await symlink(layout.dir, layout.link);
  } catch {
    const owner = await readlink(layout.link).catch(() => 'another folder');
    const other = await otherFolder(layout);
    if (other !== undefined) await rmdir(layout.dir).catch(() => undefined); // made above, if it is empty
    const where = other === undefined ? '' : `SDN_COMPAT_LAB_DIR=${quoted(dirname(other))} `;
    return err(
      `the lab name ${layout.name} is taken (${owner}); choose another with --name, or end that lab with: ${where}sdn-compat lab down --name ${layout.name}`,
    );
  }
  const folders = ['log', 'run', 'ovs', 'cni', 'pods', 'kubectl-cache'];
  await Promise.all(folders.map((folder) => mkdir(join(layout.dir, folder), { recursive: true })));
  await writeFile(
    files.description(layout),
    JSON.stringify({ workers: layout.nodes.length - 1, port: layout.port, pace: layout.pace, ovn: layout.ovn }),
  );
  await writeFile(files.accessLog(layout), '');
  return ok(undefined);
}

/** The options of a new lab. */
export interface UpOptions {
  /** Additional options of every agent, `name=value`. */
  readonly agentOptions: readonly string[];
  /** The datapath of every node's bridges. */
  readonly datapath: DatapathOption;
  /** The kinds of every node's host. */
  readonly hosts: readonly HostKind[];
  /** The kubeconfig of an API server that is already there, to run on instead of one of the lab's own. */
  readonly kubeconfig?: string;
  /** With it Services work: their EndpointSlices are made, and every node has a service proxy that writes rules of this form. */
  readonly services?: ProxyForm;
}

/** The datapath of the bridge with the uplink: the one that an agent with that option chooses for its own. */
async function datapathOf(exec: Exec, option: DatapathOption): Promise<Datapath> {
  const chosen = chooseDatapath(option, undefined, await kernelHasDatapath(exec));
  if (!chosen.ok) throw new Error(chosen.error);
  return chosen.value.datapath;
}

/** Returns the datapath that the nodes have. */
async function makeNodes(deps: LabDeps, layout: Layout, { datapath: option, hosts }: UpOptions): Promise<Datapath> {
  const datapath = await datapathOf(deps.exec, option);
  await makeWires(deps.exec, layout);
  await Promise.all(
    layout.nodes.map(async (node) => {
      await makeSwitch(deps.exec, layout, node);
      await connectNode(deps.exec, layout, node, { database: databaseOf(layout, node.short), datapath });
      await furnish(deps.exec, layout, node, { profile: hostProfile(hosts, node), datapath });
    }),
  );
  return datapath;
}

/** The command that offers a unix socket as a port of 127.0.0.1. */
function relayTo(port: number, socket: string): readonly [string, ...string[]] {
  return ['socat', `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`, `UNIX-CONNECT:${socket}`];
}

async function startNodes(deps: LabDeps, layout: Layout, options: UpOptions): Promise<void> {
  const account = isGiven(layout);
  const own = layout.ovn === undefined ? files.kubeconfig(layout) : files.underlayKubeconfig(layout);
  const kubeconfig = account ? files.account(layout, 'node') : own;
  const relay = relayTo(agentPort(layout), layout.ovn === undefined ? files.api(layout) : files.underlay(layout));
  await Promise.all(
    layout.nodes.map(async (node) => {
      const netns = nodeNamespace(layout, node.short);
      await startDaemon(layout, { name: `relay-${node.short}`, argv: relay, netns });
      await startDaemon(layout, {
        name: `node-${node.short}`,
        netns,
        argv: [
          ...deps.self,
          'node',
          '--kubeconfig',
          kubeconfig,
          '--node-name',
          node.name,
          '--datapath',
          options.datapath,
          '--ovs-run-dir',
          files.ovs(layout, node.short),
          '--cni-socket',
          files.cni(layout, node.short),
          ...(account ? [`--lease-namespace=${ownNamespace}-nodes`] : []),
          ...options.agentOptions.map((option) => `--${option}`),
        ],
      });
    }),
  );
}

async function startRest(deps: LabDeps, layout: Layout, { services }: UpOptions, datapath: Datapath): Promise<void> {
  const { self } = deps;
  const kubeconfig = isGiven(layout) ? files.account(layout, 'controller') : files.kubeconfig(layout);
  const master = nodeNamespace(layout, 'master0');
  if (layout.ovn !== undefined) {
    await startDaemon(layout, { name: 'relay-cluster', netns: master, argv: relayTo(layout.port, files.api(layout)) });
    await startDaemon(layout, {
      name: 'ovn',
      netns: master,
      argv: [...self, 'lab', 'ovn', '--name', layout.name],
    });
  }
  await startDaemon(layout, {
    name: 'controller',
    netns: master,
    argv: [
      ...self,
      'controller',
      '--kubeconfig',
      kubeconfig,
      ...(layout.ovn === undefined ? [] : ['--backend', 'ovn']),
      ...(isGiven(layout) ? [`--agents-namespace=${ownNamespace}-nodes`] : []),
    ],
  });
  await startDaemon(layout, {
    name: 'kubelet',
    argv: [...self, 'lab', 'kubelet', '--name', layout.name, '--datapath', datapath],
  });
  if (services !== undefined)
    await startDaemon(layout, {
      name: 'services',
      argv: [...self, 'lab', 'services', '--name', layout.name, '--form', services],
    });
  await startDaemon(layout, {
    name: 'web',
    netns: layout.namespaces.outside,
    argv: [...self, 'lab', 'web', '--name', layout.name],
  });
}

async function awaitReady(layout: Layout): Promise<void> {
  const end = performance.now() + 30_000 * layout.pace;
  for (const node of layout.nodes) {
    for (;;) {
      const problem = await askAgent(files.cni(layout, node.short), { command: 'STATUS' }).then(
        () => undefined,
        String,
      );
      if (problem === undefined) break;
      if (performance.now() > end)
        throw new Error(`node ${node.name} is not ready: ${problem}; ${await lastLine(layout, `node-${node.short}`)}`);
      await pause(30);
    }
  }
}

/** Brings a lab up and returns when its nodes are ready; if a step fails, removes what was made. */
export async function up(deps: LabDeps, layout: Layout, options: UpOptions): Promise<Result<void>> {
  const claimed = await claim(layout);
  if (!claimed.ok) return claimed;
  const wires = makeNodes(deps, layout, options);
  wires.catch(() => undefined); // awaited below; the API server may fail first
  const remove = async (): Promise<void> => {
    await wires.catch(() => undefined); // what is still being made could not be removed
    await down(deps, layout);
  };
  try {
    const served = await (options.kubeconfig === undefined
      ? serveOwn(deps, layout)
      : useGiven(deps, layout, options.kubeconfig));
    if (!served.ok) {
      await remove();
      return served;
    }
    const datapath = await wires;
    await Promise.all([startNodes(deps, layout, options), startRest(deps, layout, options, datapath)]);
    await awaitReady(layout);
    await Promise.all(
      layout.nodes.map((node) => furnishLater(deps.exec, layout, node, hostProfile(options.hosts, node))),
    );
    return ok(undefined);
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The folder of a lab of this name that is not ours, such as that of another checkout; undefined if there is none. */
async function otherFolder(layout: Layout): Promise<string | undefined> {
  const [linked, own] = await Promise.all(
    [layout.link, layout.dir].map((path) => realpath(path).catch(() => undefined)),
  );
  return linked === own ? undefined : linked;
}

/**
 * Removes everything that `up` and the lab made, by the lab's name alone, also after a crash; nothing there is not an
 * error. Leaves the lab of another folder alone: the error names it. With `leaveServer`, what was made on an API server
 * that was there before stays.
 */
export async function down(
  { exec: run, logger }: LabDeps,
  layout: Layout,
  { leaveServer = false }: { readonly leaveServer?: boolean } = {},
): Promise<Result<void>> {
  const other = await otherFolder(layout);
  if (other !== undefined)
    return err(
      `lab ${layout.name} is that of ${other}; if it is to end: SDN_COMPAT_LAB_DIR=${quoted(dirname(other))} sdn-compat lab down --name ${layout.name}`,
    );
  // a damaged record must not keep the others from being ended; most processes end with their namespace
  await Promise.all((await daemonNames(layout)).map((name) => endDaemons(layout, [name]).catch(() => undefined)));
  const namespaces = await labNamespaces(run, layout);
  const inside = await Promise.all(namespaces.map((name) => must(run, 'ip', ['netns', 'pids', name])));
  await endAll((await Promise.all(inside.map(processesIn))).flat());
  if (namespaces.length > 0) {
    await must(run, 'ip', ['-force', '-batch', '-'], {
      input: namespaces.map((name) => `netns del ${name}\n`).join(''),
    });
  }
  // what the server keeps must be known until it is gone from there
  if (isGiven(layout) && !leaveServer) await leaveGiven(logger, layout);
  await rm(layout.link, { force: true });
  await rm(layout.dir, { recursive: true, force: true });
  return ok(undefined);
}

/** One line of `lab status`. */
export interface ProcessStatus {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
  /** Resident memory in MiB; 0 if it is not running. */
  readonly memory: number;
}

/** The processes of a lab and whether they are running. */
export async function processes(layout: Layout): Promise<ProcessStatus[]> {
  const names = await daemonNames(layout);
  return Promise.all(
    names.map(async (name) => {
      const started = (await findDaemon(layout, name)) ?? { pid: 0, startTime: '' };
      const status = await readFile(`/proc/${started.pid}/status`, 'utf8').catch(() => '');
      const memory = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
      const running = await isRunning(started);
      return { name, pid: started.pid, running, memory: running ? memory : 0 };
    }),
  );
}

/** The namespace of a pod, or the reason why there is none. */
export async function podNamespaceOf(layout: Layout, pod: string): Promise<Result<string>> {
  const [namespace = '', name = ''] = pod.split('/');
  const found = await readlink(files.pod(layout, namespace, name)).catch(() => undefined);
  if (found !== undefined) return ok(found);
  const known = (await readdir(files.pods(layout)).catch((): string[] => [])).map((file) => file.replace('_', '/'));
  return err(
    `there is no running pod ${pod} in lab ${layout.name}${known.length === 0 ? '' : `; running: ${known.sort().join(', ')}`}`,
  );
}
