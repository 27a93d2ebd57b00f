/** The node agent: watches the cluster's objects, Open vSwitch and the links, and keeps this node in line with them. */
import { pods as podKind } from '../../../api/kinds.ts';
import { linkedSignal } from '../../io/async/linked-signal.ts';
import { pause } from '../../io/async/pause.ts';
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import { whenAborted } from '../../io/async/when-aborted.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import type { Logger } from '../../io/log.ts';
import type { Exec } from '../../io/programs/exec.ts';
import type { EgressState } from '../../model/egress/state.ts';
import type { PodObject } from '../../model/objects/raw.ts';
import type { Ip } from '../../model/values/address.ts';
import type { ClusterView } from '../cluster/feed.ts';
import { LinkedPods } from '../cni/linked.ts';
import { attachedPods, localPods } from '../cni/pods.ts';
import { serveCni } from '../cni/server.ts';
import type { Ownership } from '../conntrack/stale.ts';
import { Sweeper } from '../conntrack/sweeper.ts';
import { foreignAmong, oursAmong } from '../links/addresses.ts';
import { Announcer } from '../links/arp.ts';
import { PresentAddresses } from '../links/present.ts';
import { AddressProbes, type Withheld } from '../links/probe.ts';
import { AddressRecord, recordFile } from '../links/record.ts';
import { NftSession } from '../nft/session.ts';
import { NftTable } from '../nft/table.ts';
import { type NodePlan, ownershipOf, planNode, wantedMeters } from '../plan/node.ts';
import type { LocalPod } from '../values/facts.ts';
import { reused } from '../values/memo.ts';
import { type Applied, Applier } from './apply.ts';
import { PodAttacher } from './attacher.ts';
import { DropCounts } from './drop-counts.ts';
import { FailClosed } from './fail-closed.ts';
import { FollowedCluster, type FollowedClusterOptions } from './followed-cluster.ts';
import { contextOf, Host, type HostOptions, type Prepared } from './host.ts';
import type { NodeMetrics } from './metrics.ts';
import { watchHost } from './monitor.ts';
import { PendingChanges } from './pending-changes.ts';
import { type ProblemReporter, reporterOf, type ReporterOptions } from './problem-reporter.ts';
import { carriedBy } from './verdict.ts';

export interface AgentOptions extends HostOptions, FollowedClusterOptions, ReporterOptions {
  /** Milliseconds between two full resyncs, which read everything again. */
  readonly resync: number;
}

export interface AgentDeps {
  readonly client: KubeClient;
  readonly exec: Exec;
  readonly logger: Logger;
  readonly metrics: NodeMetrics;
  /** Called once, when the node first matches the cluster. */
  readonly onReady: () => void;
}

const key = 'node';
/** Milliseconds of preparation after which the cluster is read again. */
const longPreparation = 100;

class Agent {
  readonly #options: AgentOptions;
  readonly #deps: AgentDeps;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  readonly #queue: WorkQueue;
  readonly #failClosed: FailClosed;
  readonly #cluster: FollowedCluster;
  readonly #host: Host;
  readonly #attacher: PodAttacher;
  readonly #applier: Applier;
  readonly #sweeper: Sweeper;
  readonly #addresses: PresentAddresses;
  readonly #nft: NftTable;
  readonly #session: NftSession;
  readonly #linked: LinkedPods;
  readonly #probes: AddressProbes;
  readonly #pending = new PendingChanges(() => performance.now());
  #view: ClusterView | undefined;
  /** The plan that is being applied, or was applied last, and the host it is for. */
  #planned: { readonly plan: NodePlan; readonly prepared: Prepared } | undefined;
  #pods: readonly LocalPod[] = [];
  #ready = false;
  readonly #problems: ProblemReporter;

  constructor(options: AgentOptions, deps: AgentDeps, signal: AbortSignal) {
    const { client, exec, logger, metrics } = deps;
    this.#deps = deps;
    this.#options = options;
    this.#logger = logger;
    this.#signal = signal;
    this.#queue = createQueue({ logger, baseDelay: 50, maxDelay: 1_000, onFailure: metrics.failed });
    this.#problems = reporterOf(options, { client, logger, hostSubnet: () => this.#view?.own.object });
    this.#cluster = new FollowedCluster(options, { client, logger, signal, changed: () => this.#wake() });
    metrics.followBehind(() => {
      const since = this.#pending.waitingSince;
      return since === undefined ? 0 : (performance.now() - since) / 1_000;
    });
    metrics.followPeers(() => this.#cluster.health.verdicts());
    metrics.followProbes(() => this.#cluster.health.probing);
    this.#addresses = new PresentAddresses(exec, new AddressRecord(recordFile(options)));
    this.#session = new NftSession(exec);
    this.#nft = new NftTable(exec, logger, this.#session);
    this.#probes = new AddressProbes({
      exec,
      logger,
      changed: () => this.#wake(),
      carriedBy: (node, ip) => carriedBy({ client, namespace: options.leaseNamespace, signal }, node, ip),
    });
    const addresses = this.#addresses;
    this.#linked = new LinkedPods(exec);
    this.#host = new Host(options, {
      exec,
      logger,
      addresses,
      changed: () => this.#wake(),
      lost: () => this.#lookAgain(),
      rebuilding: () => this.#applier.rebuilding(),
      flowsChanged: () => this.#flowsChanged(),
    });
    this.#followDrops();
    this.#sweeper = new Sweeper({
      exec,
      logger,
      ownership: () => this.#ownership(),
      onEnded: metrics.connectionsEnded,
      onPorts: metrics.ports,
    });
    this.#applier = this.#createApplier();
    this.#failClosed = new FailClosed({
      linked: this.#linked,
      logger,
      feed: this.#cluster.feed,
      applier: this.#applier,
      addresses,
      node: { ...options, name: options.nodeName },
      nodeIP: () => this.#view?.own.hostIP,
      waitingSince: () => this.#pending.waitingSince,
      again: () => this.#queue.add(key),
      onFailure: metrics.failed,
    });
    this.#attacher = this.#podAttacher();
  }

  #followDrops(): void {
    const drops = new DropCounts({
      bridge: this.#host.openVswitch.bridge,
      vnids: () => this.#cluster.feed.vnids,
      clock: () => performance.now(),
    });
    this.#deps.metrics.followDrops(() => drops.since());
  }

  #createApplier(): Applier {
    const { exec, logger } = this.#deps;
    const onRival = (ip: Ip, mac: string | undefined): void => this.#problems.reportRival(ip, mac);
    const announcer = new Announcer({ exec, logger, signal: this.#signal, wait: pause, onRival });
    const { bridge } = this.#host.openVswitch;
    return new Applier({ exec, logger, announcer, bridge, addresses: this.#addresses, nft: this.#nft });
  }

  #podAttacher(): PodAttacher {
    const { client, exec, logger } = this.#deps;
    return new PodAttacher({
      exec,
      logger,
      host: this.#host,
      linked: this.#linked,
      vnidOf: (namespace) => this.#view?.vnids.get(namespace),
      applied: () => this.#applied(),
      policiesInForce: () => this.#cluster.feed.policiesInForce(),
      podOf: (namespace, name) => client.get<PodObject>(podKind, { namespace, name }, { signal: this.#signal }),
      refused: (pod, reason) => this.#problems.reportPod(pod, reason),
      ready: () => this.#ready,
    });
  }

  /** Runs until the signal aborts; throws if it cannot. */
  async run(): Promise<void> {
    this.#host.begin(this.#signal);
    await Promise.all([this.#addresses.load(this.#logger), this.#cluster.load()]);
    await serveCni(this.#options.cniSocket, (request, caller) => this.#attacher.handle(request, caller), this.#signal);
    const resync = setInterval(() => this.#lookAgain(), this.#options.resync);
    whenAborted(this.#signal, () => {
      clearInterval(resync);
      this.#session.close();
    });
    this.#session.start();
    this.#wake();
    await Promise.all([
      watchHost(
        {
          linksChanged: () => this.#linksChanged(),
          podLinksChanged: () => this.#linked.forget(),
          routingLost: () => this.#lookAgain(),
          nftLost: () => this.#nftLost(),
          elementsChanged: (printed) => void this.#nft.heard(printed, () => this.#nftLost()),
          strangers: () => this.#sweeper.sweepMarked(),
        },
        this.#logger,
        this.#signal,
      ),
      this.#problems.run(this.#signal),
      this.#cluster.health.run(this.#signal),
      this.#queue.process(() => this.#pending.apply((since) => this.#pass(since)), this.#signal),
      this.#failClosed.run(this.#signal),
      this.#probes.run(this.#signal),
      this.#sweeper.run(this.#signal),
    ]);
  }

  #wake(): void {
    this.#pending.note();
    this.#queue.add(key);
    this.#failClosed.heard();
  }

  /** The host may differ from what was last read. */
  #lookAgain(): void {
    this.#host.forget();
    this.#linked.forget();
    this.#applier.forget();
    this.#sweeper.sweep();
    this.#wake();
  }

  /** Our own replacement of the tables also arrives here; reading them again finds them as written. */
  #nftLost(): void {
    this.#applier.forgetNft();
    this.#wake();
  }

  /** Somebody else changed flows. */
  #flowsChanged(): void {
    this.#applier.forgetBridge();
    this.#wake();
  }

  #linksChanged(): void {
    this.#addresses.forget();
    this.#wake();
  }

  #applied(): Promise<void> {
    return new Promise((resolve) => {
      this.#pending.whenApplied(resolve);
      this.#wake();
    });
  }

  /**
   * Gets the cluster and sets up the host for it. If that takes long, the cluster may have changed, so it is read
   * again.
   */
  async #prepare(): Promise<{ readonly view: ClusterView; readonly prepared: Prepared } | undefined> {
    for (let isLast = false; ; isLast = true) {
      const began = performance.now();
      this.#nft.liftLimits();
      const found = this.#cluster.feed.view();
      this.#problems.report('cluster', found.ok ? undefined : found.error, 'waiting for the cluster');
      if (!found.ok) return undefined;
      const view = found.value;
      this.#view = view;
      this.#cluster.follow(view);
      const prepared = await this.#host.prepare(view);
      if (isLast || performance.now() - began < longPreparation) return { view, prepared };
    }
  }

  /**
   * Makes one pass over the whole node, for changes since then; returns false if the cluster is not known well enough
   * yet.
   */
  async #pass(since: number): Promise<boolean> {
    const found = await this.#prepare();
    if (found === undefined) return false;
    const { view, prepared } = found;
    const { facts, uplink, gateways, networks } = prepared;
    const pods = reused(this.#pods, localPods(attachedPods(prepared.ovsdb), view.vnids), ({ ip }) => ip);
    this.#pods = pods;
    const { feed } = this.#cluster;
    this.#cluster.watchPeers(view, new Set(pods.map(({ vnid }) => vnid)));
    const state = feed.stateOf(pods.map(({ vnid }) => vnid));
    const { fingerprint, labelsOf, drains } = feed;
    const addressesOf = (name: string): readonly Ip[] => this.#cluster.addresses(name);
    const withheld = await this.#withheld(view, prepared, state);
    const unlimited = await this.#applier.limit(wantedMeters({ facts, state }));
    this.#problems.reportNotLimited(feed.namespacesOf(unlimited));
    const known = { ...view, facts, uplink, gateways, networks, pods, state };
    const plan = planNode({ ...known, labelsOf, withheld, unlimited, addressesOf });
    const applied = await this.#apply(plan, prepared);
    this.#problems.reportHosting(plan, { fingerprint, nodes: view.remotes.length + 1, drains });
    this.#deps.metrics.applied(plan, applied, (performance.now() - since) / 1_000);
    if (!this.#ready) {
      this.#ready = true;
      this.#deps.onReady();
      this.#logger.info(
        { sinceStart: Math.round(performance.now()), pods: pods.length },
        'the node is as the cluster says',
      );
    }
    return true;
  }

  /** In a cloud, whose network answers for any address, the cloud decides who has which. */
  async #withheld({ own, remotes }: ClusterView, { uplink }: Prepared, { assigned }: EgressState): Promise<Withheld> {
    if (own.cloud !== undefined) return new Map();
    const present = await this.#addresses.list();
    const here = new Set(oursAmong(present).map(({ ip }) => ip));
    const nodeIPs = new Map(remotes.map(({ name, nodeIP }) => [name, nodeIP]));
    const wanted = [...assigned].flatMap(([ip, { node }]) => (node === this.#options.nodeName ? [ip] : []));
    const withheld = this.#probes.withheld({
      device: uplink.device,
      wanted,
      isHere: (ip) => here.has(ip),
      holderOf: (ip) => {
        const name = this.#cluster.feed.otherWith(ip);
        return name === undefined ? undefined : { name, nodeIP: nodeIPs.get(name) };
      },
    });
    return new Map([...withheld, ...foreignAmong(present, new Set(wanted))]);
  }

  async #apply(plan: NodePlan, prepared: Prepared): Promise<Applied> {
    const began = performance.now();
    const isFirst = this.#planned === undefined;
    this.#planned = { plan, prepared };
    const ownership = await this.#ownership();
    if (ownership !== undefined) this.#sweeper.note(ownership);
    const done = await this.#applier.apply(plan, contextOf(prepared, plan));
    if (isFirst || done.isRewritten) this.#sweeper.sweep();
    else this.#sweeper.sweepTouched();
    if (done.changes + done.hosted.length + done.released.length > 0) {
      this.#logger.info({ ...done, ms: Math.round(performance.now() - began) }, 'node brought up to date');
    }
    return done;
  }

  async #ownership(): Promise<Ownership | undefined> {
    if (this.#planned === undefined) return undefined;
    const { plan, prepared } = this.#planned;
    const own = (await this.#addresses.list()).map(({ ip }) => ip);
    const attached = new Set(attachedPods(prepared.ovsdb).map(({ ip }) => ip));
    return ownershipOf(plan, { ...prepared, own: new Set(own), attached });
  }
}

/**
 * Keeps this node in line with the cluster until the signal aborts. The data path stays as it is afterwards. If it
 * cannot start it throws, and nothing of it keeps running.
 */
export async function runAgent(options: AgentOptions, deps: AgentDeps, signal: AbortSignal): Promise<void> {
  const own = linkedSignal(signal);
  try {
    await new Agent(options, deps, own.signal).run();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    own.abort();
    own.release();
  }
}
