/** Clears, at the very end, the fields with which OpenShift SDN configures egress IPs. Pure. */
import { hostSubnets, type Kind, netNamespaces } from '../../../api/kinds.ts';
import type { HostSubnetObject } from '../../model/objects/raw.ts';
import { mayHost } from '../kinds/sdn.ts';
import { refNamed } from '../ref.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Change, ClearingPatch } from '../translation.ts';
import { hasObject, type RequestGroup } from './groups.ts';

/** The list of a NetNamespace. */
export interface RequestList {
  readonly name: string;
  readonly given: readonly string[];
  /** What no object of the plan has. */
  readonly left: readonly string[];
}

/** The lists of all NetNamespaces. `groups`: each with the addresses that its object serves. */
export function requestLists(
  { netNamespaces: all }: Pick<Snapshot, 'netNamespaces'>,
  groups: readonly Pick<RequestGroup, 'members' | 'selected' | 'egressIPs'>[],
): readonly RequestList[] {
  const served = new Map(
    groups
      .filter(hasObject)
      .flatMap(({ members, egressIPs }) => members.map(({ name }) => [String(name), new Set<string>(egressIPs)])),
  );
  return all.map(({ metadata: { name = '' }, egressIPs }) => {
    const given = egressIPs ?? [];
    return { name, given, left: given.filter((text) => served.get(name)?.has(text) !== true) };
  });
}

/**
 * Clears the HostSubnets, except those that may host what is left of the lists: nothing else knows of it.
 */
export function clearHosts(
  { hostSubnets: all }: Pick<Snapshot, 'hostSubnets'>,
  lists: readonly RequestList[],
): readonly Change[] {
  const remaining = new Set(lists.flatMap(({ left }) => left));
  return all.filter((host) => !mayHost(host, remaining)).flatMap(clearHost);
}

/** Clears what objects of the plan serve of the lists. */
export function clearRequests(lists: readonly RequestList[]): readonly Change[] {
  return lists
    .filter(({ given, left }) => left.length < given.length)
    .map(({ name, left }) => clear(netNamespaces, name, { egressIPs: left.length === 0 ? null : left }));
}

function clearHost(host: HostSubnetObject): readonly Change[] {
  const fields = (['egressIPs', 'egressCIDRs'] as const).filter((field) => (host[field] ?? []).length > 0);
  return fields.length === 0
    ? []
    : [clear(hostSubnets, host.metadata.name ?? '', Object.fromEntries(fields.map((field) => [field, null])))];
}

/** A change of `finalize`. */
export function clear(kind: Kind, name: string, patch: ClearingPatch): Change {
  return { action: 'clear', step: 'finalize', object: refNamed(kind, name), patch };
}
