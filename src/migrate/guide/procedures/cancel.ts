/** Gives up a migration to OVN-Kubernetes that has not come to the switch. OpenShift SDN serves all the time. */
import { leadsBack } from '../../targets.ts';
import { all, type Answer, ask, either, no, yes } from '../answer.ts';
import { clearMigration, guide, pausePools, withdrawLive } from '../commands.ts';
import { atWork, isOnlyAnnotated } from '../conditions.ts';
import {
  configName,
  type Facts,
  hasNoAnnotation,
  hasNoMigration,
  operatorName,
  poolsSettled,
  saysType,
  wants,
} from '../facts.ts';
import { guidedPlugin, toPlugin } from '../guided.ts';
import type { Procedure, Stage } from '../stage.ts';
import { undo } from './back.ts';

const from = 'OpenShiftSDN';

/** Whether a migration was begun, if only by the plan, and the default plugin is not switched. */
export function isBeforeSwitch(facts: Facts): boolean {
  if (isOnlyAnnotated(facts)) return true;
  const { config, operator, plan } = facts;
  if (config.kind !== 'known' || config.value.type !== from) return false;
  const { wantedType, isLiveAsked } = config.value;
  const migration = operator.kind === 'known' ? operator.value.migration : undefined;
  if (migration?.networkType === from) return false;
  if (wantedType === 'OVNKubernetes') return isLiveAsked;
  return migration?.networkType === 'OVNKubernetes' || (!isLiveAsked && isPrepared(plan));
}

/** Whether a plan was begun that has not come to the switch. */
function isPrepared(plan: Facts['plan']): boolean {
  return plan?.target === guidedPlugin.name && ['begun', 'going-back'].includes(plan.phase) && !plan.isPastSwitch;
}

/** Whether OpenShift SDN runs, nothing is asked for, and nothing of OVN-Kubernetes is left. */
export function isAtRest({ config, operator, plan, pluginNamespaces }: Facts): boolean {
  if (config.kind !== 'known' || operator.kind !== 'known' || pluginNamespaces.kind !== 'known') return false;
  const { type, wantedType, isLiveAsked } = config.value;
  return (
    [type, wantedType].every((one) => one === from) &&
    !isLiveAsked &&
    operator.value.migration === undefined &&
    !pluginNamespaces.value.includes('openshift-ovn-kubernetes') &&
    (plan === undefined || !leadsBack(plan))
  );
}

/** The vendor has no way out of a live migration that its operator has begun. */
function isUntouched({ config, operator }: Facts): Answer {
  return all(
    ask(config, configName, (value) => {
      const reason = atWork(value);
      return reason === undefined ? yes : no(reason);
    }),
    ask(operator, operatorName, ({ migration }) =>
      migration?.mode === 'Live' ? no(`${operatorName}: spec.migration.mode is Live`) : yes,
    ),
  );
}

const untouched: Stage = {
  name: 'preflight',
  title: 'OpenShift SDN is the default plugin, and the operator has not begun a live migration',
  done: (facts) => all(saysType(facts, from), either(wants(facts, from), isUntouched(facts))),
  command: (facts) => guide(facts, toPlugin),
  notes: () => [
    'the vendor has no way out of a live migration that its operator has begun: finish it, and go back then',
  ],
};

const withdrawn: Stage = {
  name: 'withdraw',
  title: 'a live migration is not asked for any more',
  done: (facts) => all(wants(facts, from), hasNoAnnotation(facts)),
  command: () => withdrawLive,
  notes: () => ['type and annotation in one patch: without the annotation the operator refuses the type'],
};

const emptied: Stage = {
  name: 'clear',
  title: 'spec.migration is empty',
  done: hasNoMigration,
  command: () => clearMigration,
  notes: () => [
    'OpenShift SDN is the default plugin, so its CRDs and objects stay',
    'the machine config operator takes back what it rolled out, with another round of reboots',
  ],
};

const settled: Stage = {
  name: 'settled',
  title: 'the machine config operator is done with every node',
  done: (facts) =>
    all(
      ask(facts.config, configName, ({ migratingTo }) =>
        migratingTo === '' ? yes : no('the network operator has not taken up that spec.migration is empty'),
      ),
      poolsSettled(facts),
    ),
  command: (facts) => pausePools(facts, false) || undefined,
  notes: () => ['a rollout that has not begun looks like one that is done: look again after a minute'],
};

export const cancel: Procedure = {
  name: 'cancel',
  title: 'giving up the migration to OVN-Kubernetes before the switch',
  flags: ['--back'],
  stages: [untouched, withdrawn, emptied, settled, undo],
};
