/**
 * What becomes of EgressNetworkPolicies on the way to a target that makes nothing of them. One that closes something
 * blocks, unless the plan drops policies; one that closes nothing is lost without a loss. Pure.
 */
import { whyNotByRules } from '../../model/policy/egresspolicy.ts';
import { everything } from '../../model/policy/egressrule.ts';
import type { Finding } from '../findings/finding.ts';
import { policyUntranslated } from '../findings/others.ts';
import type { EgressPolicyItem, PolicyRuleItem } from '../kinds/egresspolicy.ts';
import type { Requests } from './requests.ts';

/** What a policy does today: what it denies, or why it denies nothing. */
type Effect =
  { readonly kind: 'closes'; readonly denied: readonly string[] } | { readonly kind: 'nothing'; readonly why: string };

/** One finding for each policy of a chosen namespace. */
export function policyFindings(requests: Requests, plugin: string): readonly Finding[] {
  const { snapshot, chosen, options } = requests;
  const byNamespace = Map.groupBy(snapshot.egressPolicies, ({ namespace }) => namespace);
  return [...byNamespace]
    .filter(([namespace]) => chosen(namespace))
    .flatMap(([namespace, policies]) =>
      policies.map((policy) =>
        policyUntranslated({
          ...{ plugin, namespace, name: policy.name, isAccepted: options.dropPolicies },
          effect: effectOf(requests, policy, policies.length),
        }),
      ),
    );
}

function effectOf(
  { network, vnidOf, namespacesOf, exists }: Requests,
  policy: EgressPolicyItem,
  policies: number,
): Effect {
  const { namespace } = policy;
  if (!exists(namespace)) return { kind: 'nothing', why: 'its namespace is not there' };
  if (network?.mode === 'subnet') return { kind: 'nothing', why: 'the subnet plugin ignores it' };
  const vnid = vnidOf(namespace);
  const sharing = vnid === undefined ? 0 : namespacesOf(vnid).length;
  const code = whyNotByRules({ vnid, sharing, policies });
  if (code === 'PolicyInGlobalNamespace') return { kind: 'nothing', why: 'the global VNID 0 has no egress policy' };
  if (code !== undefined) return { kind: 'closes', denied: [everything.text] };
  const denied = deniedBy(policy.rules);
  return denied.length > 0 ? { kind: 'closes', denied } : { kind: 'nothing', why: 'it denies nothing' };
}

const isOfEverything = ({ reading }: PolicyRuleItem): boolean => reading.kind === 'cidr' && reading.cidr.length === 0;

/** What the rules deny that no rule for everything allows first; one that cannot be read denies everything. */
function deniedBy(rules: EgressPolicyItem['rules']): readonly string[] {
  if (rules === undefined) return [everything.text];
  const open = rules.findIndex((rule) => rule.reading.allow && isOfEverything(rule));
  return (open < 0 ? rules : rules.slice(0, open)).flatMap(({ reading }) => {
    if (reading.kind === 'broken') return [everything.text];
    if (reading.allow) return [];
    return [reading.kind === 'dns' ? reading.name : reading.cidr.text];
  });
}
