/** Why a requested egress IP is not in use: a code for each reason, and its text. */
import type { InvalidEgressIP } from '../objects/fields.ts';
import type { Ip } from '../values/address.ts';
import { listText } from '../values/list-text.ts';
import type { NodeName } from '../values/names.ts';
import type { Vnid } from '../values/vnid.ts';

/** The first of these, in this order, that applies to an IP. Lists are sorted. */
export type Reason =
  | { readonly code: 'InvalidEgressIP'; readonly egressIP: string; readonly detail: InvalidEgressIP['reason'] }
  | { readonly code: 'EgressIPInSeveralNamespaces'; readonly egressIP: Ip; readonly vnids: readonly Vnid[] }
  | { readonly code: 'EgressIPIsNodeAddress'; readonly egressIP: Ip; readonly node: string }
  | { readonly code: 'EgressIPInsideCluster'; readonly egressIP: Ip; readonly network: string }
  | { readonly code: 'EgressIPOnSeveralNodes'; readonly egressIP: Ip; readonly nodes: readonly NodeName[] }
  | {
      readonly code: 'SeveralEgressIPsOnOneNode';
      readonly egressIP: Ip;
      readonly node: NodeName;
      /** All IPs of the VNID that only this node lists, `egressIP` among them. */
      readonly egressIPs: readonly Ip[];
    }
  | { readonly code: 'NodeOffline'; readonly egressIP: Ip; readonly node: NodeName; readonly nodeIP: Ip }
  | { readonly code: 'NoNodeHostsEgressIP'; readonly egressIP: Ip };

export type ReasonCode = Reason['code'];

/** A sentence for users, without the code. */
export function reasonText(reason: Reason): string {
  switch (reason.code) {
    case 'InvalidEgressIP':
      return reason.detail;
    case 'EgressIPInSeveralNamespaces':
      return `${reason.egressIP} is requested by VNIDs ${listText(reason.vnids)}`;
    case 'EgressIPIsNodeAddress':
      return `${reason.egressIP} is the address of node ${reason.node}`;
    case 'EgressIPInsideCluster':
      return `${reason.egressIP} lies in ${reason.network}, a network of the cluster`;
    case 'EgressIPOnSeveralNodes':
      return `${reason.egressIP} is listed by HostSubnets ${listText(reason.nodes)}`;
    case 'SeveralEgressIPsOnOneNode':
      return `${reason.node} lists several egress IPs of one namespace: ${listText(reason.egressIPs)}`;
    case 'NodeOffline':
      return `${reason.egressIP} is on ${reason.node} (${reason.nodeIP}), which is offline`;
    case 'NoNodeHostsEgressIP':
      return `no HostSubnet lists ${reason.egressIP}`;
  }
}
