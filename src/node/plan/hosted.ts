/** Table 101 for what other nodes send here: egress IPs that this node has, and those that drain from it. */
import type { EgressState } from '../../model/egress/state.ts';
import type { Ip } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { type Action, type Flow, registerValue } from '../ovs/flow.ts';
import { port, priority, table } from '../ovs/pipeline.ts';
import type { NodeFacts } from '../values/facts.ts';
import { memoized } from '../values/memo.ts';
import { type Leaving, localHop, recordedLocalHop, recordedWith } from './hops.ts';

/** The egress IP that this node hosts, by VNID. */
export function hostedHere({ name }: Pick<NodeFacts, 'name'>, state: EgressState): ReadonlyMap<Vnid, Ip> {
  const hosted = new Map<Vnid, Ip>();
  for (const [vnid, ips] of state.requests) {
    const ip = ips.find((candidate) => state.assigned.get(candidate)?.node === name);
    if (ip !== undefined && state.vnids.get(vnid)?.kind === 'via') hosted.set(vnid, ip);
  }
  return hosted;
}

/** The egress IPs that drain from this node, by VNID; some of a VNID may, and one more be here. */
export function drainedHere(
  { name }: Pick<NodeFacts, 'name'>,
  { drains }: Pick<EgressState, 'drains'>,
): ReadonlyMap<Vnid, readonly Ip[]> {
  const own = [...(drains ?? [])].map(
    ([vnid, all]) => [vnid, all.filter(({ from }) => from.node === name).map(({ egressIP }) => egressIP)] as const,
  );
  return new Map(own.filter(([, ips]) => ips.length > 0));
}

/**
 * What other nodes send here for a VNID leaves with the egress IP that this node hosts for it, or, where that drains, only
 * if the node knows its connection.
 */
function hostedFlowsOf(leaving: Leaving, ip: Ip): Flow[] {
  const { facts, vnid } = leaving;
  const match = { proto: 'ip', reg0: registerValue(vnid), in_port: port.vxlan0 } as const;
  const { hosted, hostedRecorded } = priority.egressIP;
  const at = (priority: number, match: Flow['match'], actions: Action[]): Flow => ({
    ...{ table: table.egressIP, priority, match, actions },
  });
  const any = at(hosted, match, localHop(leaving, { egressIP: ip }));
  if (facts.datapath === 'system') return [any];
  const recorded = { ...recordedWith(leaving, { egressIP: ip }), ...match };
  return [at(hostedRecorded, recorded, recordedLocalHop(leaving)), any];
}

/** By facts the flow of each VNID whose egress IP is here, as of the last time. */
const hostedByVnid = memoized<NodeFacts, Map<Vnid, HostedFlows>>(() => new Map());

interface HostedFlows extends Pick<Leaving, 'isMetered'> {
  readonly ip: Ip;
  readonly flows: readonly Flow[];
}

export function hostedFlows(
  facts: NodeFacts,
  hosted: ReadonlyMap<Vnid, Ip>,
  metered: ReadonlySet<Vnid>,
): (readonly Flow[])[] {
  const known = hostedByVnid(facts);
  for (const vnid of known.keys()) if (!hosted.has(vnid)) known.delete(vnid);
  for (const [vnid, ip] of hosted) {
    const isMetered = metered.has(vnid);
    const before = known.get(vnid);
    if (before?.ip !== ip || before.isMetered !== isMetered)
      known.set(vnid, { ip, isMetered, flows: hostedFlowsOf({ facts, vnid, isMetered, drains: [] }, ip) });
  }
  return [...known.values()].map(({ flows }) => flows);
}
