/**
 * Turns EgressNetworkPolicies into equivalent EgressFirewalls named `default`. Unlike OpenShift SDN's rules,
 * OVN-Kubernetes's match after service load balancing, so they also apply to the API server and to services with
 * backends on the nodes' network. One rule that it cannot read opens the whole namespace.
 */
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { mostRules, whyNotByRules } from '../../../../model/policy/egresspolicy.ts';
import { type Ip, keyRange, parseCidr, parseIp, type SortKey, sortKey } from '../../../../model/values/address.ts';
import { compareText } from '../../../../model/values/names.ts';
import type { Finding, Namespaced } from '../../../findings/finding.ts';
import {
  denyAllCutsAPIServer,
  firewallInterrupted,
  nodeSelectorUnserved,
  policyDNSRule,
  policyIgnored,
  policyInGlobalNamespace,
  policyInJoinedNamespaces,
  policyRuleInvalid,
  policyRulesInvalid,
  policyTooLong,
  policyWithoutNamespace,
  policyZeroSlash32,
  severalPolicies,
  wildcardRule,
} from '../../../findings/policies.ts';
import { egressFirewallItem } from '../../../kinds/egressfirewall.ts';
import type { EgressPolicyItem, PolicyRuleItem } from '../../../kinds/egresspolicy.ts';
import { objectRef } from '../../../ref.ts';
import { isBefore } from '../../../release.ts';
import { type Change, type Part } from '../../../translation.ts';
import { existing } from '../conflicts.ts';
import type { Context } from '../context.ts';
import { nodeSelectorSince } from '../served.ts';
import { allowNodes, closedRules, firewallOf, type FirewallRule, isWithoutNodes } from './rules.ts';

/** The rule limits of OVN-Kubernetes and of OpenShift SDN's API. With more rules, none is applied. */
const mostOfOVN = 8_000;

/** Plans the EgressFirewalls for EgressNetworkPolicies. */
export function firewallPart(context: Context): Part {
  const byNamespace = Map.groupBy(context.snapshot.egressPolicies, ({ namespace }) => namespace);
  const chosen = [...byNamespace]
    .filter(([namespace]) => context.chosen(namespace))
    .sort(([a], [b]) => compareText(a, b));
  const parts = chosen.map(([namespace, policies]) => namespacePart(context, namespace, policies));
  const joined = joinedSiblings(context, new Set(byNamespace.keys()));
  const changes = [...parts.flatMap((part) => part.changes), ...joined.changes];
  return {
    changes,
    findings: [
      ...parts.flatMap(({ findings }) => findings),
      ...joined.findings,
      ...modeFindings(context, chosen),
      ...selectorFindings(context, changes),
    ],
  };
}

/** The subnet plugin ignores policies; OVN-Kubernetes does not. */
function modeFindings(
  { network }: Context,
  chosen: readonly (readonly [string, readonly EgressPolicyItem[]])[],
): readonly Finding[] {
  if (network?.mode !== 'subnet') return [];
  return chosen.flatMap(([, policies]) => policies.map((policy) => policyIgnored(subjectOf(policy))));
}

/**
 * Rules that allow all nodes by their addresses do not follow nodes that come and go. One finding for all firewalls. A
 * policy of the admin's that names a node is none.
 */
function selectorFindings(context: Context, changes: readonly Change[]): readonly Finding[] {
  const { release, served, nodeAddresses } = context;
  if (!isWithoutNodes(served) || nodeAddresses.length === 0) return [];
  const isEarly = isBefore(release, nodeSelectorSince);
  const own = nodeAddresses.map(({ ip }) => `${ip}/32`);
  const namespaces = changes.flatMap((change) => {
    if (change.action !== 'apply') return [];
    const allowed = allowedIn(change.object);
    return own.every((text) => allowed.has(text)) ? (change.object.metadata.namespace ?? []) : [];
  });
  const [first] = namespaces;
  return first === undefined
    ? []
    : [
        nodeSelectorUnserved({
          name: first,
          namespaces,
          release: isEarly && release !== undefined ? `${release.major}.${release.minor}` : undefined,
          nodes: own.length,
        }),
      ];
}

function allowedIn(firewall: KubeObject): ReadonlySet<string> {
  const rules = egressFirewallItem(firewall).rules.filter(({ type }) => type === 'Allow');
  return new Set(rules.map(({ cidrSelector }) => cidrSelector));
}

/** Adds a finding to those of the object that is translated. */
type AddFinding = (finding: Finding) => void;

function namespacePart(context: Context, namespace: string, policies: readonly EgressPolicyItem[]): Part {
  const findings: Finding[] = [];
  if (!context.exists(namespace)) {
    const isTerminating = context.namespaces?.has(namespace) === true;
    const orphans = policies.map((policy) => policyWithoutNamespace({ ...subjectOf(policy), isTerminating }));
    return { changes: [], findings: orphans };
  }
  const note: AddFinding = (finding) => findings.push(finding);
  const egress = rulesFor(context, namespace, { policies, note });
  const removals = policies.map((policy): Change => ({
    action: 'delete',
    step: 'finalize',
    object: objectRef(policy.object),
    from: [],
  }));
  if (egress === undefined || (context.options.keepClosed && context.closed.has(namespace)))
    return { changes: removals, findings };
  const firewall = firewallOf(namespace, egress);
  // the subnet plugin ignores policies, so nothing is lost
  if (context.network?.mode !== 'subnet' && egress.some(({ type }) => type === 'Deny'))
    for (const one of policies) note(firewallInterrupted(subjectOf(one)));
  return {
    changes: [
      {
        action: 'apply',
        step: 'egress-firewalls',
        object: firewall,
        from: policies.map(({ object }) => objectRef(object)),
      },
      ...removals,
    ],
    findings: [...findings, ...existing(context.snapshot, firewall)],
  };
}

interface Policies {
  readonly policies: readonly EgressPolicyItem[];
  readonly note: AddFinding;
}

/** The rules of the namespace's firewall; undefined if it gets none. */
function rulesFor(
  context: Context,
  namespace: string,
  { policies, note }: Policies,
): readonly FirewallRule[] | undefined {
  const [first] = policies;
  if (first === undefined) return undefined;
  const vnid = context.vnidOf(namespace);
  const sharing = vnid === undefined ? [] : context.namespacesOf(vnid);
  switch (whyNotByRules({ vnid, sharing: sharing.length, policies: policies.length })) {
    case undefined:
      return translated(context, first, note);
    case 'PolicyInGlobalNamespace':
      for (const policy of policies) note(policyInGlobalNamespace(subjectOf(policy)));
      return undefined;
    case 'PolicyInJoinedNamespaces': {
      const closed = sharing.filter(context.exists);
      for (const policy of policies) note(policyInJoinedNamespaces({ ...subjectOf(policy), vnid, sharing, closed }));
      return closedRules(context);
    }
    case 'SeveralPolicies':
      for (const policy of policies) note(severalPolicies({ ...subjectOf(policy), count: policies.length }));
      return closedRules(context);
  }
}

function subjectOf({ namespace, name }: EgressPolicyItem): Namespaced {
  return { namespace, name };
}

function translated(context: Context, policy: EgressPolicyItem, note: AddFinding): readonly FirewallRule[] {
  const subject = subjectOf(policy);
  const rules =
    policy.rules?.flatMap((rule, index) =>
      firewallRules(context, rule, { ...subject, field: `spec.egress[${index}]`, note }),
    ) ?? closedRules(context);
  if (policy.rules === undefined) note(policyRulesInvalid({ ...subject, egress: policy.egress }));
  const names = rules.flatMap(({ to }) => ('dnsName' in to ? [to.dnsName] : []));
  if (names.length > 0) note(policyDNSRule({ ...subject, names }));
  const denied = deniedNodes(context, rules);
  const { allowAPIServer, denyAPIServer } = context.options;
  const isAllowed = denied !== undefined && allowAPIServer;
  if (denied !== undefined) note(denyAllCutsAPIServer({ ...subject, denied, isAllowed, isAccepted: denyAPIServer }));
  const all = isAllowed ? [...allowNodes(context), ...rules] : rules;
  if (all.length > mostRules) note(policyTooLong({ ...subject, count: all.length, mostOfSDN: mostRules, mostOfOVN }));
  return all;
}

/**
 * The rule as OVN-Kubernetes writes it. One that cannot be read denies everything but the nodes, as OpenShift SDN and
 * our agent do: OVN-Kubernetes would open the whole namespace.
 */
function firewallRules(
  context: Context,
  { reading, to, dnsName }: PolicyRuleItem,
  { note, ...where }: Namespaced & { readonly field: string; readonly note: AddFinding },
): readonly FirewallRule[] {
  const type = reading.allow ? 'Allow' : 'Deny';
  switch (reading.kind) {
    case 'dns':
      return [{ type, to: { dnsName: reading.text } }];
    case 'cidr':
      if (reading.isCorrected) note(policyZeroSlash32(where));
      return [{ type, to: { cidrSelector: reading.cidr.text } }];
    case 'broken':
      note(
        dnsName.startsWith('*')
          ? wildcardRule({ ...where, type, to: dnsName })
          : policyRuleInvalid({ ...where, type, to }),
      );
      return closedRules(context);
  }
}

/** Which node addresses the rules deny, for people; undefined if none. DNS names are not known to lead to nodes. */
function deniedNodes({ nodeAddresses: addresses }: Context, rules: readonly FirewallRule[]): string | undefined {
  // rules for nodes by label allow them all
  if (rules.some(({ to }) => 'nodeSelector' in to)) return undefined;
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

/** The address of no node, used when none is known. */
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

/** Closes namespaces that have no policy of their own but are joined to one that has. */
function joinedSiblings(context: Context, withPolicy: ReadonlySet<string>): Part {
  const closed = new Map<string, readonly EgressPolicyItem[]>();
  for (const policy of context.snapshot.egressPolicies) {
    const vnid = context.vnidOf(policy.namespace);
    if (vnid === undefined || vnid === 0) continue;
    for (const sibling of context.namespacesOf(vnid)) {
      const isHandled = withPolicy.has(sibling) || !context.chosen(sibling) || !context.exists(sibling);
      if (!isHandled && !(context.options.keepClosed && context.closed.has(sibling)))
        closed.set(sibling, [...(closed.get(sibling) ?? []), policy]);
    }
  }
  const made = [...closed].map(([namespace, policies]) => ({
    object: firewallOf(namespace, closedRules(context)),
    from: policies.map(({ object }) => objectRef(object)),
  }));
  return {
    changes: made.map(({ object, from }) => ({ action: 'apply', step: 'egress-firewalls', object, from })),
    findings: made.flatMap(({ object }) => existing(context.snapshot, object)),
  };
}
