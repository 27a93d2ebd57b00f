/** Notes for users about problems with their objects: each problem once, on each object that causes it. */
import { lostText } from '../allocation/hostsubnets.ts';
import { type Reason, type ReasonCode, reasonText } from '../egress/reasons.ts';
import type { EgressState } from '../egress/state.ts';
import { unusableAddresses } from '../egress/unusable.ts';
import { allowsCidr, allowsIp } from '../objects/cloud.ts';
import type { HostSubnet } from '../objects/hostsubnet.ts';
import type { NetNamespace } from '../objects/netnamespace.ts';
import { compareText } from '../values/names.ts';
import type { Vnid } from '../values/vnid.ts';
import type { Cluster } from './cluster.ts';
import { type RuleNoteCode, ruleNotes } from './finer-rules.ts';
import { type NotFollowedNote, notFollowedNotes } from './not-followed.ts';
import { type PlacementNoteCode, placementNotes } from './placements.ts';

export type NoteCode =
  | ReasonCode
  | 'InvalidHostSubnet'
  | 'SubnetInSeveralHostSubnets'
  | 'InvalidNetNamespace'
  | 'DuplicateName'
  | 'JoinedNamespacesDisagree'
  | 'VNIDInSeveralNamespaces'
  | 'EgressIPOutsideCloudNetwork'
  | 'EgressCIDROutsideCloudNetwork'
  | 'EgressIPsExceedCapacity'
  | 'InvalidEgressIPConfig'
  | RuleNoteCode
  | PlacementNoteCode
  | NotFollowedNote['code'];

/** One problem with one object, as an Event reports it. */
export interface Note {
  readonly kind: 'HostSubnet' | 'NetNamespace' | 'Node' | 'ClusterNetwork';
  readonly name: string;
  readonly code: NoteCode;
  readonly message: string;
}

/** What forwards: our agents, or OVN-Kubernetes, on which the facade follows none of our annotations. */
export type Backend = 'sdn' | 'ovn';

/** All notes for a cluster with this state, ordered by kind, name, code and message. */
export function notesOn(cluster: Cluster, state: EgressState, backend: Backend = 'sdn'): readonly Note[] {
  const all = [
    ...parseNotes(cluster),
    ...namespaceNotes(cluster, state),
    ...hostNotes(cluster, state),
    ...(backend === 'ovn' ? notFollowedNotes(cluster) : [...ruleNotes(cluster), ...placementNotes(cluster, state)]),
  ];
  const byText = new Map(all.map((note) => [[note.kind, note.name, note.code, note.message].join('\n'), note]));
  return [...byText].sort(([a], [b]) => compareText(a, b)).map(([, note]) => note);
}

function parseNotes(cluster: Cluster): readonly Note[] {
  const notes: Note[] = [];
  for (const { name, problems } of cluster.invalidHostSubnets) {
    for (const { field, reason } of problems)
      notes.push({ kind: 'HostSubnet', name, code: 'InvalidHostSubnet', message: `${field}: ${reason}` });
  }
  for (const lost of cluster.lostSubnets) {
    const { loser, winner } = lost;
    const code = 'SubnetInSeveralHostSubnets';
    notes.push({
      kind: 'HostSubnet',
      name: loser.name,
      code,
      message: `subnet ${lostText(lost)}: this HostSubnet counts as absent`,
    });
    notes.push({
      kind: 'HostSubnet',
      name: winner.name,
      code,
      message: `subnet ${loser.subnet.text} of HostSubnet ${loser.name} overlaps ${winner.subnet.text}: HostSubnet ${loser.name} counts as absent`,
    });
  }
  for (const { name, problems } of cluster.invalidNetNamespaces) {
    for (const { field, reason } of problems)
      notes.push({ kind: 'NetNamespace', name, code: 'InvalidNetNamespace', message: `${field}: ${reason}` });
  }
  for (const { name, reason } of cluster.invalidLimits) {
    notes.push({
      kind: 'Node',
      name,
      code: 'InvalidEgressIPConfig',
      message: `the annotation with the cloud's limits ${reason}; this node keeps the egress IPs it has and gets no more`,
    });
  }
  for (const { kind, name } of cluster.duplicates) {
    notes.push({
      kind,
      name,
      code: 'DuplicateName',
      message: 'there are several different objects of this kind and name; one of them is used',
    });
  }
  return notes;
}

/** The reasons of a VNID, on each of its namespaces, and whether these namespaces disagree. */
function namespaceNotes(cluster: Cluster, state: EgressState): readonly Note[] {
  const notes: Note[] = [];
  for (const [vnid, namespaces] of byVnid(cluster.netNamespaces)) {
    for (const reason of reasonsOf(state, vnid)) {
      for (const { name } of namespaces)
        notes.push({ kind: 'NetNamespace', name, code: reason.code, message: reasonText(reason) });
    }
    if (namespaces.length < 2) continue;
    const names = namespaces.map(({ name }) => name).sort(compareText);
    if (cluster.mode === 'networkpolicy') notes.push(...sharedNotes(vnid, names));
    const lists = new Set(namespaces.map(({ egressIPs }) => egressIPs.join()));
    if (lists.size < 2) continue;
    const message = `namespaces ${names.join(', ')} share VNID ${vnid} but their egress IPs differ; all of them together are used`;
    for (const { name } of namespaces)
      notes.push({ kind: 'NetNamespace', name, code: 'JoinedNamespacesDisagree', message });
  }
  return notes;
}

/** In mode networkpolicy each namespace has a VNID of its own; others would share its egress IPs and rules. */
function sharedNotes(vnid: Vnid, names: readonly string[]): readonly Note[] {
  const [first = '', second = '', ...more] = names;
  const some = more.length === 0 ? `${first} and ${second}` : `${first}, ${second} and ${more.length} more`;
  const message = `namespaces ${some} have VNID ${vnid}, which only one may have in mode networkpolicy: egress IPs and egress policies hold for all of them, NetworkPolicies for each alone`;
  return names.map((name) => ({ kind: 'NetNamespace', name, code: 'VNIDInSeveralNamespaces', message }));
}

function byVnid(netNamespaces: readonly NetNamespace[]): ReadonlyMap<Vnid, readonly NetNamespace[]> {
  return Map.groupBy(netNamespaces, ({ vnid }) => vnid);
}

function reasonsOf(state: EgressState, vnid: Vnid): readonly Reason[] {
  const one = state.vnids.get(vnid);
  return one === undefined || one.kind === 'normal' ? [] : one.reasons;
}

/** Problems with what HostSubnets list, whether or not a namespace requests it. */
function hostNotes(cluster: Cluster, state: EgressState): readonly Note[] {
  const notes: Note[] = [];
  const unusable = unusableAddresses(cluster);
  for (const one of cluster.hostSubnets) {
    for (const egressIP of one.egressIPs) {
      const why = unusable.of(egressIP);
      if (why !== undefined)
        notes.push({ kind: 'HostSubnet', name: one.name, code: why.code, message: reasonText({ ...why, egressIP }) });
    }
    notes.push(...cloudNotes(one, cluster));
  }
  for (const vnid of state.vnids.keys())
    for (const reason of reasonsOf(state, vnid)) notes.push(...hostNotesOf(reason));
  return notes;
}

/** A reason caused by how HostSubnets list IPs, on each of these HostSubnets. */
function hostNotesOf(reason: Reason): readonly Note[] {
  const note = (name: string): Note => ({ kind: 'HostSubnet', name, code: reason.code, message: reasonText(reason) });
  switch (reason.code) {
    case 'EgressIPOnSeveralNodes':
      return reason.nodes.map(note);
    case 'SeveralEgressIPsOnOneNode':
    case 'NodeOffline':
      return [note(reason.node)];
    case 'InvalidEgressIP':
    case 'EgressIPInSeveralNamespaces':
    case 'EgressIPIsNodeAddress': // reported on every HostSubnet that lists such an IP, requested or not
    case 'EgressIPInsideCluster':
    case 'NoNodeHostsEgressIP':
      return [];
  }
}

function cloudNotes({ name, egressIPs, egressCIDRs }: HostSubnet, { limits }: Cluster): readonly Note[] {
  const limit = limits.get(name);
  if (limit === undefined) return [];
  const network = limit.network?.text ?? '';
  const notes: Note[] = [];
  for (const cidr of egressCIDRs.filter((one) => !allowsCidr(limit, one))) {
    notes.push({
      kind: 'HostSubnet',
      name,
      code: 'EgressCIDROutsideCloudNetwork',
      message: `${cidr.text} is not within ${network}, the node's cloud network; it is not used`,
    });
  }
  for (const ip of egressIPs.filter((one) => !allowsIp(limit, one))) {
    notes.push({
      kind: 'HostSubnet',
      name,
      code: 'EgressIPOutsideCloudNetwork',
      message: `${ip} is not within ${network}, the node's cloud network`,
    });
  }
  if (typeof limit.capacity === 'number' && egressIPs.length > limit.capacity) {
    const message = `${egressIPs.length} egress IPs are listed, but the cloud lets this node have ${limit.capacity}`;
    notes.push({ kind: 'HostSubnet', name, code: 'EgressIPsExceedCapacity', message });
  }
  return notes;
}
