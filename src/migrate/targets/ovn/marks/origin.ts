/**
 * Records on objects what they come from, for a way back without a backup. On EgressIPs in labels, not in annotations:
 * OVN-Kubernetes replaces all of those when it first assigns an EgressIP.
 */
import { managedBy } from '../../../../model/objects/well-known.ts';
import type { Ip } from '../../../../model/values/address.ts';

/** Name of the NetworkPolicies that replace VNIDs. */
export const isolationPolicy = 'openshift-sdn-isolation';

/** Annotation of a Node in which the vendor's migration keeps its egress CIDRs. Ours uses it too. */
export const cidrsAnnotation = 'networkoperator.openshift.io/sdn-to-ovn-migration';

/** Holds the VNID in decimal. */
export const netidLabel = 'migrate.sdn-compat/netid';

/** Prefix of an egress IP; the value is the node whose HostSubnet lists it. */
export const placedPrefix = 'placed.sdn-compat/';

/**
 * Prefix of a namespace; the value is its own list as indexes of spec.egressIPs, such as `0.2`, or `none`. Absent means
 * all, in order.
 */
export const requestsPrefix = 'requests.sdn-compat/';

const longestValue = 63;

/** What the labels of an EgressIP are made from. */
export interface Origin {
  readonly vnid: number;
  readonly egressIPs: readonly Ip[];
  /** The node of each egress IP that exactly one HostSubnet lists. */
  readonly placed: ReadonlyMap<Ip, string>;
  /** Each namespace's own list. */
  readonly requests: ReadonlyMap<string, readonly Ip[]>;
}

/** The labels. A value that is too long for a label is left out; only the backup has it. */
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
