/** All that a node should have on its bridge, in nft and on its link: a function of objects, pods and facts. */
import groupBy from 'lodash/groupBy.js';
import { type Ip } from '../../model/address.ts';
import type { EgressState } from '../../model/egress/state.ts';
import type { EgressPolicies } from '../../model/egresspolicy.ts';
import { markOf } from '../../model/mark.ts';
import type { Vnid } from '../../model/vnid.ts';
import type { LocalPod, Networks, NodeFacts, RemoteNode } from '../facts.ts';
import type { PodSources } from '../conntrack.ts';
import { kept } from '../kept.ts';
import { refusal, type Uplink } from '../links/addresses.ts';
import { type NftElements, seenMark } from '../nft/ruleset.ts';
import type { Flow, Group } from '../ovs/flow.ts';
import { baseFlows } from './base.ts';
import { egressRules } from './egress.ts';
import { egressPolicyFlows } from './egresspolicy.ts';
import { multicastFlows, multicastToNodes } from './multicast.ts';
import { type Local, networkPolicyFlows, type PolicyWorld } from './networkpolicy.ts';
import { podFlows, remoteNodeFlows, vnidFlows } from './peers.ts';

export interface NodeInput {
  readonly facts: NodeFacts;
  readonly uplink: Uplink;
  readonly networks: Networks;
  readonly remotes: readonly RemoteNode[];
  readonly pods: readonly LocalPod[];
  readonly state: EgressState;
  readonly egressPolicies: EgressPolicies;
  /** The addresses that a name has now. */
  readonly addressesOf: (name: string) => readonly Ip[];
  readonly multicast: ReadonlySet<Vnid>;
  /** Undefined in the modes without NetworkPolicy. */
  readonly world: PolicyWorld | undefined;
}

export interface NodePlan {
  readonly flows: readonly Flow[];
  readonly groups: readonly Group[];
  readonly nft: NftElements;
  /** Egress IPs to have on the uplink. */
  readonly addresses: ReadonlySet<Ip>;
  /** Egress IPs assigned to this node that it cannot carry, with the reason. */
  readonly refused: ReadonlyMap<Ip, string>;
  /** What the connections of each restricted pod to the outside may look like. */
  readonly sources: ReadonlyMap<Ip, PodSources>;
}

interface Hosting {
  readonly addresses: ReadonlySet<Ip>;
  readonly refused: ReadonlyMap<Ip, string>;
  readonly snat: ReadonlyMap<number, Ip>;
}

function hosting({ facts, uplink, state }: NodeInput): Hosting {
  const addresses = new Set<Ip>();
  const refused = new Map<Ip, string>();
  for (const [ip, placement] of state.assigned) {
    if (placement.node !== facts.name) continue;
    const reason = refusal(uplink, facts.nodeIP, ip);
    if (reason === undefined) addresses.add(ip);
    else refused.set(ip, reason);
  }
  return { addresses, refused, snat: sourceByMark(state, addresses, facts.masqueradeBit) };
}

function sourceByMark(state: EgressState, addresses: ReadonlySet<Ip>, masqueradeBit: number | undefined): Map<number, Ip> {
  const snat = new Map<number, Ip>();
  for (const [vnid, requested] of state.requests) {
    const ip = requested.find((one) => addresses.has(one));
    if (ip !== undefined && state.vnids.get(vnid)?.kind === 'via') snat.set(seenMark(markOf(vnid, masqueradeBit)), ip);
  }
  return snat;
}

/**
 * What no plan of this moment goes beyond, by the egress state alone: which of the pods are restricted at least, and
 * which addresses the node may have and translate to at most.
 */
export function planLimits(
  { nodeName, masqueradeBit }: { readonly nodeName: string; readonly masqueradeBit: number | undefined },
  pods: readonly Pick<LocalPod, 'ip' | 'vnid'>[],
  state: EgressState,
): NftElements {
  const hosted = new Set([...state.assigned].flatMap(([ip, { node }]) => (node === nodeName ? [ip] : [])));
  const restricted = new Set(pods.flatMap(({ ip, vnid }) => (state.vnids.has(vnid) ? [ip] : [])));
  return { hosted, restricted, snat: sourceByMark(state, hosted, masqueradeBit) };
}

const localOf = kept((pods: readonly LocalPod[]): Local => ({ vnids: new Set(pods.map(({ vnid }) => vnid)), pods: groupBy(pods, ({ namespace }) => namespace) }));

/** The plan of one node. The order of the input's lists does not matter. */
export function planNode(input: NodeInput): NodePlan {
  const { facts, networks, remotes, pods, state, world } = input;
  const local = localOf(pods);
  const { vnids } = local;
  const egress = egressRules(facts, state, vnids);
  const { addresses, refused, snat } = hosting(input);
  const sources = new Map<Ip, PodSources>();
  for (const pod of pods) {
    const verdict = state.vnids.get(pod.vnid);
    if (verdict === undefined) continue;
    // A VNID that requests only what is no address has a state and no sources: all its pods' traffic is dropped.
    const hops = verdict.kind === 'via' ? verdict.hops : [];
    const remote = hops.filter(({ node }) => node !== facts.name).map(({ egressIP }) => egressIP);
    sources.set(pod.ip, { allowed: state.requests.get(pod.vnid) ?? [], remote });
  }
  return {
    flows: [
      ...baseFlows(facts, networks),
      ...remotes.flatMap(remoteNodeFlows),
      ...pods.flatMap(podFlows),
      ...[...vnids].flatMap((vnid) => vnidFlows(networks.mode, vnid)),
      ...(world === undefined ? [] : networkPolicyFlows(world)(local)),
      ...egressPolicyFlows(input.egressPolicies, vnids, input.addressesOf),
      multicastToNodes(remotes),
      ...multicastFlows(input.multicast, pods),
      ...egress.flows,
    ],
    groups: egress.groups,
    nft: { snat, hosted: addresses, restricted: new Set(sources.keys()) },
    addresses,
    refused,
    sources,
  };
}
