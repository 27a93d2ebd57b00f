/**
 * The stand-in for OVN-Kubernetes in a lab: it acts on the cluster's objects, probes the nodes, and forwards by the
 * lab's own agents, which see an API server of their own.
 */
import { nodes as nodeKind } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import { tcpProbe } from '../../io/health/probe.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { addressAt, parseCidr } from '../../model/values/address.ts';
import { type Layout, network } from '../layout.ts';
import { subnetOf } from '../ovn/annotator.ts';
import { StandIn } from '../ovn/stand-in.ts';
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

/** Milliseconds that a node has to answer a probe. */
const probeTimeout = 1_000;
/** When a probe is sent, in milliseconds: the first packet to a node is lost where Open vSwitch must ask for its MAC. */
const attempts = [0, 100, 300];

/**
 * Whether the node answers at its own address in the pod network, as OVN-Kubernetes asks where its health service does
 * not run: refusing is an answer.
 */
async function isReachable(node: KubeObject | undefined, { pace }: Layout): Promise<boolean> {
  const subnet = parseCidr(node === undefined ? '' : (subnetOf(node) ?? ''));
  if (!subnet.ok) return false;
  const ip = addressAt(subnet.value, 1);
  const end = new AbortController();
  const cancels: (() => void)[] = [];
  const answered = new Promise<boolean>((resolve) => {
    for (const delay of attempts)
      void pause(delay, end.signal).then(() => {
        if (!end.signal.aborted) cancels.push(tcpProbe()(ip, (isAnswered) => isAnswered && resolve(true)));
      });
  });
  const timeout = pause(probeTimeout * pace, end.signal).then(() => false);
  const isAnswered = await Promise.race([answered, timeout]);
  end.abort();
  for (const cancel of cancels) cancel();
  return isAnswered;
}

/** Runs until the signal aborts. */
export async function runOvn({ cluster, underlay, logger, layout }: OvnDeps, signal: AbortSignal): Promise<void> {
  const podNetwork = parseCidr(network.podNetwork);
  if (!podNetwork.ok) throw new Error(podNetwork.error);
  const nodes = watchKind(cluster, nodeKind, { logger }, signal);
  const standIn = await StandIn.start(cluster, {
    build: layout.ovn?.build ?? 'B',
    random: (limit) => Math.floor(Math.random() * limit),
    logger,
    networks: {
      podNetwork: podNetwork.value,
      hostSubnetLength: network.hostSubnetLength,
      prefixLength: network.prefixLength,
    },
    isReachable: (name) => isReachable(nodes.get(name), layout),
    zoneDelay,
  });
  try {
    await runMirror({ cluster, underlay, traffic: standIn.traffic, logger, times: seenTimes }, signal);
  } finally {
    await standIn.stop();
  }
}

/** Milliseconds after which a zone says that it applied a firewall: packets obey it by then. */
const zoneDelay = 150;
