/** How what leaves by an egress IP is handed to its hop, this node or another, and what its connections are known by. */
import uniqBy from 'lodash/uniqBy.js';
import { type Drain, hopBits } from '../../model/egress/drains.ts';
import type { Hop } from '../../model/egress/verdict.ts';
import { type Ip, ipNumber } from '../../model/values/address.ts';
import { markOf } from '../../model/values/mark.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { type Action, ctCommit, established, type Flow, hex, output, set, vnidToTunnel } from '../ovs/flow.ts';
import { ownerOf } from '../ovs/owner.ts';
import { port } from '../ovs/pipeline.ts';
import type { NodeFacts } from '../values/facts.ts';
import { meterOf } from './meters.ts';
import { type Keeping, packetToTun0, recordedToTun0 } from './tun0.ts';

/** What connections that leave by a hop are known by: the egress IP, and where that may drain, the node. */
interface Known {
  readonly egressIP: Ip;
  readonly notedNode?: Ip;
}

/** A hop, and whether its connections are known by its node, too. */
export type KnownHop = Hop & Known;

/**
 * The ct_label of a connection that leaves with an egress IP: the address as a number, and above it 16 bits of the node's
 * where they count. So its meaning never changes.
 */
function labelOf({ egressIP, notedNode }: Known): number {
  return Number(ipNumber(egressIP)) + (notedNode === undefined ? 0 : hopBits(notedNode) * 2 ** 32);
}

/** Whose traffic leaves, from which node, and whether a meter of this node limits what it sends by its egress IP here. */
export interface Leaving {
  readonly facts: NodeFacts;
  readonly vnid: Vnid;
  readonly isMetered: boolean;
  /** What drains beside the state of the VNID. */
  readonly drains: readonly Drain[];
}

function keeping({ facts, vnid }: Leaving, known: Known): Required<Keeping> {
  return { mark: ownerOf(vnid, facts.masqueradeBit), label: labelOf(known) };
}

/** All that leaves by an egress IP of this node goes through its meter, whichever node it comes from. */
const metering = ({ vnid, isMetered }: Leaving): Action[] => (isMetered ? [{ kind: 'meter', id: meterOf(vnid) }] : []);

export function localHop(leaving: Leaving, known: Known): Action[] {
  const { facts, vnid } = leaving;
  return [
    ...metering(leaving),
    set('eth_dst', facts.tunMac),
    ...packetToTun0(facts, markOf(vnid, facts.masqueradeBit), keeping(leaving, known)),
  ];
}

function remoteHop(leaving: Leaving, hop: KnownHop): Action[] {
  return [{ ...ctCommit, ...keeping(leaving, hop) }, ...recordedToHop(hop)];
}

function recordedToHop({ nodeIP }: Hop): Action[] {
  return [vnidToTunnel, set('tun_dst', nodeIP), output(port.vxlan0)];
}

export function recordedLocalHop(leaving: Leaving): Action[] {
  const { facts, vnid } = leaving;
  return [
    ...metering(leaving),
    set('eth_dst', facts.tunMac),
    ...recordedToTun0(facts, markOf(vnid, facts.masqueradeBit)),
  ];
}

/** What a connection has that is recorded with all that `keeping` says: nothing would change by recording it again. */
export function recordedWith(leaving: Leaving, known: Known): Flow['match'] {
  const { mark, label } = keeping(leaving, known);
  return { ct_state: established, ct_mark: hex(mark), ct_label: hex(label) };
}

/**
 * What connections that leave by the hop have in common. The kernel's datapath commits none that leaves by its own node:
 * nft gives those their owner, and they have no label.
 */
function keptBy({ facts, vnid }: Leaving, hop: KnownHop): Flow['match'] {
  if (facts.datapath === 'system' && hop.node === facts.name)
    return { ct_mark: hex(ownerOf(vnid, facts.masqueradeBit)), ct_label: '0' };
  return { ct_label: hex(labelOf(hop)) };
}

/** How a connection goes on to a hop without a commit; nothing where none is made that could be left out. */
export function recordedAt(leaving: Leaving, hop: KnownHop): (readonly [Flow['match'], Action[]])[] {
  const { facts } = leaving;
  const isHere = hop.node === facts.name;
  if (isHere && facts.datapath === 'system') return [];
  return [[recordedWith(leaving, hop), isHere ? recordedLocalHop(leaving) : recordedToHop(hop)] as const];
}

export function actionsTo(leaving: Leaving): (hop: KnownHop) => Action[] {
  const { name } = leaving.facts;
  return (hop) => (hop.node === name ? localHop(leaving, hop) : remoteHop(leaving, hop));
}

/** What a connection of the hop may be known by: one that was recorded before the annotation came is known without its node. */
export function keptByAny(leaving: Leaving, hop: KnownHop): readonly Flow['match'][] {
  const known = keptBy(leaving, hop);
  if (hop.notedNode === undefined) return [known];
  const { egressIP, node, nodeIP } = hop;
  return uniqBy([known, keptBy(leaving, { egressIP, node, nodeIP })], ({ ct_label }) => ct_label);
}
