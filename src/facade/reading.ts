/** What single objects say that decides what must be translated again. Pure. */
import omit from 'lodash/omit.js';
import { assignedIn } from '../migrate/kinds/egressip.ts';
import { assignableLabel, hostCIDRsAnnotation, primaryAnnotation } from '../migrate/targets/ovn/marks/annotations.ts';
import { listedIPs } from '../model/egress/listed.ts';
import type { HostSubnetObject, KubeObject, NetNamespaceObject, NodeObject } from '../model/objects/raw.ts';
import type { Ip } from '../model/values/address.ts';
import { asList, asText, sortedText } from '../model/values/json.ts';
import { isOurs } from './plan/egressip.ts';

/** Where the addresses of an EgressIP are, if it is ours. */
export function placesIn(object: KubeObject | undefined): ReadonlyMap<string, string> {
  return object !== undefined && isOurs(object) ? assignedIn(object) : new Map();
}

/** The addresses that a NetNamespace requests, as written. */
export function requestsOf(object: NetNamespaceObject | undefined): readonly string[] {
  return asList(object?.egressIPs).map(asText);
}

/** The addresses that an admin lists. Under automatic assignment the list only shows what OVN-Kubernetes assigned. */
export function offeredIn(object: HostSubnetObject | undefined): readonly Ip[] {
  return asList(object?.egressCIDRs).length > 0 ? [] : listedIPs(object);
}

/** The HostSubnet with what an admin offers alone. */
export function offersOf(object: HostSubnetObject): HostSubnetObject {
  return asList(object.egressCIDRs).length > 0 ? { ...object, egressIPs: [] } : object;
}

/** What of a HostSubnet decides about addresses that it does not list. */
export function placeText(object: HostSubnetObject | undefined): string {
  return object === undefined ? '' : sortedText([object.hostIP, object.egressCIDRs ?? [], object.subnet]);
}

/** Whether the Node has the label of hosting egress IPs. */
export function isLabeled(object: NodeObject | undefined): boolean {
  return object?.metadata.labels?.[assignableLabel] !== undefined;
}

/** What of a Node decides which addresses it can host, but for the moment. */
export function nodeText(object: NodeObject | undefined): string {
  if (object === undefined) return '';
  const { labels = {}, annotations = {} } = object.metadata;
  return sortedText([
    labels['kubernetes.io/hostname'],
    annotations[primaryAnnotation],
    annotations[hostCIDRsAnnotation],
    object.status?.addresses ?? [],
  ]);
}

/** Whether the Namespace is being deleted. */
export function isEnding(object: KubeObject | undefined): boolean {
  return object?.metadata.deletionTimestamp !== undefined;
}

/** The Namespace without a word that it ends: until it is gone, its pods may send packets, which leave with its address. */
export function lasting(object: KubeObject | undefined): readonly KubeObject[] {
  return object === undefined ? [] : [{ ...object, metadata: omit(object.metadata, 'deletionTimestamp') }];
}
