/** Hands packets to the node: through port tun0, with the mark of their VNID. */
import { type Action, ctCommit, established, type Flow, output, registerValue, set } from '../ovs/flow.ts';
import { markMacPrefix, port } from '../ovs/pipeline.ts';
import type { NodeFacts } from '../values/facts.ts';

/** The source MAC that carries a mark: the prefix, then the mark's four bytes, least significant first. */
export function markMac(mark: number): string {
  const bytes = [0, 8, 16, 24].map((shift) => ((mark >>> shift) & 0xff).toString(16).padStart(2, '0'));
  return [markMacPrefix, ...bytes].join(':');
}

/** What Open vSwitch's conntrack records for a connection: its owner, and the egress IP of its hop. */
export interface Keeping {
  readonly mark: number;
  readonly label?: number;
}

/**
 * The actions that hand an IP packet to tun0 with a mark (0 means none). On the kernel's datapath each output sets it, 0
 * too: a packet from the tunnel still has what another program of the host marked the packet around it with. On the userspace datapath each output sets the
 * source MAC, otherwise a pod could use such a MAC and take another namespace's address; and the connection is first
 * committed in Open vSwitch, otherwise the answer would look like an opening packet. The kernel's datapath shares one
 * conntrack table with the node, and an entry committed here could not get source NAT there; nft records its owner.
 */
export function packetToTun0(facts: NodeFacts, mark: number, keeping?: Keeping): Action[] {
  const commits: Action[] = facts.datapath === 'system' ? [] : [{ ...ctCommit, ...keeping }];
  return [...commits, ...recordedToTun0(facts, mark)];
}

/**
 * The same for a packet of a connection that Open vSwitch's conntrack has already, with what it would record: one pass
 * through conntrack less. A reply always belongs to such a connection.
 */
export function recordedToTun0(facts: NodeFacts, mark: number): Action[] {
  const marked = facts.datapath === 'system' ? set('pkt_mark', registerValue(mark)) : set('eth_src', markMac(mark));
  return [marked, output(port.tun0)];
}

/**
 * Flows that hand packets to tun0 unmarked, of which those of recorded connections need no commit; the kernel's
 * datapath commits none.
 */
export function handOver(facts: NodeFacts, flow: Omit<Flow, 'actions'>, recordedPriority: number): Flow[] {
  const any = { ...flow, actions: packetToTun0(facts, 0) };
  if (facts.datapath === 'system') return [any];
  const match = { ct_state: established, ...flow.match };
  return [{ ...flow, priority: recordedPriority, match, actions: recordedToTun0(facts, 0) }, any];
}

/** The actions that hand an ARP frame to tun0. */
export function arpToTun0(facts: NodeFacts): Action[] {
  return facts.datapath === 'system' ? [output(port.tun0)] : [set('eth_src', markMac(0)), output(port.tun0)];
}
