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

export const policyUntranslated = makes('PolicyUntranslated', (facts: Namespaced & { readonly plugin: string }) => ({
  kind: 'EgressNetworkPolicy',
  namespace: facts.namespace,
  name: facts.name,
  today: 'OpenShift SDN lets the namespace reach only what the policy allows.',
  tomorrow: `Nothing is made of it for ${facts.plugin}: all that it denies is open.`,
  action: 'Write a NetworkPolicy or a policy of the target for it, then plan with --only egressip.',
}));

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
