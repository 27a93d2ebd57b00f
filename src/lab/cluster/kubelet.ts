/**
 * The lab's stand-in for scheduler and kubelets: assigns pods to nodes, creates their network namespaces, has the
 * node's agent attach them, updates the API server, and removes them again. It also reports which nodes are Ready.
 */
import { readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodes as nodeKind, pods as podKind } from '../../../api/kinds.ts';
import { createQueue } from '../../io/async/queue.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isConflict, isNotFound } from '../../io/kube/error.ts';
import { type ObjectCache, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { type Exec, must } from '../../io/programs/exec.ts';
import type { Condition, NodeObject, ObjectMeta, PodObject } from '../../model/objects/raw.ts';
import { asList, asText, fieldOf, isRecord } from '../../model/values/json.ts';
import { askAgent } from '../../node/cni/client.ts';
import type { Datapath } from '../../node/values/facts.ts';
import { files, type LabNode, type Layout, nodeNamespace, podNamespace } from '../layout.ts';
import { endAll, processesIn } from '../nodes/daemons.ts';
import { takeTogether } from '../nodes/wires.ts';
import { accounts, writeAccount } from './accounts.ts';
import { isGiven } from './given.ts';
import { runRouterImages } from './routers.ts';

export interface KubeletDeps {
  readonly client: KubeClient;
  readonly exec: Exec;
  readonly logger: Logger;
  readonly layout: Layout;
  /** The datapath of the nodes. */
  readonly datapath: Datapath;
  /** The command of the CNI plugin: program and arguments. */
  readonly plugin: readonly [string, ...string[]];
}

const heartbeat = 1_000;
const untilFirstReady = 100;
/** As long a node may say nothing; Kubernetes takes one for dead after 40 s. */
const longestSilence = 10_000;
/** What a kubelet reports while its runtime's network plugin does not answer. */
const pluginNotReady = 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady';
const podDevice = 'eth0';
/** The kubelet cuts a termination message after as many characters. */
const longestMessage = 4_096;

function condition(type: string, isTrue: boolean, reason: string, message: string): Condition {
  const lastTransitionTime = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  return { type, status: isTrue ? 'True' : 'False', reason, message, lastTransitionTime };
}

function namespaceExists(run: Exec, netns: string): Promise<boolean> {
  return run('ip', ['netns', 'pids', netns]).then(({ status }) => status === 0);
}

/** The target of a link; undefined if there is no link. */
function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

/**
 * Points the link of a pod's name to its namespace. At once, as below: while a pod is removed a new one of its name may
 * come, and neither may undo the other's link.
 */
function point(link: string, netns: string): void {
  if (targetOf(link) !== undefined) unlinkSync(link);
  symlinkSync(netns, link);
}

/** Removes the link, unless a new pod of that name has it by now. */
function removeLinkTo(link: string, netns: string): void {
  if (targetOf(link) === netns) unlinkSync(link);
}

class Kubelet {
  readonly #deps: KubeletDeps;
  readonly #signal: AbortSignal;
  readonly #pods: ObjectCache<PodObject>;
  readonly #nodes: ObjectCache<NodeObject>;

  constructor(deps: KubeletDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
    const { client, logger } = deps;
    this.#pods = watchKind<PodObject>(client, podKind, { logger }, signal);
    this.#nodes = watchKind<NodeObject>(client, nodeKind, { logger }, signal);
  }

  async run(): Promise<void> {
    await Promise.all([this.#pods.synced, this.#nodes.synced]);
    const queue = createQueue({ logger: this.#deps.logger, concurrency: 8, baseDelay: 100, maxDelay: 5_000 });
    this.#pods.subscribe(({ key, before, after }) => {
      const gone = after === undefined ? before?.metadata.uid : undefined;
      queue.add(gone === undefined ? `pod/${key}` : `gone/${key}/${gone}`);
    });
    for (const node of this.#deps.layout.nodes) queue.add(`node/${node.short}`);
    if (isGiven(this.#deps.layout)) for (const account of accounts) queue.add(`account/${account}`);
    await queue.process((key) => this.#work(key), this.#signal);
  }

  async #work(key: string): Promise<number | undefined> {
    const [what = '', first = '', second = '', uid = ''] = key.split('/');
    if (what === 'node') return this.#reportNode(first);
    if (what === 'account') return this.#renew(first);
    if (what === 'gone') await this.#clean(uid, first, second);
    else await this.#reconcilePod(`${first}/${second}`);
    return undefined;
  }

  /** Renews the token of a ServiceAccount; returns when to do it again. */
  async #renew(name: string): Promise<number | undefined> {
    const account = accounts.find((one) => one === name);
    return account === undefined ? undefined : writeAccount(this.#deps.client, this.#deps.layout, account);
  }

  /** Sets Ready as the node's agent answers, in the kubelet's words; returns when to check again. */
  async #reportNode(short: string): Promise<number> {
    const node = this.#deps.layout.nodes.find((one) => one.short === short);
    const object = node === undefined ? undefined : this.#nodes.get(node.name);
    if (node === undefined || object === undefined) return untilFirstReady;
    const problem = await askAgent(files.cni(this.#deps.layout, short), { command: 'STATUS' }, this.#signal).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    await this.#setReady(object, problem);
    return problem === undefined ? heartbeat : untilFirstReady;
  }

  async #setReady(node: NodeObject, problem: string | undefined): Promise<void> {
    const conditions = node.status?.conditions ?? [];
    const isReady = problem === undefined;
    const present = conditions.find(({ type }) => type === 'Ready');
    const same = present?.status === (isReady ? 'True' : 'False');
    if (same && !this.#mustBeat(present)) return;
    const made = isReady
      ? condition('Ready', true, 'KubeletReady', 'kubelet is posting ready status')
      : condition(
          'Ready',
          false,
          'KubeletNotReady',
          `${pluginNotReady} message:Network plugin returns error: ${problem}`,
        );
    const lastTransitionTime = same ? present.lastTransitionTime : made.lastTransitionTime;
    const ready = { ...made, lastTransitionTime, lastHeartbeatTime: made.lastTransitionTime };
    const body = { status: { conditions: [...conditions.filter(({ type }) => type !== 'Ready'), ready] } };
    const { name = '' } = node.metadata;
    await this.#deps.client.patch(nodeKind, { name }, body, {
      type: 'merge',
      subresource: 'status',
      signal: this.#signal,
    });
  }

  /** Whether a controller of the server may soon take the node for dead; the lab's own server has none. */
  #mustBeat(ready: Condition): boolean {
    const last = Date.parse(asText(fieldOf(ready, 'lastHeartbeatTime')));
    return isGiven(this.#deps.layout) && !(Date.now() - last < longestSilence);
  }

  async #reconcilePod(key: string): Promise<void> {
    const pod = this.#pods.get(key);
    if (pod === undefined || this.#isForeign(pod)) return;
    const { name = '', namespace = '', uid = '', deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) {
      await this.#clean(uid, namespace, name);
      await this.#deps.client.delete(podKind, { name, namespace }, { gracePeriodSeconds: 0, signal: this.#signal });
      return;
    }
    const nodeName = pod.spec?.nodeName;
    if (nodeName === undefined || nodeName === '') await this.#schedule(name, namespace);
    else if (pod.status?.podIP === undefined) await this.#start(pod, nodeName);
  }

  /** Whether the pod is another kubelet's, as it can be on a server that was there before. */
  #isForeign({ spec: { nodeName = '' } = {} }: PodObject): boolean {
    const { layout } = this.#deps;
    return isGiven(layout) && nodeName !== '' && !layout.nodes.some(({ name }) => name === nodeName);
  }

  /** The least loaded worker, ties by name. */
  async #schedule(name: string, namespace: string): Promise<void> {
    const load = new Map(this.#deps.layout.nodes.filter(({ worker }) => worker).map((node) => [node.name, 0]));
    for (const { spec } of this.#pods.list()) {
      const count = load.get(spec?.nodeName ?? '');
      if (count !== undefined) load.set(spec?.nodeName ?? '', count + 1);
    }
    const [chosen] = [...load].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
    if (chosen === undefined) return;
    const target = { apiVersion: 'v1', kind: 'Node', name: chosen[0] };
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target };
    await this.#deps.client
      .create(podKind, binding, { subresource: 'binding', signal: this.#signal })
      .catch((error: unknown) => {
        if (!isConflict(error) && !isNotFound(error)) throw error; // it was bound, or deleted, in the meantime
      });
  }

  async #start(pod: PodObject, nodeName: string): Promise<void> {
    const { layout, exec, datapath } = this.#deps;
    const { name = '', namespace = '', uid = '' } = pod.metadata;
    const node = layout.nodes.find((one) => one.name === nodeName);
    if (node === undefined) throw new Error(`pod ${namespace}/${name}: the lab has no node ${nodeName}`);
    if (pod.spec?.hostNetwork === true) {
      await this.#started(pod, node, node.ip, nodeNamespace(layout, node.short));
      return;
    }
    const netns = podNamespace(layout, uid);
    if (!(await namespaceExists(exec, netns))) await must(exec, 'ip', ['netns', 'add', netns]);
    const podIP = addressOf(
      await this.#plugin(node, {
        CNI_COMMAND: 'ADD',
        CNI_CONTAINERID: uid,
        CNI_NETNS: `/run/netns/${netns}`,
        ...podArgs(pod.metadata),
      }),
    );
    if (datapath === 'netdev') await takeTogether(exec, netns, podDevice);
    point(files.pod(layout, namespace, name), netns);
    await runRouterImages({ exec, signal: this.#signal }, pod, netns);
    await this.#started(pod, node, podIP, netns);
  }

  /** Reports that the pod runs, and runs its command if it has an end. */
  async #started(pod: PodObject, node: LabNode, podIP: string, netns: string): Promise<void> {
    const conditions = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) =>
      condition(type, true, '', ''),
    );
    const containerStatuses = (pod.spec?.containers ?? []).map((container) => ({
      name: container.name,
      ready: true,
      restartCount: 0,
      image: '',
      imageID: '',
    }));
    const status = { phase: 'Running', hostIP: node.ip, podIP, podIPs: [{ ip: podIP }], conditions, containerStatuses };
    await this.#report(pod, status);
    if (pod.spec?.restartPolicy === 'Never') void this.#runToItsEnd(pod, netns);
  }

  #report({ metadata: { name = '', namespace = '', uid = '' } }: PodObject, status: object): Promise<unknown> {
    return this.#deps.client.patch(
      podKind,
      { name, namespace },
      { metadata: { uid }, status },
      { type: 'merge', subresource: 'status', signal: this.#signal },
    );
  }

  /**
   * Runs the command of a pod's first container, with a program of this machine in the pod's network, and reports how
   * it ended. What the command writes to the container's termination message goes to a file of its own.
   */
  async #runToItsEnd(pod: PodObject, netns: string): Promise<void> {
    const [container] = pod.spec?.containers ?? [];
    const { command = [], name = '', terminationMessagePath } = container ?? {};
    if (command.length === 0) return;
    const file = join(await mkdtemp(join(tmpdir(), 'sdn-compat-pod-')), 'message');
    const argv = command.map((arg) => (arg === terminationMessagePath ? file : arg));
    const timeout = (pod.spec?.activeDeadlineSeconds ?? 60) * 1_000;
    try {
      const { status, stderr } = await this.#deps.exec('ip', ['netns', 'exec', netns, ...argv], { timeout });
      const said = await readFile(file, 'utf8').catch(() => '');
      const terminated = { exitCode: status, message: (status === 0 ? said : stderr).slice(0, longestMessage) };
      const state = { name, ready: false, restartCount: 0, image: '', imageID: '', state: { terminated } };
      await this.#report(pod, { phase: status === 0 ? 'Succeeded' : 'Failed', containerStatuses: [state] });
    } catch (error) {
      this.#deps.logger.debug({ err: error, pod: pod.metadata.name }, 'a pod was removed before its command ended');
    } finally {
      await rm(dirname(file), { recursive: true, force: true });
    }
  }

  /** Removes a pod from its node; a missing one is not an error. */
  async #clean(uid: string, namespace: string, name: string): Promise<void> {
    const { layout, exec } = this.#deps;
    const netns = podNamespace(layout, uid);
    for (const node of layout.nodes) await this.#detach(node, uid);
    if (!(await namespaceExists(exec, netns))) return;
    await endAll(await processesIn(await must(exec, 'ip', ['netns', 'pids', netns])));
    await must(exec, 'ip', ['netns', 'del', netns]);
    removeLinkTo(files.pod(layout, namespace, name), netns);
  }

  /** Calls the CNI plugin as a container runtime does; throws with the plugin's own words. */
  async #plugin(node: LabNode, env: Readonly<Record<string, string>>): Promise<string> {
    const { exec, layout, plugin } = this.#deps;
    const [program, ...args] = plugin;
    const input = JSON.stringify({
      cniVersion: '1.1.0',
      name: 'sdn',
      type: 'sdn-compat-cni',
      socket: files.cni(layout, node.short),
    });
    const result = await exec(program, args, {
      env: { CNI_IFNAME: podDevice, CNI_PATH: '/opt/cni/bin', ...env },
      input,
      timeout: 70_000 * layout.pace,
    });
    if (result.status !== 0)
      throw new Error(`CNI ${env['CNI_COMMAND'] ?? ''}: ${result.stdout.trim()}${result.stderr.trim()}`);
    return result.stdout;
  }

  async #detach(node: LabNode, sandbox: string): Promise<void> {
    if (!node.worker) return;
    await this.#plugin(node, { CNI_COMMAND: 'DEL', CNI_CONTAINERID: sandbox }).catch((error: unknown) => {
      this.#deps.logger.warn({ node: node.name, sandbox, err: error }, 'pod could not be detached');
    });
  }
}

function podArgs({ namespace = '', name = '', uid = '' }: ObjectMeta): Readonly<Record<string, string>> {
  return { CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name};K8S_POD_UID=${uid}` };
}

/** The address in the result of a CNI ADD, without its prefix length. */
function addressOf(output: string): string {
  const result: unknown = JSON.parse(output);
  const [first] = isRecord(result) ? asList(result['ips']) : [];
  return isRecord(first) ? asText(first['address']).replace(/\/.*$/, '') : '';
}

/** Runs until the signal aborts. */
export async function runKubelet(deps: KubeletDeps, signal: AbortSignal): Promise<void> {
  await new Kubelet(deps, signal).run();
}
