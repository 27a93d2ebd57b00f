/** EgressNetworkPolicies: their rules by VNID, and notes about them (OpenShift SDN's rules). */
import type { EgressNetworkPolicyObject } from '../objects/raw.ts';
import type { Vnid } from '../values/vnid.ts';
import { egressItems, type EgressRule, everything, readEgressRule } from './egressrule.ts';

/** A note about a policy, with the object it is for. */
export interface PolicyNote {
  readonly namespace: string;
  readonly name: string;
  readonly code:
    | 'SeveralPolicies'
    | 'PolicyInJoinedNamespaces'
    | 'PolicyInGlobalNamespace'
    | 'PolicyZeroSlash32'
    | 'InvalidPolicyRule';
  readonly message: string;
}

/** The most rules that a policy may have. */
export const mostRules = 1_000;

type NotByRules = Extract<
  PolicyNote['code'],
  'PolicyInGlobalNamespace' | 'PolicyInJoinedNamespaces' | 'SeveralPolicies'
>;

/**
 * Why the policies of a namespace are not carried out rule by rule: in VNID 0 they are ignored; several policies in a
 * namespace, or one in a VNID that namespaces share, drop everything. Undefined if the only one is.
 */
export function whyNotByRules({
  vnid,
  sharing,
  policies,
}: {
  readonly vnid: Vnid | undefined;
  /** How many namespaces have the VNID. */
  readonly sharing: number;
  /** How many policies the namespace has. */
  readonly policies: number;
}): NotByRules | undefined {
  if (vnid === 0) return 'PolicyInGlobalNamespace';
  if (sharing > 1) return 'PolicyInJoinedNamespaces';
  return policies > 1 ? 'SeveralPolicies' : undefined;
}

const messages: Readonly<Record<NotByRules, (vnid: Vnid) => string>> = {
  PolicyInGlobalNamespace: () => 'the global VNID 0 has no egress policy; this one is ignored',
  PolicyInJoinedNamespaces: (vnid) =>
    `VNID ${vnid} is shared by several namespaces: all their traffic to the outside is dropped`,
  SeveralPolicies: () => 'several policies in one namespace: all its traffic to the outside is dropped',
};

/** The rules of a VNID, or that all its traffic to the outside is dropped. */
export type VnidPolicy = { readonly kind: 'drop' } | { readonly kind: 'rules'; readonly rules: readonly EgressRule[] };

export interface EgressPolicies {
  readonly byVnid: ReadonlyMap<Vnid, VnidPolicy>;
  readonly notes: readonly PolicyNote[];
  /** All names in rules, to be resolved. */
  readonly names: ReadonlySet<string>;
}

interface ReadRules {
  readonly rules: readonly EgressRule[];
  readonly notes: readonly PolicyNote[];
}

/** One rule that cannot be read counts as Deny for everything: in doubt the namespace is closed. */
function readRules(raw: EgressNetworkPolicyObject): ReadRules {
  const { namespace = '', name = '' } = raw.metadata;
  const notes: PolicyNote[] = [];
  const items = egressItems(raw);
  if (items === undefined)
    return {
      rules: [{ kind: 'cidr', allow: false, cidr: everything }],
      notes: [
        {
          namespace,
          name,
          code: 'InvalidPolicyRule',
          message: 'spec.egress: not a list; it counts as Deny for everything',
        },
      ],
    };
  const rules = items.map((rule, index): EgressRule => {
    const read = readEgressRule(rule);
    const { allow } = read;
    const note = (code: PolicyNote['code'], message: string): void => {
      notes.push({ namespace, name, code, message: `spec.egress[${index}].${message}` });
    };
    switch (read.kind) {
      case 'dns':
        return { kind: 'dns', allow, name: read.name };
      case 'broken':
        note('InvalidPolicyRule', `${read.field}: ${read.reason}; the rule counts as Deny for everything`);
        return { kind: 'cidr', allow: false, cidr: everything };
      case 'cidr':
        if (read.isCorrected) note('PolicyZeroSlash32', 'to.cidrSelector: 0.0.0.0/32 is read as 0.0.0.0/0');
        return { kind: 'cidr', allow, cidr: read.cidr };
    }
  });
  return { rules, notes };
}

function group<T, K>(items: readonly T[], keyOf: (item: T) => K | undefined): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [item]);
    else list.push(item);
  }
  return groups;
}

/** The meaning of the policies for each VNID. Policies of namespaces without a VNID have no effect yet. */
export function egressPolicies(
  raws: readonly EgressNetworkPolicyObject[],
  vnids: ReadonlyMap<string, Vnid>,
): EgressPolicies {
  const sharing = group([...vnids], ([, vnid]) => vnid);
  const byVnid = new Map<Vnid, VnidPolicy>();
  const notes: PolicyNote[] = [];
  for (const [vnid, policies] of group(raws, ({ metadata }) => vnids.get(metadata.namespace ?? ''))) {
    const [first] = policies;
    if (first === undefined) continue;
    const code = whyNotByRules({ vnid, sharing: (sharing.get(vnid) ?? []).length, policies: policies.length });
    if (code === undefined) {
      const read = readRules(first);
      notes.push(...read.notes);
      byVnid.set(vnid, { kind: 'rules', rules: read.rules });
      continue;
    }
    for (const { metadata } of policies)
      notes.push({
        namespace: metadata.namespace ?? '',
        name: metadata.name ?? '',
        code,
        message: messages[code](vnid),
      });
    if (code !== 'PolicyInGlobalNamespace') byVnid.set(vnid, { kind: 'drop' });
  }
  const rules = [...byVnid.values()].flatMap((policy) => (policy.kind === 'rules' ? policy.rules : []));
  return { byVnid, notes, names: new Set(rules.flatMap((rule) => (rule.kind === 'dns' ? [rule.name] : []))) };
}
