/** Who requests egress IPs: one group for each VNID, with what becomes of every entry of its lists. Pure. */
import { type EgressState, vnidState } from '../../model/egress/state.ts';
import type { VnidState } from '../../model/egress/verdict.ts';
import type { NetNamespace } from '../../model/objects/netnamespace.ts';
import type { Ip } from '../../model/values/address.ts';
import { compareText } from '../../model/values/names.ts';
import type { Vnid } from '../../model/values/vnid.ts';

/** Why an entry of a list is in no object of the plan. */
export type LeftOut =
  | { readonly code: 'EgressIPInvalid'; readonly text: string; readonly reason: string }
  | { readonly code: 'EgressIPClaimedTwice'; readonly text: Ip; readonly namespaces: readonly string[] }
  | { readonly code: 'EgressIPIsNodeAddress'; readonly text: Ip; readonly node: string };

/** The namespaces of a VNID that requests something. */
export interface RequestGroup {
  /** Name of the object that is made for it. */
  readonly name: string;
  readonly vnid: Vnid;
  /** All namespaces that share the VNID, sorted by name. */
  readonly members: readonly NetNamespace[];
  /** Names of the members whose Namespace exists, which the object selects. If empty, there is none. */
  readonly selected: readonly string[];
  /** What the object requests, in request order. If empty, there is none. */
  readonly egressIPs: readonly Ip[];
  readonly leftOut: readonly LeftOut[];
  readonly today: VnidState;
}

/** What the groups are made from. */
export interface Requesting {
  readonly netNamespaces: readonly NetNamespace[];
  readonly state: EgressState;
  /** Names are `PREFIX-NAMESPACE`. */
  readonly prefix: string;
  readonly exists: (namespace: string) => boolean;
  /** The node that has the address itself; undefined if none has. */
  readonly nodeWith: (ip: Ip) => string | undefined;
}

/** The groups, sorted by the first member's name. */
export function requestGroups(requesting: Requesting): readonly RequestGroup[] {
  const leftOutOf = leavingOut(requesting);
  return vnidsOf(requesting.netNamespaces).map((claim) => groupOf(claim, requesting, leftOutOf));
}

/** Whether an object is made for the group. */
export function hasObject({ selected, egressIPs }: Pick<RequestGroup, 'selected' | 'egressIPs'>): boolean {
  return selected.length > 0 && egressIPs.length > 0;
}

/** The members that list the entry. */
export function requestersOf({ members }: RequestGroup, text: string): readonly NetNamespace[] {
  return members.filter(
    ({ egressIPs, invalidEgressIPs }) =>
      egressIPs.some((ip) => ip === text) || invalidEgressIPs.some((one) => one.text === text),
  );
}

/** Whether traffic leaves with the IP today. */
export function isInUse({ today }: RequestGroup, text: string): boolean {
  return today.kind === 'via' && today.hops.some(({ egressIP }) => egressIP === text);
}

type LeavingOut = (ip: Ip, vnid: Vnid) => LeftOut | undefined;

/** Makes the group of the namespaces that share a VNID. */
function groupOf(
  { vnid, members }: Pick<RequestGroup, 'vnid' | 'members'>,
  { state, prefix, exists }: Requesting,
  leftOutOf: LeavingOut,
): RequestGroup {
  const requests = state.requests.get(vnid) ?? [];
  const invalid = new Map(members.flatMap((one) => one.invalidEgressIPs).map((one) => [one.text, one.reason]));
  return {
    name: `${prefix}-${members[0]?.name ?? ''}`,
    vnid,
    members,
    selected: members.map(({ name }) => name).filter(exists),
    egressIPs: requests.filter((ip) => leftOutOf(ip, vnid) === undefined),
    leftOut: [
      ...[...invalid].map(([text, reason]): LeftOut => ({ code: 'EgressIPInvalid', text, reason })),
      ...requests.flatMap((ip) => leftOutOf(ip, vnid) ?? []),
    ],
    today: vnidState(state, vnid),
  };
}

/** Why an object lacks an IP that its VNID requests. */
function leavingOut({ netNamespaces, nodeWith }: Requesting): LeavingOut {
  const requesters = requestersByIP(netNamespaces);
  return (ip, vnid) => {
    const all = requesters.get(ip) ?? [];
    const node = nodeWith(ip);
    if (all.some((one) => one.vnid !== vnid))
      return { code: 'EgressIPClaimedTwice', text: ip, namespaces: all.map(({ name }) => name).sort(compareText) };
    return node === undefined ? undefined : { code: 'EgressIPIsNodeAddress', text: ip, node };
  };
}

/** The VNIDs that request something, with their members, sorted by the first member's name. */
function vnidsOf(netNamespaces: readonly NetNamespace[]): readonly Pick<RequestGroup, 'vnid' | 'members'>[] {
  const asking = new Set(
    netNamespaces
      .filter(({ egressIPs, invalidEgressIPs }) => egressIPs.length + invalidEgressIPs.length > 0)
      .map(({ vnid }) => vnid),
  );
  const byVnid = Map.groupBy(
    netNamespaces.filter(({ vnid }) => asking.has(vnid)).sort((a, b) => compareText(a.name, b.name)),
    ({ vnid }) => vnid,
  );
  return [...byVnid].map(([vnid, members]) => ({ vnid, members }));
}

function requestersByIP(netNamespaces: readonly NetNamespace[]): ReadonlyMap<Ip, readonly NetNamespace[]> {
  const pairs = netNamespaces.flatMap((one) => one.egressIPs.map((ip) => ({ ip, one })));
  return new Map([...Map.groupBy(pairs, ({ ip }) => ip)].map(([ip, found]) => [ip, found.map(({ one }) => one)]));
}
