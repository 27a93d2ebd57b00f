/** What OVN-Kubernetes says of an EgressFirewall, each zone for itself and then the cluster manager. Pure. */
import { egressFirewallItem, type FirewallRuleItem } from '../../migrate/kinds/egressfirewall.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { parseIfaddr } from '../../model/values/address.ts';

const applied = 'EgressFirewall Rules applied';
const notApplied = 'EgressFirewall Rules not correctly applied';

/** Why a rule cannot be read; undefined if it can. A range may have host bits, and a name is taken as it is. */
function faultOf({ cidrSelector }: FirewallRuleItem): string | undefined {
  if (cidrSelector === '' || parseIfaddr(cidrSelector).ok) return undefined;
  return `invalid CIDR address: ${cidrSelector}`;
}

/** Why the rules cannot be read: that of the first that cannot. Then none of them is in force: everything is open. */
export function firewallFault(object: KubeObject): string | undefined {
  return egressFirewallItem(object)
    .rules.map(faultOf)
    .find((fault) => fault !== undefined);
}

/** What a zone says of the rules. */
export function zoneMessage(zone: string, object: KubeObject): string {
  const fault = firewallFault(object);
  return `${zone}: ${fault === undefined ? applied : `${notApplied}: ${fault}`}`;
}

/** The zone that a message is from. */
export function zoneOf(message: string): string {
  return message.slice(0, Math.max(0, message.indexOf(': ')));
}

/** What the cluster manager makes of the messages; empty while a zone is silent. */
export function firewallStatus(messages: readonly string[], zones: readonly string[]): string {
  if (messages.some((message) => message.includes(notApplied))) return notApplied;
  return zones.every((zone) => messages.some((message) => zoneOf(message) === zone)) ? applied : '';
}
