/** What the network operator says of a live migration, in the conditions of Network.config. */
import type { ConditionItem, NetworkConfigItem } from '../kinds/network.ts';
import { all, type Answer, ask, either, no, yes } from './answer.ts';
import { configName, type Facts, type NetworkType, saysType, wants } from './facts.ts';
import type { Stage } from './stage.ts';

const prefix = 'NetworkTypeMigration';
const completedReason = `${prefix}Completed`;

type ConditionType = 'InProgress' | 'TargetCNIAvailable' | 'MTUReady' | 'TargetCNIInUse' | 'OriginalCNIPurged';

function conditionIn({ conditions }: Pick<NetworkConfigItem, 'conditions'>, type: ConditionType): ConditionItem {
  const none = { type: prefix + type, status: 'Unknown', reason: '', message: 'the operator has not set it' };
  return conditions.find((one) => one.type === prefix + type) ?? none;
}

function stateText(type: ConditionType, { status, reason, message }: ConditionItem): string {
  const text = [reason, message].filter((part) => part !== '').join(': ');
  return `condition ${prefix}${type} is ${status}${text === '' ? '' : ` (${text})`}`;
}

/** Whether a live migration, to whichever plugin, was the last one that was completed. */
export function wasLive(config: NetworkConfigItem): boolean {
  return conditionIn(config, 'InProgress').reason === completedReason;
}

/** Why the operator is at work on a live migration; undefined if it is not. */
export function atWork(config: NetworkConfigItem): string | undefined {
  const condition = conditionIn(config, 'InProgress');
  return condition.status === 'True' ? stateText('InProgress', condition) : undefined;
}

/**
 * Whether only the annotation of a live migration is set: OpenShift SDN runs and is asked for, and nothing shows that a
 * migration or a way back was ever at work.
 */
export function isOnlyAnnotated({ config, operator, pluginNamespaces }: Facts): boolean {
  if (config.kind !== 'known' || operator.kind !== 'known' || pluginNamespaces.kind !== 'known') return false;
  const { type, wantedType, isLiveAsked } = config.value;
  const isSDN = [type, wantedType].every((one) => one === 'OpenShiftSDN');
  const { migration } = operator.value;
  const signs = [
    wasLive(config.value),
    atWork(config.value) !== undefined,
    migration?.networkType === 'OpenShiftSDN',
    migration?.mode === 'Live',
    pluginNamespaces.value.includes('openshift-ovn-kubernetes'),
  ];
  return isLiveAsked && isSDN && !signs.includes(true);
}

/**
 * Whether the operator says that the migration is finished, or ended its part of spec.migration and says so no more.
 */
export function completed(facts: Facts, to: NetworkType): Answer {
  return all(
    saysType(facts, to),
    ask(facts.config, configName, (config) => {
      const condition = conditionIn(config, 'InProgress');
      return condition.status === 'False' && condition.reason === completedReason
        ? yes
        : no(stateText('InProgress', condition));
    }),
  );
}

/** Whether the condition is True, or all is completed: the conditions turn Unknown when all is over. */
export function condition(
  to: NetworkType,
  type: ConditionType,
  more: (facts: Facts) => Answer = () => yes,
): Stage['done'] {
  return (facts) =>
    either(
      completed(facts, to),
      all(
        wants(facts, to),
        ask(facts.config, configName, (config) => {
          const found = conditionIn(config, type);
          return found.status === 'True' ? yes : no(stateText(type, found));
        }),
        more(facts),
      ),
    );
}
