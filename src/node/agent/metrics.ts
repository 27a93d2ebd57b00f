/** The agent's metrics. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Ip } from '../../model/values/address.ts';
import type { NodePlan } from '../plan/node.ts';
import type { Applied } from './apply.ts';

export interface NodeMetrics {
  readonly registry: Registry;
  /** Records what a pass did, and the seconds since its change. */
  readonly applied: (plan: NodePlan, applied: Applied, seconds: number) => void;
  readonly connectionsEnded: (count: number) => void;
  readonly failed: () => void;
  /** Sets the source, read at each scrape, of the watched nodes that host egress IPs and whether they are online. */
  readonly followPeers: (peers: () => ReadonlyMap<Ip, boolean>) => void;
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
  let peers = (): ReadonlyMap<Ip, boolean> => new Map();
  new Gauge({
    name: 'sdn_compat_agent_peer_online',
    help: 'Whether a node that hosts egress IPs answers this one',
    labelNames: ['node_ip'],
    registers,
    collect() {
      this.reset();
      for (const [ip, isOnline] of peers()) this.set({ node_ip: ip }, isOnline ? 1 : 0);
    },
  });
  return {
    registry,
    applied: (plan, applied, seconds) => {
      if (applied.bundleLines > 0) flows.observe(seconds);
      hosted.set(plan.addresses.size);
      refused.set(plan.refused.size);
    },
    connectionsEnded: (count) => ended.inc(count),
    failed: () => errors.inc(),
    followPeers: (source) => (peers = source),
  };
}
