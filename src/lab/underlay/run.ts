/**
 * The stand-in for OVN-Kubernetes in a lab: it acts on the cluster's objects, probes the nodes, and forwards by the
 * lab's own agents, which see an API server of their own.
 */
import { nodes as nodeKind } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import { whenAborted } from '../../io/async/when-aborted.ts';
import { tcpProbe } from '../../io/health/probe.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { type ObjectCache, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { addressAt, type Ip, parseCidr } from '../../model/values/address.ts';
import { type Layout, network } from '../layout.ts';
import { type NodeNetworks, subnetOf } from '../ovn/annotator.ts';
import type { Random } from '../ovn/placement.ts';
import { StandIn, type StandInOptions } from '../ovn/stand-in.ts';
import { seenTimes } from './egress.ts';
import { runMirror } from './mirror.ts';

export interface OvnDeps {
  /** The cluster that admins see. */
  readonly cluster: KubeClient;
  /** The API server of the agents. */
  readonly underlay: KubeClient;
  readonly logger: Logger;
  readonly layout: Layout;
}

/** Milliseconds that a node has to answer a probe, and between two. */
const probeTimeout = 1_000;
const probeInterval = 1_000;

/**
 * Probes all nodes at their own addresses in the pod network, as OVN-Kubernetes does where its health service does not
 * run: refusing is an answer. It goes on all the time, because the first packet through a tunnel of Open vSwitch's
 * userspace is lost.
 */
class Probes {
  readonly #nodes: ObjectCache<KubeObject>;
  readonly #silent = new Set<string>();
  readonly #pace: number;

  constructor(nodes: ObjectCache<KubeObject>, { pace }: Layout) {
    this.#nodes = nodes;
    this.#pace = pace;
  }

  /** What the last probe of the node found. */
  isReachable(name: string): boolean {
    return !this.#silent.has(name);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(this.#nodes.list().map((node) => this.#probe(node)));
      await pause(probeInterval, signal);
    }
  }

  async #probe(node: KubeObject): Promise<void> {
    const { name = '' } = node.metadata;
    const subnet = parseCidr(subnetOf(node) ?? '');
    const isAnswered = subnet.ok && (await answers(addressAt(subnet.value, 1), probeTimeout * this.#pace));
    if (isAnswered) this.#silent.delete(name);
    else this.#silent.add(name);
  }
}

/** Whether the address answers in that time. */
function answers(ip: Ip, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = tcpProbe()(ip, (isAnswered) => {
      clearTimeout(timer);
      resolve(isAnswered);
    });
    const timer = setTimeout(() => {
      cancel();
      resolve(false);
    }, timeout);
  });
}

function nodeNetworks(): NodeNetworks {
  const podNetwork = parseCidr(network.podNetwork);
  if (!podNetwork.ok) throw new Error(podNetwork.error);
  const { hostSubnetLength, prefixLength } = network;
  return { podNetwork: podNetwork.value, hostSubnetLength, prefixLength };
}

const random: Random = (limit) => Math.floor(Math.random() * limit);

/** Does to the objects of a cluster what OVN-Kubernetes does, until the signal aborts. No packets, and no probes. */
export async function runStandIn(
  client: KubeClient,
  { build, logger }: Pick<StandInOptions, 'build' | 'logger'>,
  signal: AbortSignal,
): Promise<void> {
  const standIn = await StandIn.start(client, { build, random, logger, networks: nodeNetworks() });
  logger.info({ build }, 'the stand-in for OVN-Kubernetes started');
  await new Promise<void>((resolve) => whenAborted(signal, resolve));
  await standIn.stop();
}

/** Runs until the signal aborts. */
export async function runOvn({ cluster, underlay, logger, layout }: OvnDeps, signal: AbortSignal): Promise<void> {
  const nodes = watchKind(cluster, nodeKind, { logger }, signal);
  const probes = new Probes(nodes, layout);
  const probing = probes.run(signal);
  const standIn = await StandIn.start(cluster, {
    build: layout.ovn?.build ?? 'B',
    random,
    logger,
    networks: nodeNetworks(),
    isReachable: (name) => probes.isReachable(name),
    zoneDelay,
  });
  try {
    await runMirror({ cluster, underlay, traffic: standIn.traffic, logger, times: seenTimes }, signal);
  } finally {
    await Promise.all([standIn.stop(), probing]);
  }
}

/** Milliseconds after which a zone says that it applied a firewall: packets obey it by then. */
const zoneDelay = 150;
