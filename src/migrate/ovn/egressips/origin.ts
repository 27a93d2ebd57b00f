/**
 * What our EgressIPs say about where they come from, for a way back without a backup. It stands in labels, because
 * OVN-Kubernetes replaces all annotations of an EgressIP when it first assigns it.
 */
import type { Ip } from '../../../model/address.ts';

/** On every object that the migrator creates. */
export const managedBy = { 'app.kubernetes.io/managed-by': 'sdn-compat' } as const;

/** The VNID, in decimals. */
export const netidLabel = 'migrate.sdn-compat/netid';

/** Before an egress IP: the node whose HostSubnet lists it. */
export const placedPrefix = 'placed.sdn-compat/';

/** Before a namespace: which of spec.egressIPs its own NetNamespace lists, as `0.2` in its order, or `none`. Absent: all, in order. */
export const requestsPrefix = 'requests.sdn-compat/';

const longestValue = 63;

/** What the labels of an EgressIP are made of. */
export interface Origin {
  readonly vnid: number;
  readonly egressIPs: readonly Ip[];
  /** By egress IP, only of those that one HostSubnet lists. */
  readonly placed: ReadonlyMap<Ip, string>;
  /** By namespace: its own list. */
  readonly requests: ReadonlyMap<string, readonly Ip[]>;
}

/** The labels. A value that would be too long for one is left out: only the backup has it. */
export function originLabels({ vnid, egressIPs, placed, requests }: Origin): Readonly<Record<string, string>> {
  const all = egressIPs.map((_, index) => index).join('.');
  const entries = [
    ...[...placed].map(([ip, node]) => [`${placedPrefix}${ip}`, node] as const),
    ...[...requests]
      .map(([namespace, ips]) => [`${requestsPrefix}${namespace}`, indexesOf(ips, egressIPs)] as const)
      .filter(([, value]) => value !== all),
  ];
  return {
    ...managedBy,
    [netidLabel]: String(vnid),
    ...Object.fromEntries(entries.filter(([, value]) => value.length <= longestValue)),
  };
}

function indexesOf(ips: readonly Ip[], egressIPs: readonly Ip[]): string {
  const indexes = ips.map((ip) => egressIPs.indexOf(ip)).filter((index) => index >= 0);
  return indexes.length === 0 ? 'none' : indexes.join('.');
}
