/** What the facade tells of itself, beside the controllers' metrics. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface FacadeMetrics {
  /** How many namespaces are closed because they ask for an egress IP and have none. */
  readonly closed: (count: number) => void;
  /** How many egress IPs are on another node than the admin wants. */
  readonly elsewhere: (count: number) => void;
  /** OVN-Kubernetes replaced a placement that was asked for, or somebody wrote over a firewall that closes. */
  readonly refused: () => void;
}

/** Adds the metrics to a registry. */
export function facadeMetrics(registry: Registry): FacadeMetrics {
  const registers = [registry];
  const closed = new Gauge({
    name: 'sdn_compat_facade_namespaces_closed',
    help: 'Namespaces that ask for an egress IP, have none assigned, and are closed by an EgressFirewall',
    registers,
  });
  const elsewhere = new Gauge({
    name: 'sdn_compat_facade_egressips_elsewhere',
    help: 'Egress IPs that OVN-Kubernetes has on another node than their HostSubnet says',
    registers,
  });
  const refused = new Counter({
    name: 'sdn_compat_facade_refusals_total',
    help: 'Placements that OVN-Kubernetes replaced, and firewalls that somebody else changed while they closed a namespace',
    registers,
  });
  return {
    closed: (count) => closed.set(count),
    elsewhere: (count) => elsewhere.set(count),
    refused: () => refused.inc(),
  };
}
