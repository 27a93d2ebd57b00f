/**
 * The stand-in for OVN-Kubernetes in a lab: it acts on the cluster's objects, probes the nodes, and forwards by the
 * lab's own agents, which see an API server of their own.
 */
import { tcpProbe } from '../../io/health/probe.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import type { Logger } from '../../io/log.ts';
import { parseCidr, parseIp } from '../../model/values/address.ts';
import { type Layout, network } from '../layout.ts';
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

/** Whether the node answers, as OVN-Kubernetes asks where its own health service does not run: refusing is an answer. */
function isReachable({ nodes, pace }: Layout, name: string): Promise<boolean> {
  const ip = parseIp(nodes.find((one) => one.name === name)?.ip ?? '');
  if (!ip.ok) return Promise.resolve(false);
  return new Promise((resolve) => {
    const cancel = tcpProbe()(ip.value, (isAnswered) => {
      clearTimeout(timer);
      resolve(isAnswered);
    });
    const timer = setTimeout(() => {
      cancel();
      resolve(false);
    }, probeTimeout * pace);
  });
}

/** Runs until the signal aborts. */
export async function runOvn({ cluster, underlay, logger, layout }: OvnDeps, signal: AbortSignal): Promise<void> {
  const podNetwork = parseCidr(network.podNetwork);
  if (!podNetwork.ok) throw new Error(podNetwork.error);
  const standIn = await StandIn.start(cluster, {
    build: layout.ovn?.build ?? 'B',
    random: (limit) => Math.floor(Math.random() * limit),
    logger,
    networks: {
      podNetwork: podNetwork.value,
      hostSubnetLength: network.hostSubnetLength,
      prefixLength: network.prefixLength,
    },
    isReachable: (name) => isReachable(layout, name),
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
