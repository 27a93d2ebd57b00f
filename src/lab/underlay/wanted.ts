/**
 * What the agents of a lab must be told so that their data path does what OVN-Kubernetes would: NetNamespaces and
 * HostSubnets with the egress IPs that are assigned, and EgressNetworkPolicies for EgressFirewalls. Pure.
 */
import { egressFirewallItem, type FirewallRuleItem } from '../../migrate/kinds/egressfirewall.ts';
import { egressIPItem } from '../../migrate/kinds/egressip.ts';
import { hostCIDRsAnnotation, ifaddrsIn } from '../../migrate/targets/ovn/marks/annotations.ts';
import type { EgressNetworkPolicyObject, KubeObject } from '../../model/objects/raw.ts';
import { matches } from '../../model/objects/selector.ts';
import { parseIfaddr } from '../../model/values/address.ts';
import { compareText } from '../../model/values/names.ts';
import { firewallFault } from '../ovn/firewall.ts';
import type { Serving } from '../ovn/serving.ts';

/** Lists of egress IPs by name: of NetNamespaces, or of HostSubnets. */
export type Lists = ReadonlyMap<string, readonly string[]>;

/** Which egress IPs each namespace leaves with, and which each node has. */
export interface EgressWanted {
  readonly namespaces: Lists;
  readonly nodes: Lists;
}

/** A namespace has the assigned addresses of the EgressIP that serves it; without one it leaves with those of nodes. */
export function egressWanted(objects: readonly KubeObject[], serving: Serving): EgressWanted {
  const items = new Map(objects.map((object) => [object.metadata.name ?? '', egressIPItem(object)]));
  const namespaces = new Map<string, readonly string[]>();
  for (const [namespace, name] of serving) {
    const item = items.get(name);
    if (item !== undefined)
      namespaces.set(
        namespace,
        item.egressIPs.filter((ip) => item.assigned.has(ip)),
      );
  }
  const nodes = new Map<string, readonly string[]>();
  for (const { assigned } of items.values())
    for (const [ip, node] of assigned)
      nodes.set(node, [...new Set([...(nodes.get(node) ?? []), ip])].sort(compareText));
  return { namespaces, nodes };
}

/** A list to write. */
export interface Write {
  readonly kind: 'namespace' | 'node';
  readonly name: string;
  readonly egressIPs: readonly string[];
}

/** The writes of each step; those of one come before those of the next. */
export type Steps = readonly [
  namespacesLose: readonly Write[],
  nodesLose: readonly Write[],
  nodesGain: readonly Write[],
  namespacesGain: readonly Write[],
];

/**
 * How to get there. An address that moves is first nowhere, and its namespaces leave with the addresses of their nodes,
 * as long as that takes: OVN-Kubernetes breaks before it makes.
 */
export function stepsTo(present: EgressWanted, wanted: EgressWanted): Steps {
  const isStaying = (ip: string): boolean => hostsOf(present.nodes, ip) === hostsOf(wanted.nodes, ip);
  const left = (from: Lists, to: Lists, isKept: (ip: string) => boolean): Lists =>
    new Map(
      [...from].map(([name, ips]) => [name, ips.filter((ip) => to.get(name)?.includes(ip) === true && isKept(ip))]),
    );
  const namespaces = left(present.namespaces, wanted.namespaces, isStaying);
  const nodes = left(present.nodes, wanted.nodes, () => true);
  return [
    writesTo('namespace', present.namespaces, namespaces),
    writesTo('node', present.nodes, nodes),
    writesTo('node', nodes, wanted.nodes),
    writesTo('namespace', namespaces, wanted.namespaces),
  ];
}

function hostsOf(nodes: Lists, ip: string): string {
  return [...nodes]
    .flatMap(([name, ips]) => (ips.includes(ip) ? [name] : []))
    .sort(compareText)
    .join();
}

function writesTo(kind: Write['kind'], from: Lists, to: Lists): readonly Write[] {
  return [...new Set([...from.keys(), ...to.keys()])].sort(compareText).flatMap((name) => {
    const [before = [], after = []] = [from.get(name), to.get(name)];
    return before.join() === after.join() ? [] : [{ kind, name, egressIPs: after }];
  });
}

type PolicyRule = NonNullable<EgressNetworkPolicyObject['spec']>['egress'][number];

/** The rules for a rule of an EgressFirewall. Nodes are their addresses; those that show none are passed over. */
function policyRules(
  { type, cidrSelector, dnsName, nodeSelector }: FirewallRuleItem,
  nodes: readonly KubeObject[],
): readonly PolicyRule[] {
  if (cidrSelector !== '') {
    const range = parseIfaddr(cidrSelector);
    return range.ok && range.value.network.family === 4
      ? [{ type, to: { cidrSelector: range.value.network.text } }]
      : [];
  }
  if (dnsName !== '') return [{ type, to: { dnsName } }];
  return nodes
    .filter(({ metadata }) => nodeSelector !== undefined && matches(nodeSelector, metadata.labels ?? {}))
    .flatMap(({ metadata }) => ifaddrsIn(metadata.annotations?.[hostCIDRsAnnotation]))
    .map(({ ip }) => ({ type, to: { cidrSelector: `${ip}/32` } }));
}

/**
 * The EgressNetworkPolicy that does what the EgressFirewall does; undefined if that is nothing, as when one of its rules
 * cannot be read. Ports are beyond it: a rule with ports is left out.
 */
export function policyFor(firewall: KubeObject, nodes: readonly KubeObject[]): EgressNetworkPolicyObject | undefined {
  if (firewallFault(firewall) !== undefined) return undefined;
  const { rules, namespace } = egressFirewallItem(firewall);
  const egress = rules.filter(({ hasPorts }) => !hasPorts).flatMap((rule) => policyRules(rule, nodes));
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'EgressNetworkPolicy',
    metadata: { name: 'default', namespace },
    spec: { egress },
  };
}
