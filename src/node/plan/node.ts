/**
 * Plans everything that a node should have on its bridge, in nft and on its link: a function of objects, pods and
 * facts.
 */
import groupBy from 'lodash/groupBy.js';
import type { Drain } from '../../model/egress/drains.ts';
import { Fingerprint } from '../../model/egress/fingerprint.ts';
import { notSelected, rulesForPod, rulesText } from '../../model/egress/rules.ts';
import type { EgressState } from '../../model/egress/state.ts';
import type { Hop } from '../../model/egress/verdict.ts';
import type { EgressRules } from '../../model/objects/egressrules.ts';
import type { Labels } from '../../model/objects/selector.ts';
import type { EgressPolicies } from '../../model/policy/egresspolicy.ts';
import { type Ip } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import type { Ownership, RestrictedPod } from '../conntrack/stale.ts';
import { refusal, type Uplink } from '../links/addresses.ts';
import type { Moved } from '../nft/drain-table.ts';
import { leavesAsNode, type NftElements, type OwnerRule } from '../nft/vocabulary.ts';
import type { Flow, Group, Meter } from '../ovs/flow.ts';
import { inboundOwnerOf, ownerOf, unaskedOwnerOf } from '../ovs/owner.ts';
import type { DrainedSource, LocalPod, Networks, NodeFacts, PodOwners, RemoteNode } from '../values/facts.ts';
import { memoized, memoizedPair } from '../values/memo.ts';
import { egressRules, hopsUsed, notSelectedFlows } from './egress.ts';
import { egressPolicyFlows } from './egresspolicy.ts';
import { drainedHere, hostedHere } from './hosted.ts';
import { metersHere } from './meters.ts';
import { multicastFlows, multicastToNodes } from './multicast.ts';
import { type Local, networkPolicyFlows, type PolicyWorld } from './networkpolicy.ts';
import { isolationFlows, podFlows, recordedFlows } from './pods.ts';
import { remoteNodeFlows } from './remotes.ts';
import { staticFlows } from './static.ts';

/** The labels of the pod with this uid; undefined if they are not known. */
export type LabelsOf = (uid: string) => Labels | undefined;

export interface NodeInput {
  readonly facts: NodeFacts;
  readonly uplink: Uplink;
  /** Next hops of the node's routes. */
  readonly gateways: ReadonlySet<Ip>;
  readonly networks: Networks;
  readonly remotes: readonly RemoteNode[];
  readonly pods: readonly LocalPod[];
  readonly state: EgressState;
  readonly labelsOf: LabelsOf;
  /** Egress IPs that may not come here yet: why, or undefined while that is being found out. */
  readonly withheld: ReadonlyMap<Ip, string | undefined>;
  /** Why the switch does not have the meter of some VNIDs, whose traffic leaves without a limit. Absent: it has all. */
  readonly unlimited?: ReadonlyMap<Vnid, string>;
  readonly egressPolicies: EgressPolicies;
  /** The current addresses of a name. */
  readonly addressesOf: (name: string) => readonly Ip[];
  readonly multicast: ReadonlySet<Vnid>;
  /** Undefined in the modes without NetworkPolicy. */
  readonly world: PolicyWorld | undefined;
}

export interface NodePlan {
  /** The flows, in parts: each is the same list as in the last plan while nothing in it changes. */
  readonly parts: readonly (readonly Flow[])[];
  /** The flows of all parts. */
  readonly flows: readonly Flow[];
  readonly groups: readonly Group[];
  /** The meters that the flows use, by VNID. */
  readonly meters: ReadonlyMap<Vnid, Meter>;
  readonly nft: NftElements;
  /** The finer rules of pods here, by their chains in nft. */
  readonly finerRules: ReadonlyMap<string, EgressRules>;
  /** The egress IPs for the uplink. */
  readonly addresses: ReadonlySet<Ip>;
  /** Egress IPs assigned to this node that it cannot carry, with the reason. */
  readonly refused: ReadonlyMap<Ip, string>;
  /** The egress IPs of this node whose connections another node still has. */
  readonly moved: readonly Moved[];
  /** The pods here whose VNID requests egress IPs. */
  readonly restricted: ReadonlyMap<Ip, RestrictedPod>;
}

interface Hosting {
  readonly addresses: ReadonlySet<Ip>;
  readonly refused: ReadonlyMap<Ip, string>;
  readonly snat: ReadonlyMap<number, Ip>;
}

function hosting({ facts, uplink, gateways, state, withheld }: NodeInput): Hosting {
  const addresses = new Set<Ip>();
  const refused = new Map<Ip, string>();
  for (const [ip, assignment] of state.assigned) {
    if (assignment.node !== facts.name) continue;
    const reason = refusal(uplink, { nodeIP: facts.nodeIP, gateways }, ip);
    const against = reason ?? withheld.get(ip);
    if (against !== undefined) refused.set(ip, against);
    else if (!withheld.has(ip)) addresses.add(ip);
  }
  return { addresses, refused, snat: sourceByOwner(hostedHere(facts, state), addresses, facts) };
}

/** The egress IP on this node of each VNID that may use one. */
function sourceByOwner(
  hosted: ReadonlyMap<Vnid, Ip>,
  addresses: ReadonlySet<Ip>,
  { masqueradeBit }: Pick<NodeFacts, 'masqueradeBit'>,
): Map<number, Ip> {
  const carried = [...hosted].filter(([, ip]) => addresses.has(ip));
  return new Map(carried.map(([vnid, ip]) => [ownerOf(vnid, masqueradeBit), ip]));
}

/** The egress IPs that drain from this node. */
function drainingOf(
  options: Pick<NodeOptions, 'name' | 'masqueradeBit'>,
  state: Pick<EgressState, 'drains'>,
): readonly DrainedSource[] {
  return [...drainedHere(options, state)].flatMap(([vnid, ips]) =>
    ips.map((source) => ({ owner: ownerOf(vnid, options.masqueradeBit), source })),
  );
}

/** The egress IPs of this node that drain from another. */
function movedHere({ state, facts }: NodeInput, { snat }: Hosting): readonly Moved[] {
  return [...(state.drains?.values() ?? [])].flat().flatMap(({ vnid, egressIP, from, ports }) => {
    const owner = ownerOf(vnid, facts.masqueradeBit);
    const isHere = from.node !== facts.name && snat.get(owner) === egressIP;
    return isHere ? [{ egressIP, owner, from: from.nodeIP, ports }] : [];
  });
}

type PodOfVnid = Pick<LocalPod, 'ip' | 'vnid' | 'uid'>;
/** The pods of a node, and what their restrictions follow from. */
interface PodsInput extends Pick<NodeInput, 'state' | 'labelsOf'> {
  readonly pods: readonly PodOfVnid[];
}
type NodeOptions = Pick<NodeFacts, 'name' | 'masqueradeBit' | 'firstAvailable'>;

const isHere = (hops: readonly Hop[], name: string): boolean => hops.some(({ node }) => node === name);

/**
 * The pods whose VNID has a state, with the allowed sources of their connections: a connection keeps its hop, so any
 * hop on this node allows its source, also if new connections use another one. A VNID that requests only invalid
 * addresses also has a state.
 */
function restrictedPods(
  { pods, state, labelsOf }: PodsInput,
  snat: Hosting['snat'],
  { name, masqueradeBit, firstAvailable }: NodeOptions,
): Map<Ip, RestrictedPod> {
  const restricted = new Map<Ip, RestrictedPod>();
  for (const { ip, vnid, uid } of pods) {
    const verdict = state.vnids.get(vnid);
    if (verdict === undefined) continue;
    const owner = ownerOf(vnid, masqueradeBit);
    const hops = verdict.kind === 'via' ? verdict.hops : [];
    const source = isHere(hops, name) ? snat.get(owner) : undefined;
    const rules = verdict.kind === 'normal' ? undefined : rulesForPod(verdict.rules, () => labelsOf(uid));
    const beginsHere = isHere(hopsUsed(hops, firstAvailable), name);
    const drains = drainsOf(state.drains?.get(vnid), name);
    restricted.set(ip, { owner, source, beginsHere, ...drains, ...(rules === undefined ? {} : { rules }) });
  }
  return restricted;
}

/** What drains of a pod's VNID: from this node, and whether from others. */
function drainsOf(
  drains: readonly Drain[] | undefined,
  name: string,
): Pick<RestrictedPod, 'drains' | 'drainsElsewhere'> {
  if (drains === undefined) return {};
  const own = drains.filter(({ from }) => from.node === name).map(({ egressIP }) => egressIP);
  return {
    ...(own.length === 0 ? {} : { drains: own }),
    ...(own.length === drains.length ? {} : { drainsElsewhere: true }),
  };
}

/** Whose the connections of pods are. */
const ownersOf = memoizedPair(
  (pods: readonly PodOfVnid[], { masqueradeBit }: NodeOptions): ReadonlyMap<Ip, PodOwners> =>
    new Map(
      pods.map(({ ip, vnid }) => [ip, { inbound: inboundOwnerOf(vnid), unasked: unaskedOwnerOf(vnid, masqueradeBit) }]),
    ),
);

/** The addresses of all nodes. */
const addressesOfNodes = memoizedPair(
  ({ nodeIP }: NodeFacts, remotes: readonly RemoteNode[]): ReadonlySet<Ip> =>
    new Set([nodeIP, ...remotes.map((remote) => remote.nodeIP)]),
);

/** The chain of finer rules: the same for those that say the same. */
const chainOf = memoized((rules: EgressRules): string => {
  const fingerprint = new Fingerprint();
  fingerprint.replace(undefined, rulesText(rules));
  return `finer_${fingerprint.text}`;
});

/** Whether some of the traffic is not covered. */
const leavesSome = ({ destinations, except }: EgressRules): boolean => destinations !== undefined || except.length > 0;

/** What becomes of what would leave as the node, by the finer rules of the pod; undefined: nothing of it may. */
function verdictOf(rules: EgressRules | undefined): string | undefined {
  if (rules === notSelected) return leavesAsNode;
  return rules === undefined || !leavesSome(rules) ? undefined : `jump ${chainOf(rules)}`;
}

/** The verdict on each pod whose finer rules let it leave as the node, and on its owner. */
function rulesElements(
  restricted: ReadonlyMap<Ip, RestrictedPod>,
  pods: NftElements['pods'],
): Pick<NftElements, 'podRules' | 'ownerRules'> {
  const podRules = new Map<Ip, string>();
  const ownerRules = new Map<Ip, OwnerRule>();
  for (const [ip, { rules }] of restricted) {
    const owner = pods.get(ip)?.unasked;
    const verdict = verdictOf(rules);
    if (verdict === undefined || owner === undefined) continue;
    podRules.set(ip, verdict);
    ownerRules.set(ip, { owner, verdict });
  }
  return { podRules, ownerRules };
}

const noRules: ReadonlyMap<string, EgressRules> = new Map();

/** The rules of these pods by their chain. */
function chainsOf(restricted: ReadonlyMap<Ip, RestrictedPod>): ReadonlyMap<string, EgressRules> {
  const all = [...restricted.values()].flatMap(({ rules }) => (rules === undefined ? [] : [rules]));
  const leaving = all.filter((rules) => rules !== notSelected && leavesSome(rules));
  return leaving.length === 0 ? noRules : new Map(leaving.map((rules) => [chainOf(rules), rules]));
}

function elements(
  { snat, addresses }: Pick<Hosting, 'snat' | 'addresses'>,
  restricted: ReadonlyMap<Ip, RestrictedPod>,
  known: Pick<NftElements, 'draining' | 'egressIPs' | 'pods' | 'nodes'>,
): NftElements {
  const podSources = [...restricted].flatMap(([pod, { source }]) =>
    source === undefined ? [] : [[pod, source] as const],
  );
  return {
    ...{ snat, hosted: addresses, restricted: new Set(restricted.keys()), podSources: new Map(podSources) },
    drainingPods: [...restricted].flatMap(([pod, { drains = [] }]) => drains.map((source) => [pod, source] as const)),
    ...rulesElements(restricted, known.pods),
    ...known,
  };
}

/** What a node may have at most, and the finer rules that it names, by their chains. */
export type Limits = NftElements & Pick<NodePlan, 'finerRules'>;

/**
 * The limits of every current plan, from the egress state alone: the pods that are at least restricted, and the
 * addresses that the node may at most have and translate to.
 */
export function planLimits(options: NodeOptions, input: PodsInput): Limits {
  const { pods, state } = input;
  const addresses = new Set([...state.assigned].flatMap(([ip, { node }]) => (node === options.name ? [ip] : [])));
  const snat = sourceByOwner(hostedHere(options, state), addresses, options);
  const draining = drainingOf(options, state);
  const known = { draining, egressIPs: state.egressIPs, pods: ownersOf(pods, options), nodes: new Set<Ip>() };
  const restricted = restrictedPods(input, snat, options);
  return { ...elements({ addresses, snat }, restricted, known), finerRules: chainsOf(restricted) };
}

/** The limits of a node that may not have any egress IP. */
export function nothingHosted(limits: Limits): Limits {
  const nothing = { draining: [], drainingPods: [] };
  return { ...limits, ...nothing, hosted: new Set(), snat: new Map(), podSources: new Map() };
}

const withDraining = (addresses: ReadonlySet<Ip>, draining: readonly DrainedSource[]): ReadonlySet<Ip> =>
  draining.length === 0 ? addresses : new Set([...addresses, ...draining.map(({ source }) => source)]);

/** Which sources owners may use once the plan is applied on a host with these addresses. */
export function ownershipOf(
  plan: NodePlan,
  host: {
    readonly facts: NodeFacts;
    readonly networks: Networks;
    readonly own: ReadonlySet<Ip>;
    readonly attached: ReadonlySet<Ip>;
  },
): Ownership {
  const { facts, networks, own, attached } = host;
  const { nft, addresses, restricted } = plan;
  const inside = [...networks.cluster, networks.service];
  return {
    podNetworks: networks.cluster,
    inside,
    subnet: facts.subnet,
    snat: nft.snat,
    draining: nft.draining,
    hosted: withDraining(addresses, nft.draining),
    restricted,
    attached,
    pods: nft.pods,
    nodes: nft.nodes,
    own,
  };
}

const localOf = memoized((pods: readonly LocalPod[]): Local => ({
  vnids: new Set(pods.map(({ vnid }) => vnid)),
  pods: groupBy(pods, ({ namespace }) => namespace),
}));

/** The meters that a node should have, by VNID. */
export function wantedMeters({ facts, state }: Pick<NodeInput, 'facts' | 'state'>): ReadonlyMap<Vnid, Meter> {
  return metersHere(state, () => hostedHere(facts, state));
}

/** Those that the switch has. */
function metersOf(input: NodeInput): ReadonlyMap<Vnid, Meter> {
  const wanted = wantedMeters(input);
  const { unlimited } = input;
  if (unlimited === undefined || unlimited.size === 0) return wanted;
  return new Map([...wanted].filter(([vnid]) => !unlimited.has(vnid)));
}

/** Plans one node. The order of the input's lists does not matter. */
export function planNode(input: NodeInput): NodePlan {
  const { facts, networks, remotes, pods, state, world } = input;
  const local = localOf(pods);
  const { vnids } = local;
  const meters = metersOf(input);
  const egress = egressRules(facts, state, { local: vnids, metered: new Set(meters.keys()) });
  const hosted = hosting(input);
  const { addresses, refused, snat } = hosted;
  const restricted = restrictedPods(input, snat, facts);
  const notSelectedPods = pods.filter(({ ip }) => restricted.get(ip)?.rules === notSelected);
  const parts = [
    staticFlows(facts, networks),
    ...remotes.map(remoteNodeFlows),
    ...pods.map(podFlows),
    isolationFlows(networks.mode, vnids),
    recordedFlows(vnids),
    world === undefined ? [] : networkPolicyFlows(world)(local),
    ...egressPolicyFlows(input.egressPolicies, vnids, input.addressesOf),
    multicastToNodes(remotes),
    multicastFlows(input.multicast, pods),
    ...egress.parts,
    ...notSelectedPods.map(notSelectedFlows),
  ];
  return {
    parts,
    get flows() {
      return parts.flat();
    },
    groups: egress.groups,
    meters,
    nft: elements({ snat, addresses }, restricted, {
      draining: drainingOf(facts, state),
      egressIPs: state.egressIPs,
      pods: ownersOf(pods, facts),
      nodes: addressesOfNodes(facts, remotes),
    }),
    finerRules: chainsOf(restricted),
    moved: movedHere(input, hosted),
    addresses,
    refused,
    restricted,
  };
}
