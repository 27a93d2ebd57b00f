/** With which address a pod leaves the cluster where OVN-Kubernetes forwards, from its objects alone. */
import { type Firewall, firewallVerdict, letsNothingOut, type Outgoing } from '../policy/egressfirewall.ts';
import { err, ok, type Result } from '../values/result.ts';
import type { Assignment } from './assignments.ts';
import type { Cluster } from './cluster.ts';
import type { NodeReports } from './node-status.ts';
import { statusOf, type StatusRow } from './summary.ts';

interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly vnid: number;
}

interface Step {
  readonly node: string;
  readonly at: string;
  readonly says: string;
  readonly flow: null;
}

/** One way of the packet. */
export interface AssignedWay {
  readonly verdict: 'leaves' | 'dropped';
  /** The address that the destination sees; null if it never arrives. */
  readonly address: string | null;
  readonly node: string;
  readonly reason: string;
  readonly steps: readonly Step[];
}

export interface AssignedWays {
  readonly ways: readonly AssignedWay[];
  /** What may make the answer wrong. */
  readonly unknown: readonly string[];
}

interface Scene {
  readonly cluster: Cluster;
  readonly pod: Pod;
  /** The places that the pod's namespace has. */
  readonly served: readonly Assignment[];
  readonly rows: readonly StatusRow[];
  readonly steps: readonly Step[];
}

/**
 * The ways of what the pod sends out of the cluster: one for each egress IP that it may leave with, as `status` says. An
 * error says what must be known for that.
 */
export function assignedWays(cluster: Cluster, reports: NodeReports, pod: Pod, packet: Outgoing): Result<AssignedWays> {
  const { assignments = 'unread', firewalls = 'unread' } = reports;
  if (assignments === 'unread') return err('EgressIPs could not be read: nothing tells which node has which egress IP');
  const served = assignments.filter((one) => one.namespaces.has(pod.namespace));
  const rows = statusOf(cluster, reports).egressIPs.filter(({ vnid }) => vnid === pod.vnid);
  const says = `${pod.namespace}/${pod.name} sends to ${packet.to}`;
  const scene: Scene = { cluster, pod, served, rows, steps: [{ node: pod.node, at: 'pod', says, flow: null }] };
  if (firewalls !== 'unread') return ok(behind(firewalls.get(pod.namespace) ?? [], packet, scene));
  if (served.length === 0 && rows.length > 0)
    return err('EgressFirewalls could not be read: nothing tells whether one closes the namespace');
  return ok({ ways: passing(scene), unknown: ['EgressFirewalls, which could not be read'] });
}

/** The ways behind the EgressFirewall of the pod's namespace. */
function behind(firewall: Firewall, packet: Outgoing, scene: Scene): AssignedWays {
  const { node } = scene.pod;
  const { isDenied, rule = 'no rule fits', unknown } = firewallVerdict(firewall, packet);
  const step: Step = { node, at: 'EgressFirewall', says: rule, flow: null };
  const steps = [...scene.steps, ...(firewall.length === 0 ? [] : [step])];
  const way: AssignedWay = { verdict: 'dropped', address: null, node, reason: whyDenied(firewall, rule, scene), steps };
  return {
    ways: isDenied ? [way] : passing({ ...scene, steps }),
    unknown: unknown.map((text) => `${text} (EgressFirewall): nothing here tells whether it fits`),
  };
}

function whyDenied(firewall: Firewall, rule: string, { cluster, served, rows }: Scene): string {
  const isClosed = rows.length > 0 && served.length === 0 && letsNothingOut(firewall, isNodeOf(cluster));
  return isClosed ? `its EgressFirewall closes its namespace: ${whyIn(rows)}` : `${rule} (EgressFirewall)`;
}

function passing(scene: Scene): readonly AssignedWay[] {
  const { served } = scene;
  return served.length > 0 ? served.map((one) => assignedWay(one, scene)) : [openWay(scene)];
}

function whyIn(rows: readonly StatusRow[]): string {
  return [...new Set(rows.flatMap(({ reason }) => reason ?? []))].join('; ');
}

/** The way by an egress IP that the pod's namespace has. */
function assignedWay({ egressIP, node, by }: Assignment, { rows, steps: before }: Scene): AssignedWay {
  const says = `EgressIP ${by} has ${egressIP} on ${node}`;
  const steps = [...before, { node, at: 'EgressIP', says, flow: null }];
  const { inUse = true, reason = null } = rows.find((one) => one.egressIP === egressIP) ?? {};
  return inUse === false
    ? { verdict: 'dropped', address: null, node, reason: reason ?? says, steps }
    : { verdict: 'leaves', address: egressIP, node, reason: reason ?? says, steps };
}

/** The way of a namespace that has no egress IP, and that nothing closes. */
function openWay({ cluster: { hostSubnets }, pod: { node }, rows, steps }: Scene): AssignedWay {
  const why =
    rows.length === 0
      ? 'its namespace requests no egress IP'
      : `none of its egress IPs is assigned, and nothing closes its namespace: ${whyIn(rows)}`;
  const address = hostSubnets.find(({ name }) => name === node)?.hostIP ?? null;
  return { verdict: 'leaves', address, node, reason: `the address of the node, because ${why}`, steps };
}

function isNodeOf({ hostSubnets }: Cluster): (address: string) => boolean {
  const all = new Set<string>(hostSubnets.map(({ hostIP }) => hostIP));
  return (address) => all.has(address);
}
