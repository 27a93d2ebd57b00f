/** The node agent: follows the cluster's objects, Open vSwitch and the links, and keeps this node as they say. */
import { clusterNetworks, hostSubnets, netNamespaces } from '../../api/kinds.ts';
import type { Exec } from '../io/exec.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { type ObjectCache, watchKind } from '../io/kube/watch.ts';
import type { Logger } from '../io/log.ts';
import { createQueue, type WorkQueue } from '../io/queue.ts';
import type { ClusterNetworkObject, HostSubnetObject, NetNamespaceObject } from '../model/objects.ts';
import type { Result } from '../model/result.ts';
import { Applier } from './apply.ts';
import type { Connection } from './conntrack.ts';
import { PodAttacher } from './cni/attacher.ts';
import { attachedPods } from './cni/pods.ts';
import { serveCni } from './cni/server.ts';
import { type ClusterView, viewCluster } from './cluster.ts';
import type { LocalPod } from './facts.ts';
import { watchLinks } from './links/monitor.ts';
import { Machine, type MachineOptions, type Prepared } from './machine.ts';
import { renderBase } from './nft/ruleset.ts';
import { type NodePlan, planNode } from './plan/node.ts';

export interface AgentOptions extends MachineOptions {
  readonly cniSocket: string;
}

export interface AgentDeps {
  readonly client: KubeClient;
  readonly exec: Exec;
  readonly logger: Logger;
}

const key = 'node';
/** Milliseconds between two looks at everything, whether or not something seems to have changed. */
const resyncInterval = 60_000;

class Agent {
  readonly #options: AgentOptions;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  readonly #queue: WorkQueue;
  readonly #networks: ObjectCache<ClusterNetworkObject>;
  readonly #hostSubnets: ObjectCache<HostSubnetObject>;
  readonly #netNamespaces: ObjectCache<NetNamespaceObject>;
  readonly #machine: Machine;
  readonly #attacher: PodAttacher;
  readonly #applier: Applier;
  /** Waiting for a pass that has not begun yet. */
  #waiters: (() => void)[] = [];
  #view: ClusterView | undefined;
  #ready = false;
  /** What was last said of each thing that is wrong, so that it is said once. */
  readonly #said = new Map<string, string>();

  constructor(options: AgentOptions, deps: AgentDeps, signal: AbortSignal) {
    const { client, exec, logger } = deps;
    this.#options = options;
    this.#logger = logger;
    this.#signal = signal;
    this.#queue = createQueue({ logger, baseDelay: 50, maxDelay: 5_000 });
    this.#networks = watchKind<ClusterNetworkObject>(client, clusterNetworks, { logger }, signal);
    this.#hostSubnets = watchKind<HostSubnetObject>(client, hostSubnets, { logger }, signal);
    this.#netNamespaces = watchKind<NetNamespaceObject>(client, netNamespaces, { logger }, signal);
    this.#machine = new Machine(options, { exec, logger, changed: () => this.#wake(), lost: () => this.#lookAgain() });
    const endInSwitch = (connections: readonly Connection[]): Promise<void> => this.#machine.endConnections(connections);
    this.#applier = new Applier({ exec, logger, signal, bridge: this.#machine.bridge, endInSwitch });
    this.#attacher = new PodAttacher({
      exec,
      logger,
      machine: this.#machine,
      vnidOf: (namespace) => this.#view?.vnids.get(namespace),
      applied: () => this.#applied(),
      ready: () => this.#ready,
    });
  }

  async run(): Promise<void> {
    await Promise.all([this.#networks.synced, this.#hostSubnets.synced, this.#netNamespaces.synced]);
    for (const cache of [this.#networks, this.#hostSubnets, this.#netNamespaces]) cache.subscribe(() => this.#wake());
    const resync = setInterval(() => this.#lookAgain(), resyncInterval);
    const links = watchLinks(this.#logger, () => this.#wake(), this.#signal);
    await serveCni(this.#options.cniSocket, (request) => this.#attacher.handle(request), this.#signal);
    this.#wake();
    await this.#queue.process(() => this.#sync(), this.#signal);
    clearInterval(resync);
    this.#machine.close();
    await links;
  }

  #wake(): void {
    this.#queue.add(key);
  }

  /** What is on the machine may not be what was last read. */
  #lookAgain(): void {
    this.#machine.forget();
    this.#applier.forget();
    this.#wake();
  }

  #applied(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#wake();
    });
  }

  async #sync(): Promise<void> {
    const waiting = this.#waiters;
    this.#waiters = [];
    try {
      if (!(await this.#pass())) this.#waiters.push(...waiting);
      else for (const done of waiting) done();
    } catch (error) {
      this.#waiters.push(...waiting);
      throw error;
    }
  }

  /** One pass over the whole node; false when the cluster does not tell enough yet. */
  async #pass(): Promise<boolean> {
    const view = this.#readCluster();
    this.#say('cluster', view.ok ? undefined : view.error, 'waiting for the cluster');
    if (!view.ok) return false;
    this.#view = view.value;
    const prepared = await this.#machine.prepare(view.value);
    const pods = attachedPods(prepared.ovsdb).flatMap(({ ip, ofport, namespace }): LocalPod[] => {
      const vnid = view.value.vnids.get(namespace);
      return vnid === undefined || ofport === 0 ? [] : [{ ip, ofport, vnid }];
    });
    const { facts, uplink, networks } = prepared;
    const plan = planNode({ facts, uplink, networks, remotes: view.value.remotes, pods, state: view.value.state });
    await this.#apply(plan, prepared);
    this.#ready = true;
    return true;
  }

  #readCluster(): Result<ClusterView> {
    return viewCluster(
      {
        clusterNetwork: this.#networks.get('default'),
        hostSubnets: this.#hostSubnets.list(),
        netNamespaces: this.#netNamespaces.list(),
        offline: new Set(),
      },
      this.#options.nodeName,
    );
  }

  async #apply(plan: NodePlan, { facts, networks, uplink }: Prepared): Promise<void> {
    const { datapath, masqueradeBit, subnet } = facts;
    const nftBase = renderBase({ datapath, masqueradeBit, subnet, ...networks });
    const inside = [...networks.cluster, networks.service];
    const began = performance.now();
    const done = await this.#applier.apply(plan, { nftBase, uplink, inside });
    for (const [ip, reason] of plan.refused) this.#say(`refused ${ip}`, reason, 'an egress IP cannot be hosted here');
    if (done.bundleLines + done.hosted.length + done.released.length + done.connectionsEnded === 0) return;
    this.#logger.info({ ...done, ms: Math.round(performance.now() - began) }, 'node brought up to date');
  }

  #say(about: string, reason: string | undefined, message: string): void {
    if (this.#said.get(about) === reason) return;
    if (reason === undefined) this.#said.delete(about);
    else {
      this.#said.set(about, reason);
      this.#logger.warn({ reason }, message);
    }
  }
}

/** Keeps this node as the cluster says until the signal aborts. The data path stays as it is when it ends. */
export async function runAgent(options: AgentOptions, deps: AgentDeps, signal: AbortSignal): Promise<void> {
  await new Agent(options, deps, signal).run();
}
