/**
 * EgressNetworkPolicies become EgressFirewalls named `default` that mean the same (spec: EgressNetworkPolicy). Unlike
 * OpenShift SDN's, OVN-Kubernetes's rules match after service load balancing, so they also meet the API server and
 * services whose backends are on the nodes' network; and one rule that it cannot read opens the whole namespace.
 */
import { apiVersionOf, egressFirewalls, egressNetworkPolicies } from '../../../../api/kinds.ts';
import { type Ip, keyRange, parseCidr, parseIfaddr, parseIp, type SortKey, sortKey } from '../../../model/address.ts';
import { asList, asText, isRecord } from '../../../model/json.ts';
import { compareText } from '../../../model/names.ts';
import type { KubeObject } from '../../../model/objects.ts';
import type { Finding, FindingCode, Severity } from '../../finding.ts';
import { objectRef } from '../../ref.ts';
import { objectsOf } from '../../snapshot.ts';
import { type Change, type Part } from '../../translation.ts';
import { existing } from '../context/conflicts.ts';
import type { Context } from '../context/context.ts';

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

/** More rules than these and none is applied: OVN-Kubernetes's limit, and that of OpenShift SDN's API. */
const most = { ovn: 8_000, sdn: 1_000 } as const;
const everything = '0.0.0.0/0';

/** The rule for all nodes. A selector instead of addresses: it follows nodes that come and go. */
export const allowNodes: FirewallRule = { type: 'Allow', to: { nodeSelector: {} } };

/**
 * Rules that let nothing out. SDN drops only what leaves the cluster; nodes stay reachable, since the API server and
 * services with backends on their network are there.
 */
export const closedRules: readonly FirewallRule[] = [allowNodes, { type: 'Deny', to: { cidrSelector: everything } }];

/** The EgressFirewall of a namespace; there can be only one, named `default`. */
export function firewallOf(namespace: string, egress: readonly FirewallRule[]): EgressFirewall {
  return {
    apiVersion: apiVersionOf(egressFirewalls),
    kind: egressFirewalls.kind,
    metadata: { name: 'default', namespace },
    spec: { egress },
  };
}

/** The part of the translation that is about EgressNetworkPolicies. */
export function firewallPart(context: Context): Part {
  const byNamespace = Map.groupBy(
    objectsOf(context.snapshot, egressNetworkPolicies),
    ({ metadata }) => metadata.namespace ?? '',
  );
  const chosen = [...byNamespace]
    .filter(([namespace]) => context.chosen(namespace))
    .sort(([a], [b]) => compareText(a, b));
  const parts = chosen.map(([namespace, policies]) => namespacePart(context, namespace, policies));
  const joined = joinedSiblings(context, new Set(byNamespace.keys()));
  return {
    changes: [...parts.flatMap(({ changes }) => changes), ...joined],
    findings: parts.flatMap(({ findings }) => findings),
  };
}

type Note = (
  code: FindingCode,
  severity: Severity,
  texts: readonly [today: string, tomorrow: string, action: string],
) => void;

function namespacePart(context: Context, namespace: string, policies: readonly KubeObject[]): Part {
  const findings: Finding[] = [];
  const noteOn =
    ({ metadata }: KubeObject): Note =>
    (code, severity, [today, tomorrow, action]) =>
      findings.push({
        severity,
        code,
        kind: egressNetworkPolicies.kind,
        namespace,
        name: metadata.name ?? '',
        today,
        tomorrow,
        action,
      });
  if (!context.exists(namespace)) {
    for (const policy of policies) {
      noteOn(policy)('NamespaceMissing', 'warning', [
        'There is no Namespace of that name.',
        'No EgressFirewall is made.',
        'Delete the policy.',
      ]);
    }
    return { changes: [], findings };
  }
  const egress = rulesFor(context, namespace, { policies, noteOn });
  const removals = policies.map((policy): Change => ({
    action: 'delete',
    step: 'finalize',
    object: objectRef(policy),
    from: [],
  }));
  if (egress === undefined || (context.options.keepClosed && context.closed.has(namespace)))
    return { changes: removals, findings };
  const firewall = firewallOf(namespace, egress);
  return {
    changes: [
      { action: 'apply', step: 'egress-firewalls', object: firewall, from: policies.map(objectRef) },
      ...removals,
    ],
    findings: [...findings, ...existing(context.snapshot, firewall)],
  };
}

interface Policies {
  readonly policies: readonly KubeObject[];
  readonly noteOn: (policy: KubeObject) => Note;
}

/** What the namespace's firewall is to say; undefined: there is to be none. */
function rulesFor(
  context: Context,
  namespace: string,
  { policies, noteOn }: Policies,
): readonly FirewallRule[] | undefined {
  const [only, ...more] = policies;
  if (only === undefined) return undefined;
  const vnid = context.vnidOf(namespace);
  if (vnid === 0) {
    for (const policy of policies) {
      noteOn(policy)('PolicyInGlobalNamespace', 'warning', [
        'The namespace is global (VNID 0): the policy is ignored.',
        'No EgressFirewall is made, so all stays open.',
        `Create an EgressFirewall "default" in ${namespace} if the rules were meant to hold.`,
      ]);
    }
    return undefined;
  }
  const sharing = vnid === undefined ? [] : context.namespacesOf(vnid);
  if (sharing.length > 1) {
    for (const policy of policies) {
      noteOn(policy)('PolicyInJoinedNamespaces', 'warning', [
        `VNID ${String(vnid)} is shared by ${sharing.join(', ')}: all their traffic to the outside is dropped.`,
        'Each of these namespaces gets an EgressFirewall that denies all traffic to the outside.',
        'Write the EgressFirewall that each namespace should have; with OVN-Kubernetes they need not be joined.',
      ]);
    }
    return closedRules;
  }
  if (more.length === 0) return translated(context, only, noteOn(only));
  for (const policy of policies) {
    noteOn(policy)('SeveralPolicies', 'warning', [
      `There are ${policies.length} policies in the namespace: all its traffic to the outside is dropped.`,
      'An EgressFirewall denies all traffic to the outside.',
      `Decide which policy is meant, delete the others, and plan again.`,
    ]);
  }
  return closedRules;
}

function translated(context: Context, policy: KubeObject, note: Note): readonly FirewallRule[] {
  const given = rawRules(policy);
  const rules = given.flatMap((rule, index) => readRule(rule, `spec.egress[${index}]`, note));
  const names = rules.flatMap(({ to }) => ('dnsName' in to ? [to.dnsName] : []));
  if (names.length > 0) {
    note('PolicyDNSRule', 'info', [
      `Each node resolves ${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''} and follows the records' TTL, at most 30 min.`,
      'OVN-Kubernetes resolves the names by itself; a pod that got another answer from DNS than OVN-Kubernetes did meets the rules behind.',
      'Check names whose answers differ from one query to the next, as those of content networks do; prefer CIDR rules for them.',
    ]);
  }
  const denied = deniedNodes(context, rules);
  const mended = denied !== undefined && context.options.allowAPIServer;
  if (denied !== undefined) {
    note('DenyAllCutsAPIServer', mended ? 'info' : 'warning', [
      'The rules hold for traffic to the outside only: the API server and services with backends on the network of the nodes are reachable.',
      mended
        ? `An Allow rule for all nodes stands in front (${denied} would be denied otherwise).`
        : `Pods cannot reach ${denied}: neither the API server nor services with backends on the network of the nodes.`,
      mended
        ? 'Pods may now also reach other ports of nodes; narrow the rule if that is too much.'
        : 'Plan with --allow-api-server, or add Allow rules for the nodes in front.',
    ]);
  }
  const all = mended ? [allowNodes, ...rules] : rules;
  tooLong(all.length, note);
  return all;
}

function tooLong(count: number, note: Note): void {
  if (count <= most.sdn) return;
  const isOver = count > most.ovn;
  note('PolicyTooLong', isOver ? 'blocker' : 'warning', [
    `The policy has more rules than OpenShift SDN's API takes (${most.sdn}).`,
    isOver
      ? `The EgressFirewall has ${count} rules; with more than ${most.ovn} OVN-Kubernetes applies none and all is open.`
      : `The EgressFirewall has ${count} rules.`,
    'Merge rules into larger CIDRs.',
  ]);
}

function rawRules(policy: unknown): readonly unknown[] {
  const spec = isRecord(policy) ? policy['spec'] : undefined;
  return isRecord(spec) ? asList(spec['egress']) : [];
}

/** The rule in OVN-Kubernetes's words; one that it could not read is left out, since it would open all. */
function readRule(rule: unknown, field: string, note: Note): readonly FirewallRule[] {
  const given: unknown = isRecord(rule) ? rule['to'] : undefined;
  const to = isRecord(given) ? given : {};
  const type = isRecord(rule) && rule['type'] === 'Allow' ? 'Allow' : 'Deny';
  const name = asText(to['dnsName']);
  if (/^([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+\.?$/.test(name)) return [{ type, to: { dnsName: name } }];
  const text = asText(to['cidrSelector']);
  if (text === '0.0.0.0/32') {
    note('PolicyZeroSlash32', 'info', [
      `${field}.to.cidrSelector: 0.0.0.0/32 is read as 0.0.0.0/0, everything.`,
      'OVN-Kubernetes would take it for one address that no packet has; the EgressFirewall says 0.0.0.0/0.',
      'Nothing; correct the policy when it is to stay in use.',
    ]);
    return [{ type, to: { cidrSelector: everything } }];
  }
  const parsed = parseIfaddr(text);
  if (parsed.ok && parsed.value.network.family === 4)
    return [{ type, to: { cidrSelector: parsed.value.network.text } }];
  note('PolicyRuleInvalid', 'blocker', [
    `${field}: ${type} to ${JSON.stringify(given ?? null)} cannot be read.`,
    `The rule is left out: with a rule that it cannot read OVN-Kubernetes applies none and all is open.`,
    'Correct the rule and plan again.',
  ]);
  return [];
}

/** Which node addresses the rules deny, for people; undefined: none. Names are not known to lead to nodes. */
function deniedNodes({ nodeAddresses: addresses }: Context, rules: readonly FirewallRule[]): string | undefined {
  const cidrs = rules.flatMap(({ type, to }) => {
    const cidr = 'cidrSelector' in to ? parseCidr(to.cidrSelector) : undefined;
    return cidr?.ok === true ? [{ type, range: keyRange(cidr.value) }] : [];
  });
  if (cidrs.every(({ type }) => type === 'Allow')) return undefined;
  if (addresses.length === 0) return isDenied(sortKey(anyAddress), cidrs) ? 'the nodes' : undefined;
  const denied = addresses.filter(({ key }) => isDenied(key, cidrs)).map(({ ip }) => ip);
  if (denied.length === 0) return undefined;
  return denied.length === 1
    ? `node address ${denied.join('')}`
    : `${denied.length} of ${addresses.length} node addresses, such as ${denied.slice(0, 1).join('')}`;
}

/** Of no node: stands for one when none is known. */
const anyAddress = parsedIp('192.0.2.1');

function parsedIp(text: string): Ip {
  const ip = parseIp(text);
  if (!ip.ok) throw new Error(ip.error);
  return ip.value;
}

function isDenied(
  key: SortKey,
  rules: readonly { readonly type: 'Allow' | 'Deny'; readonly range: ReturnType<typeof keyRange> }[],
): boolean {
  return rules.find(({ range }) => key >= range.first && key < range.end)?.type === 'Deny';
}

/** Namespaces without a policy of their own that a joined one's policy closes. */
function joinedSiblings(context: Context, withPolicy: ReadonlySet<string>): readonly Change[] {
  const closed = new Map<string, readonly KubeObject[]>();
  for (const policy of objectsOf(context.snapshot, egressNetworkPolicies)) {
    const vnid = context.vnidOf(policy.metadata.namespace ?? '');
    if (vnid === undefined || vnid === 0) continue;
    for (const sibling of context.namespacesOf(vnid)) {
      const isHandled = withPolicy.has(sibling) || !context.chosen(sibling) || !context.exists(sibling);
      if (!isHandled && !(context.options.keepClosed && context.closed.has(sibling)))
        closed.set(sibling, [...(closed.get(sibling) ?? []), policy]);
    }
  }
  return [...closed].map(([namespace, policies]) => ({
    action: 'apply',
    step: 'egress-firewalls',
    object: firewallOf(namespace, closedRules),
    from: policies.map(objectRef),
  }));
}
