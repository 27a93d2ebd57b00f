/** EgressFirewalls and the rules that every plan puts into them: nodes stay reachable, and the rest may be closed. */
import { apiVersionOf, egressFirewalls } from '../../../../../api/kinds.ts';
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { everything } from '../../../../model/policy/egressrule.ts';
import type { Context } from '../context.ts';

/** A rule of an EgressFirewall. */
export interface FirewallRule {
  readonly type: 'Allow' | 'Deny';
  readonly to:
    | { readonly cidrSelector: string }
    | { readonly dnsName: string }
    | { readonly nodeSelector: Readonly<Record<string, never>> };
}

/** k8s.ovn.org/v1 EgressFirewall. */
export interface EgressFirewall extends KubeObject {
  readonly spec: { readonly egress: readonly FirewallRule[] };
}

const denyAll: FirewallRule = { type: 'Deny', to: { cidrSelector: everything.text } };

/** What of a cluster decides how rules name its nodes. */
export type NodesToAllow = Pick<Context, 'served' | 'nodeAddresses'>;

/** Whether the served EgressFirewall has no selector of nodes. */
export function isWithoutNodes({ nodesInFirewalls: can }: Context['served']): boolean {
  return can.kind === 'known' && !can.value;
}

/**
 * Allows all nodes: with a selector, which follows nodes that come and go, or by their addresses of now where the
 * served EgressFirewall has no selector.
 */
export function allowNodes({ served, nodeAddresses }: NodesToAllow): readonly FirewallRule[] {
  return isWithoutNodes(served)
    ? nodeAddresses.map(({ ip }) => ({ type: 'Allow', to: { cidrSelector: `${ip}/32` } }))
    : [{ type: 'Allow', to: { nodeSelector: {} } }];
}

/**
 * Rules that let nothing out. SDN drops only what leaves the cluster. Nodes stay reachable, because the API server and
 * services with backends on their network are there.
 */
export function closedRules(context: NodesToAllow): readonly FirewallRule[] {
  return [...allowNodes(context), denyAll];
}

/** The EgressFirewall of a namespace. There can be only one, named `default`. */
export function firewallOf(namespace: string, egress: readonly FirewallRule[]): EgressFirewall {
  return {
    apiVersion: apiVersionOf(egressFirewalls),
    kind: egressFirewalls.kind,
    metadata: { name: 'default', namespace },
    spec: { egress },
  };
}
