/** The agent's metrics. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Ip } from '../../model/values/address.ts';
import type { PortUse } from '../conntrack/source-ports.ts';
import type { NodePlan } from '../plan/node.ts';
import type { Applied } from './apply.ts';
import type { DroppedPackets } from './drop-counts.ts';

export interface NodeMetrics {
  readonly registry: Registry;
  /** Records what a pass did, and the seconds since its change. */
  readonly applied: (plan: NodePlan, applied: Applied, seconds: number) => void;
  readonly connectionsEnded: (count: number) => void;
  readonly failed: () => void;
  /** Sets the most used source ports of egress IPs. */
  readonly ports: (uses: readonly PortUse[]) => void;
  /** Sets the source, read at each scrape, of the seconds since which the oldest change waits to be applied. */
  readonly followBehind: (seconds: () => number) => void;
  /** Sets the source, asked at each scrape, of the packets that were dropped since it was asked last. */
  readonly followDrops: (dropped: () => Promise<readonly DroppedPackets[]>) => void;
  /** Sets the source, read at each scrape, of the watched nodes that host egress IPs and whether they are online. */
  readonly followPeers: (peers: () => ReadonlyMap<Ip, boolean>) => void;
  /** Sets the source, read at each scrape, of how many probes were sent and how many milliseconds are between two. */
  readonly followProbes: (probing: () => Probing) => void;
}

interface Probing {
  readonly sent: number;
  readonly spacing: number;
}

/** What is read at a scrape, from the sources in `follow`, and the ports, which are set. */
function createLookedAt(registers: Registry[]) {
  const follow = {
    behind: (): number => 0,
    drops: (): Promise<readonly DroppedPackets[]> => Promise.resolve([]),
    peers: (): ReadonlyMap<Ip, boolean> => new Map(),
    probing: (): Probing => ({ sent: 0, spacing: 0 }),
  };
  const ports = new Gauge({
    name: 'sdn_compat_agent_egressip_source_ports',
    help: 'Source ports of an egress IP of this node that are taken towards a remote; those with the most',
    labelNames: ['egress_ip', 'remote', 'protocol'],
    registers,
  });
  new Counter({
    name: 'sdn_compat_agent_dropped_packets_total',
    help: 'Packets that br0 dropped of a namespace with pods on this node, by what has them dropped',
    labelNames: ['namespace', 'reason'],
    registers,
    async collect() {
      for (const { namespace, reason, packets } of await follow.drops()) this.inc({ namespace, reason }, packets);
    },
  });
  new Gauge({
    name: 'sdn_compat_agent_behind_seconds',
    help: 'For how long a change of the cluster waits to be applied on this node; 0 if none does',
    registers,
    collect() {
      this.set(follow.behind());
    },
  });
  new Gauge({
    name: 'sdn_compat_agent_peer_online',
    help: 'Whether a node that hosts egress IPs answers this one',
    labelNames: ['node_ip'],
    registers,
    collect() {
      this.reset();
      for (const [ip, isOnline] of follow.peers()) this.set({ node_ip: ip }, isOnline ? 1 : 0);
    },
  });
  new Counter({
    name: 'sdn_compat_agent_probes_total',
    help: 'Probes sent to other nodes',
    registers,
    collect() {
      this.reset();
      this.inc(follow.probing().sent);
    },
  });
  new Gauge({
    name: 'sdn_compat_agent_probe_spacing_seconds',
    help: 'Time between two probes of a node by which pods here leave; more than --probe-interval if there are too many for --probe-limit',
    registers,
    collect() {
      this.set(follow.probing().spacing / 1_000);
    },
  });
  return { ports, follow };
}

/** Creates a registry with all metrics at 0. */
export function createNodeMetrics(): NodeMetrics {
  const registry = new Registry();
  const registers = [registry];
  const buckets = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
  const flows = new Histogram({
    name: 'sdn_compat_agent_change_to_flows_seconds',
    help: 'From a change to its flows on br0',
    buckets,
    registers,
  });
  const errors = new Counter({
    name: 'sdn_compat_agent_sync_errors_total',
    help: 'Passes that failed and are tried again',
    registers,
  });
  const ended = new Counter({
    name: 'sdn_compat_agent_connections_ended_total',
    help: 'Connections ended in conntrack because their source address may not be used any more',
    registers,
  });
  const hosted = new Gauge({ name: 'sdn_compat_agent_egressips_hosted', help: 'Egress IPs on this node', registers });
  const refused = new Gauge({
    name: 'sdn_compat_agent_egressips_refused',
    help: 'Egress IPs assigned to this node that it cannot carry',
    registers,
  });
  const draining = new Gauge({
    name: 'sdn_compat_agent_egressips_draining',
    help: 'Egress IPs that moved away while their connections stay on this node',
    registers,
  });
  const { ports, follow } = createLookedAt(registers);
  return {
    registry,
    applied: (plan, applied, seconds) => {
      if (applied.changes > 0) flows.observe(seconds);
      hosted.set(plan.addresses.size);
      refused.set(plan.refused.size);
      draining.set(plan.nft.draining.length);
    },
    connectionsEnded: (count) => ended.inc(count),
    failed: () => errors.inc(),
    ports: (uses) => {
      ports.reset();
      for (const { egressIP, remote, protocol, ports: count } of uses)
        ports.set({ egress_ip: egressIP, remote, protocol }, count);
    },
    followBehind: (seconds) => (follow.behind = seconds),
    followDrops: (source) => (follow.drops = source),
    followPeers: (source) => (follow.peers = source),
    followProbes: (source) => (follow.probing = source),
  };
}
