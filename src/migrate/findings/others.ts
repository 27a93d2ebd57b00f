/** Findings on what another target than OVN-Kubernetes lacks, refuses, or leaves to the admin. */
import { listText } from '../../model/values/list-text.ts';
import { makes, type Namespaced } from './finding.ts';

interface On {
  /** Name of the target's plugin. */
  readonly plugin: string;
  /** The finding is on the NetNamespace of this name. */
  readonly name: string;
}

const on = ({ name }: On) => ({ kind: 'NetNamespace', name });

/** One finding for the whole plan, on the first namespace of it. */
export const leakWhileUnassigned = makes('LeakWhileUnassigned', (facts: On & { readonly when: string }) => ({
  ...on(facts),
  today: 'While no node has its egress IP, a namespace is cut off from the outside.',
  tomorrow: `${facts.plugin} lets it leave with node addresses ${facts.when}. This holds for every namespace of the plan.`,
  action: 'Let NetworkPolicies deny what must never leave with a node address.',
}));

/** One finding for the whole plan, on the first namespace of it. */
export const prerequisiteUnknown = makes(
  'PrerequisiteUnknown',
  (facts: On & { readonly setting: string; readonly without: string; readonly action: string }) => ({
    ...on(facts),
    today: 'OpenShift SDN needs nothing of the kind.',
    tomorrow: `${facts.plugin} must run with ${facts.setting}, which no object shows. Without it ${facts.without}.`,
    action: facts.action,
  }),
);

interface Policy extends Namespaced {
  readonly plugin: string;
  /** What it denies today, or why nothing. */
  readonly effect:
    | { readonly kind: 'closes'; readonly denied: readonly string[] }
    | { readonly kind: 'nothing'; readonly why: string };
  /** The admin wants the plan to drop it. */
  readonly isAccepted: boolean;
}

export const policyUntranslated = makes('PolicyUntranslated', ({ plugin, effect, isAccepted, ...policy }: Policy) => {
  const object = { kind: 'EgressNetworkPolicy', ...policy };
  if (effect.kind === 'nothing')
    return {
      ...{ ...object, severity: 'info', span: null },
      today: `It closes nothing: ${effect.why}.`,
      tomorrow: `Nothing is made of it for ${plugin}, and nothing is opened.`,
      action: 'Nothing.',
    };
  return {
    ...{ ...object, severity: isAccepted ? 'warning' : 'blocker' },
    today: `The namespace does not reach ${listText(effect.denied, 5)} outside, unless an earlier rule allows it.`,
    tomorrow: `Nothing is made of it for ${plugin}: all that it denies is open from the switch.`,
    action: `Write a policy of the new network plugin for it (a NetworkPolicy knows CIDRs that are allowed, but no names and no order of rules)${isAccepted ? '' : ', and plan with --drop-policies, which warns only'}.`,
  };
});

interface Feature {
  readonly plugin: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly today: string;
  readonly action: string;
}

export const featureUntranslated = makes('FeatureUntranslated', ({ plugin, today, action, ...object }: Feature) => ({
  ...object,
  today,
  tomorrow: `Nothing is made of it for ${plugin}.`,
  action,
}));

interface Refused extends On {
  /** The object of the plan. */
  readonly object: string;
  readonly reason: string;
  readonly action: string;
}

/** The target's webhook or controller refuses an object of the plan. */
export const targetRefuses = makes('TargetRefuses', (facts: Refused) => ({
  ...on(facts),
  today: 'OpenShift SDN takes it.',
  tomorrow: `${facts.plugin} refuses ${facts.object}: ${facts.reason}.`,
  action: facts.action,
}));

export const failoverLost = makes(
  'FailoverLost',
  (facts: On & { readonly ip: string; readonly node: string; readonly others: readonly string[] }) => ({
    ...on(facts),
    today: `OpenShift SDN moves ${facts.ip} to ${listText(facts.others)} when ${facts.node} fails.`,
    tomorrow: `${facts.plugin} leaves it on ${facts.node}: while that is down, nothing leaves.`,
    action: `Watch ${facts.node}; to move ${facts.ip} by hand, change the object's node and put the address there.`,
  }),
);

export const addressToBePutOnNode = makes(
  'AddressToBePutOnNode',
  (facts: On & { readonly ip: string; readonly node: string }) => ({
    ...on(facts),
    today: `OpenShift SDN puts ${facts.ip} on the interface of ${facts.node}, and takes it away when it ends.`,
    tomorrow: `${facts.plugin} uses the address only if the node has it, and does not put it there.`,
    action: `Put ${facts.ip} on ${facts.node} for good (by nmstate, netplan or the like) when OpenShift SDN is gone.`,
  }),
);

export const nodeChoiceLost = makes(
  'NodeChoiceLost',
  (facts: On & { readonly ip: string; readonly nodes: readonly string[] }) => ({
    ...on(facts),
    today: `${facts.ip} is on one of ${listText(facts.nodes)} and on no other node.`,
    tomorrow: `${facts.plugin} elects a node that runs it, whichever.`,
    action: `Run ${facts.plugin} only on nodes that may have egress IPs.`,
  }),
);

interface Unserved extends On {
  readonly ips: readonly string[];
  /** Why, as a sentence without its end. */
  readonly reason: string;
  readonly isPartly: boolean;
  readonly action: string;
}

export const workloadsUnserved = makes('WorkloadsUnserved', (facts: Unserved) => ({
  ...on(facts),
  severity: facts.isPartly ? 'warning' : 'blocker',
  today: `All pods of the namespace leave with ${listText(facts.ips)}.`,
  tomorrow: `${facts.reason}: ${facts.isPartly ? 'other pods leave' : 'all pods leave'} with node addresses.`,
  action: facts.action,
}));
