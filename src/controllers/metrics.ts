/** The controller's metrics: those that dashboards for OpenShift SDN know, and our own. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { HealthVerdict } from '../io/health/monitor.ts';
import type { Cluster } from '../model/cluster/cluster.ts';
import type { EgressState } from '../model/egress/state.ts';
import type { EgressNetworkPolicyObject } from '../model/objects/raw.ts';
import { egressItems } from '../model/policy/egressrule.ts';

export interface ControllerMetrics {
  readonly registry: Registry;
  /** Sets the gauges of a state. */
  readonly state: (cluster: Cluster, state: EgressState) => void;
  readonly policies: (policies: readonly EgressNetworkPolicyObject[]) => void;
  readonly moved: (count: number) => void;
  readonly unplaced: (count: number) => void;
  /** Counts a watched node that went offline. */
  readonly failedOver: () => void;
  /** Sets where each scrape finds the watched nodes and their verdicts. */
  readonly followNodes: (verdicts: () => ReadonlyMap<string, HealthVerdict>) => void;
  readonly isolated: (isolated: boolean) => void;
  readonly syncError: (concern: string) => void;
  readonly leading: (isLeading: boolean) => void;
  /** Resets what only a leader knows. */
  readonly clear: () => void;
}

const nobody = (): ReadonlyMap<string, HealthVerdict> => new Map();

/** Reports the current verdicts at each scrape, without nodes that are no longer watched. */
function onlineGauge(registers: Registry[], verdicts: () => ReadonlyMap<string, HealthVerdict>): void {
  new Gauge({
    name: 'sdn_compat_node_online',
    help: 'Whether the node answers probes and is not Ready False',
    labelNames: ['node'],
    registers,
    collect() {
      this.reset();
      for (const [node, verdict] of verdicts())
        if (verdict !== 'unknown') this.set({ node }, verdict === 'online' ? 1 : 0);
    },
  });
}

type MakeGauge = (name: string, help: string, ...labelNames: string[]) => Gauge;

/** The gauges of the egress state: the function that sets them, and all of them. */
function stateGauges(gauge: MakeGauge): Pick<ControllerMetrics, 'state'> & { readonly all: readonly Gauge[] } {
  const egressIPs = gauge('sdn_controller_num_egress_ips', 'Egress IPs that NetNamespaces request');
  const assigned = gauge('openshift_sdn_assigned_egressip', 'Egress IPs assigned to the node', 'node');
  const capacity = gauge('openshift_sdn_egressip_capacity', 'Egress IPs that the cloud lets the node have', 'node');
  const unassigned = gauge('sdn_compat_egressips_unassigned', 'Requested egress IPs that no node hosts alone');
  const dropped = gauge(
    'sdn_compat_vnids_dropped',
    'VNIDs whose traffic to the outside is dropped, by the first reason',
    'reason',
  );
  const state: ControllerMetrics['state'] = (cluster, egress) => {
    egressIPs.set(cluster.netNamespaces.reduce((sum, one) => sum + one.egressIPs.length, 0));
    assigned.reset();
    capacity.reset();
    for (const { name } of cluster.hostSubnets) assigned.set({ node: name }, 0);
    for (const { node } of egress.assigned.values()) assigned.inc({ node });
    for (const [node, limits] of cluster.limits) {
      if (typeof limits.capacity === 'number') capacity.set({ node }, limits.capacity);
    }
    const requested = new Set([...egress.requests.values()].flat());
    unassigned.set([...requested].filter((ip) => !egress.assigned.has(ip)).length);
    dropped.reset();
    for (const one of egress.vnids.values()) {
      if (one.kind === 'dropped') dropped.inc({ reason: one.reasons[0]?.code ?? 'NoNodeHostsEgressIP' });
    }
  };
  return { state, all: [egressIPs, assigned, capacity, unassigned, dropped] };
}

/** Creates a new registry with all metrics at 0. */
export function createMetrics(): ControllerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge: MakeGauge = (name, help, ...labelNames) => new Gauge({ name, help, labelNames, registers });
  const counter = (name: string, help: string, ...labelNames: string[]): Counter =>
    new Counter({ name, help, labelNames, registers });

  const egress = stateGauges(gauge);
  const firewalls = gauge('sdn_controller_num_egress_firewalls', 'EgressNetworkPolicies');
  const rules = gauge('sdn_controller_num_egress_firewall_rules', 'Rules of all EgressNetworkPolicies');
  const unplaced = gauge(
    'sdn_compat_egressips_unplaced',
    'Requested egress IPs for which automatic assignment has no node',
  );
  let verdicts = nobody;
  onlineGauge(registers, () => verdicts());
  const failovers = counter('sdn_compat_node_failovers_total', 'How often a node with egressCIDRs went offline');
  const moves = counter('sdn_compat_egressip_moves_total', 'Egress IPs that automatic assignment took from a node');
  const cutOff = gauge('sdn_compat_controller_cut_off', '1 while no watched node at all can be reached');
  const errors = counter('sdn_compat_sync_errors_total', 'Work that failed and is tried again', 'concern');
  const leader = gauge('sdn_compat_leader', '1 while this process leads');

  return {
    registry,
    state: egress.state,
    policies: (policies) => {
      firewalls.set(policies.length);
      rules.set(policies.reduce((sum, policy) => sum + (egressItems(policy)?.length ?? 0), 0));
    },
    moved: (count) => moves.inc(count),
    unplaced: (count) => unplaced.set(count),
    failedOver: () => failovers.inc(),
    followNodes: (source) => (verdicts = source),
    isolated: (isIsolated) => cutOff.set(isIsolated ? 1 : 0),
    syncError: (concern) => errors.inc({ concern }),
    leading: (isLeading) => leader.set(isLeading ? 1 : 0),
    clear: () => {
      for (const one of [...egress.all, firewalls, rules, unplaced, cutOff]) one.reset();
      verdicts = nobody;
    },
  };
}
