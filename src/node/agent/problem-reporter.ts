/** Reports problems with the node: in the log once while a problem persists, and by Events. */
import { hostSubnets, netNamespaces, pods } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { EventRecorder, involved, type Occurrence } from '../../io/kube/events.ts';
import type { Logger } from '../../io/log.ts';
import type { Drain } from '../../model/egress/drains.ts';
import type { HostSubnetObject, NetNamespaceObject, PodObject } from '../../model/objects/raw.ts';
import { nodeUidAnnotation } from '../../model/objects/well-known.ts';
import type { Ip } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import type { NodePlan } from '../plan/node.ts';
import { VerdictLease } from './verdict.ts';

export interface ReporterOptions {
  readonly nodeName: string;
  /** The namespace of the Lease that says which egress IPs the node refuses. */
  readonly leaseNamespace: string;
  /** The version of the program. */
  readonly version: string;
}

/** What of the cluster a node was brought in line with. */
export interface AppliedState {
  /** Of HostSubnets and NetNamespaces. */
  readonly fingerprint: string;
  /** How many nodes the cluster has. */
  readonly nodes: number;
  /** The egress IPs that drain, by VNID. */
  readonly drains?: ReadonlyMap<Vnid, readonly Drain[]>;
}

export interface ReporterDeps {
  readonly logger: Logger;
  readonly events: EventRecorder;
  readonly nodeName: string;
  /** The node's own HostSubnet, the object of the Events. */
  readonly hostSubnet: () => HostSubnetObject | undefined;
  readonly verdict: Pick<VerdictLease, 'publish' | 'run'>;
}

/** Milliseconds after which a persisting problem is reported again by an Event, because Events expire after an hour. */
const repeatAfter = 30 * 60_000;

/** The reporter of an agent. */
export function reporterOf(
  { nodeName, version, leaseNamespace: namespace }: ReporterOptions,
  {
    client,
    logger,
    hostSubnet,
  }: Pick<ReporterDeps, 'logger' | 'hostSubnet'> & {
    readonly client: KubeClient;
  },
): ProblemReporter {
  const component = 'sdn-compat-node';
  const events = new EventRecorder({ client, logger, component, now: Date.now, quiet: repeatAfter });
  const report = (reason: string | undefined): void =>
    reporter.report(
      'verdict',
      reason,
      `status cannot show what this node refuses: its Lease in ${namespace} was not written`,
    );
  const verdict = new VerdictLease({
    ...{ client, logger, namespace, nodeName, version, report },
    now: () => performance.now(),
  });
  const reporter = new ProblemReporter({ logger, events, nodeName, hostSubnet, verdict });
  return reporter;
}

export class ProblemReporter {
  readonly #deps: ReporterDeps;
  /** The last reported reason of each problem. */
  readonly #said = new Map<string, string>();
  #refused: ReadonlySet<Ip> = new Set();
  #draining: ReadonlyMap<Ip, Drain> = new Map();
  readonly #notLimited = new Set<string>();

  constructor(deps: ReporterDeps) {
    this.#deps = deps;
  }

  /** Sends the Events and writes the Lease until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#deps.events.run(signal), this.#deps.verdict.run(signal)]);
  }

  /** Logs the reason once, and again when it changes; undefined means that the problem is gone. */
  report(about: string, reason: string | undefined, message: string): void {
    if (this.#said.get(about) === reason) return;
    if (reason === undefined) this.#said.delete(about);
    else {
      this.#said.set(about, reason);
      this.#deps.logger.warn({ reason }, message);
    }
  }

  /**
   * Publishes what this node carries and refuses, and what was applied, in a cluster of so many nodes; reports the egress
   * IPs assigned to it that it cannot carry.
   */
  reportHosting({ addresses: carried, refused }: Pick<NodePlan, 'addresses' | 'refused'>, applied: AppliedState): void {
    for (const ip of this.#refused) if (!refused.has(ip)) this.#said.delete(`refused ${ip}`);
    this.#refused = new Set(refused.keys());
    for (const [ip, reason] of refused) {
      this.report(`refused ${ip}`, reason, 'an egress IP cannot be hosted here');
      this.#warn('EgressIPRefused', reason);
    }
    const nodeUid = this.#deps.hostSubnet()?.metadata.annotations?.[nodeUidAnnotation];
    const { fingerprint, nodes, drains = new Map<Vnid, readonly Drain[]>() } = applied;
    const leaving = [...drains.values()].flat().filter(({ from }) => from.node === this.#deps.nodeName);
    const draining = new Map(leaving.map(({ egressIP, until }) => [egressIP, new Date(until).toISOString()]));
    this.#deps.verdict.publish({ carried, refused, applied: fingerprint, draining }, { nodeUid, nodes });
    this.#reportDrains(leaving);
  }

  /** Reports by Events which egress IPs begin to drain from this node, and which do no longer. */
  #reportDrains(leaving: readonly Drain[]): void {
    const now = new Map(leaving.map((drain) => [drain.egressIP, drain]));
    for (const [ip, { vnid, since, until }] of now) {
      if (this.#draining.get(ip)?.since === since) continue;
      const end = new Date(until).toISOString();
      const message = `egress IP ${ip} of VNID ${vnid} moved away: its connections go on by this node until ${end} at the latest`;
      this.#say({ type: 'Normal', reason: 'EgressIPDraining', message });
    }
    for (const [ip, { vnid }] of this.#draining) {
      const message = `egress IP ${ip} of VNID ${vnid} drains from this node no longer: connections that it still had are ended`;
      if (!now.has(ip)) this.#say({ type: 'Normal', reason: 'EgressIPDrained', message });
    }
    this.#draining = now;
  }

  /** Reports that another host, known by its MAC, answers for an egress IP of this node; undefined means no longer. */
  reportRival(ip: Ip, mac: string | undefined): void {
    const reason =
      mac === undefined
        ? undefined
        : `egress IP ${ip} is on this node, and ${mac} answers for it, too: another machine has it, or a node that is cut off from the API server has not given it up`;
    this.report(`rival ${ip}`, reason, 'somebody else answers for an egress IP of this node');
    if (reason !== undefined) this.#warn('EgressIPAnsweredElsewhere', reason);
  }

  /** Reports on these NetNamespaces why this node does not limit what they send by the egress IP that it hosts. */
  reportNotLimited(namespaces: readonly (readonly [NetNamespaceObject, string])[]): void {
    const names = new Set(namespaces.map(([{ metadata }]) => metadata.name ?? ''));
    for (const name of this.#notLimited) if (!names.has(name)) this.#said.delete(`not limited ${name}`);
    this.#notLimited.clear();
    for (const [object, reason] of namespaces) {
      const { name = '' } = object.metadata;
      this.#notLimited.add(name);
      this.report(`not limited ${name}`, reason, 'the bandwidth of a namespace is not limited here');
      const message = `${this.#deps.nodeName} hosts an egress IP of the namespace and does not limit its bandwidth: ${reason}`;
      this.#deps.events.report({
        object: involved(netNamespaces, name, object),
        ...{ type: 'Warning', reason: 'BandwidthNotLimited', message },
      });
    }
  }

  /** Reports on the Pod that what it asks for cannot be done. */
  reportPod(pod: PodObject, message: string): void {
    const object = involved(pods, pod.metadata.name ?? '', pod);
    this.#deps.events.report({ object, type: 'Warning', reason: 'PodNotAttached', message });
  }

  #warn(reason: string, message: string): void {
    this.#say({ type: 'Warning', reason, message });
  }

  #say(what: Pick<Occurrence, 'type' | 'reason' | 'message'>): void {
    const { events, nodeName, hostSubnet } = this.#deps;
    events.report({ object: involved(hostSubnets, nodeName, hostSubnet()), ...what });
  }
}
