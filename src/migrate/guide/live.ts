/** The live migration to OVN-Kubernetes, which the network operator carries out node by node. */
import type { ConditionItem } from '../kinds/network.ts';
import { all, type Answer, ask, either, no, unless, yes } from './answer.ts';
import { clearMigration, endLive, guide, inspect, pausePools, setFeatures, startLive } from './commands.ts';
import {
  annotated,
  configName,
  type Facts,
  hasNoMigration,
  nonePending,
  operatorName,
  saysType,
  some,
  switchedTo,
  wants,
} from './facts.ts';
import { apply, cleared, finalize, isNotReturning, obstacles, plan, prepare, removed } from './shared.ts';
import type { Procedure, Stage } from './stage.ts';

const to = 'OVNKubernetes';
const prefix = 'NetworkTypeMigration';
const completedReason = `${prefix}Completed`;

const preflight: Stage = {
  name: 'preflight',
  title: 'the vendor supports a live migration here',
  done: (facts) => either(wants(facts, to), all(isNotReturning(facts), obstacles(facts, 15), liveObstacles(facts))),
  command: (facts) => {
    if (isNotReturning(facts).kind === 'no') return guide(facts, '--back');
    return isOnlyLive(facts) ? guide(facts, '--mode offline') : inspect;
  },
  notes: (facts) => (isOnlyLive(facts) ? ['mend what is named, or migrate offline'] : []),
};

/** Whether nothing stands in the way of an offline migration. */
function isOnlyLive(facts: Facts): boolean {
  return obstacles(facts, 12).kind === 'yes' && hosted(facts).kind === 'yes';
}

function hosted({ infrastructure }: Facts): Answer {
  return ask(infrastructure, 'Infrastructure cluster', ({ controlPlaneTopology }) =>
    controlPlaneTopology === 'External'
      ? no('another cluster hosts the control plane: the vendor does not support its migration')
      : yes,
  );
}

function liveObstacles(facts: Facts): Answer {
  return all(
    hosted(facts),
    ask(facts.mtuMaps, 'ConfigMap openshift-network-operator/mtu', (count) =>
      unless(count > 0 ? [] : ['ConfigMap openshift-network-operator/mtu is missing: the migration would be stuck']),
    ),
    ask(facts.macvlanPods, 'Pods', (pods) =>
      unless(pods.length === 0 ? [] : [`pods with a macvlan interface block it: ${some(pods)}`]),
    ),
  );
}

const emptied: Stage = {
  name: 'clear-before',
  title: 'spec.migration is empty',
  done: (facts) =>
    either(
      wants(facts, to),
      ask(facts.operator, operatorName, ({ migration }) => {
        const isBare =
          migration === undefined || (migration.networkType === '' && !migration.hasMTU && migration.mode === '');
        return isBare ? yes : hasNoMigration(facts);
      }),
    ),
  command: () => clearMigration,
};

const features: Stage = {
  name: 'set-features',
  title: "the vendor's converter is off",
  done: (facts) =>
    either(
      wants(facts, to),
      ask(facts.operator, operatorName, ({ migration }) => {
        const on = migration === undefined ? ['egressIP', 'egressFirewall', 'multicast'] : migration.converts;
        return unless(on.map((name) => `${operatorName}: spec.migration.features.${name} is not false`));
      }),
    ),
  command: () => setFeatures,
  notes: () => [
    'the operator sets the rest of spec.migration itself, and should leave features as they are: look with `oc get networks.operator.openshift.io cluster -o yaml` when it has begun',
  ],
};

const start: Stage = {
  name: 'start',
  title: 'the live migration is asked for',
  done: (facts) => wants(facts, to),
  command: () => startLive,
  notes: () => [
    'annotation and type must be in one patch; from here on the operator does everything, with two rounds of reboots',
    'egress IPs and multicast work in neither plugin during both rounds; the egress firewall does',
  ],
  isProof: true,
};

function conditionIn({ conditions }: { readonly conditions: readonly ConditionItem[] }, type: string): ConditionItem {
  const none = { type: prefix + type, status: 'Unknown', reason: '', message: 'the operator has not set it' };
  return conditions.find((one) => one.type === prefix + type) ?? none;
}

/** Whether a live migration was asked for, or has been. */
export function isLiveBegun({ config, operator }: Facts): boolean {
  return (
    (config.kind === 'known' &&
      (config.value.isLiveAsked ||
        (config.value.wantedType === to && conditionIn(config.value, 'InProgress').reason === completedReason))) ||
    (operator.kind === 'known' && operator.value.migration?.mode === 'Live')
  );
}

/** Whether the operator says that the migration is finished, or ended its part of spec.migration and says so no more. */
function completed(facts: Facts): Answer {
  return all(
    saysType(facts, to),
    ask(facts.config, configName, (config) => {
      const { status, reason, message } = conditionIn(config, 'InProgress');
      return status === 'False' && reason === completedReason
        ? yes
        : no(`condition ${prefix}InProgress is ${status}${textOf(reason, message)}`);
    }),
  );
}

function textOf(reason: string, message: string): string {
  const text = [reason, message].filter((part) => part !== '').join(': ');
  return text === '' ? '' : ` (${text})`;
}

/** The conditions that came with it turn Unknown when all is over. */
function condition(type: string, more: (facts: Facts) => Answer = () => yes): Stage['done'] {
  return (facts) =>
    either(
      completed(facts),
      all(
        wants(facts, to),
        ask(facts.config, configName, (config) => {
          const { status, reason, message } = conditionIn(config, type);
          return status === 'True' ? yes : no(`condition ${prefix}${type} is ${status}${textOf(reason, message)}`);
        }),
        more(facts),
      ),
    );
}

/** Nodes that are to be rebooted wait for pools that are paused. */
const waiting: Stage['command'] = (facts) => pausePools(facts, false) || undefined;

const blocked = (): readonly string[] => [
  'if it does not go on: metric openshift_network_operator_live_migration_blocked, and `oc get clusteroperator network -o yaml`',
];

const ended: Stage = {
  name: 'completed',
  title: 'the operator says that the migration is completed',
  done: completed,
  command: () => undefined,
  notes: blocked,
  isProof: true,
};

const annotation: Stage = {
  name: 'annotation',
  title: 'the annotation of the live migration is gone',
  done: (facts) =>
    all(
      switchedTo(facts, to),
      ask(facts.config, configName, ({ isLiveAsked }) =>
        unless(isLiveAsked ? [`${configName} still has the annotation`] : []),
      ),
    ),
  command: () => endLive,
  notes: () => ['never before the migration is completed'],
  isProof: true,
};

export const live: Procedure = {
  name: 'live',
  title: 'live migration to OVN-Kubernetes',
  flags: ['--to ovn', '--mode live'],
  stages: [
    preflight,
    plan,
    prepare,
    emptied,
    features,
    start,
    {
      name: 'available',
      title: 'OVN-Kubernetes is deployed beside OpenShift SDN',
      done: condition('TargetCNIAvailable'),
      command: () => undefined,
      notes: blocked,
    },
    {
      name: 'mtu',
      title: 'every node is rebooted with the routable MTU',
      done: condition('MTUReady'),
      command: waiting,
      notes: blocked,
    },
    {
      name: 'in-use',
      title: 'every node is rebooted into OVN-Kubernetes',
      done: condition('TargetCNIInUse', (facts) => all(nonePending(facts), annotated(facts))),
      command: waiting,
      notes: () => [
        `status.networkType changes before this round ends, which does not mean that the nodes run OVN-Kubernetes`,
      ],
      isProof: true,
    },
    apply,
    {
      name: 'purged',
      title: 'OpenShift SDN is taken off',
      done: condition('OriginalCNIPurged'),
      command: () => undefined,
      notes: blocked,
    },
    ended,
    finalize,
    cleared(to),
    annotation,
    removed(to, 'openshift-sdn'),
  ],
};
