/** Stages of live migrations, in both directions. */
import { mtuConfigMapName } from '../../kinds/configmap.ts';
import { convertedFeatures } from '../../kinds/network.ts';
import { all, type Answer, ask, either, no, unless, yes } from '../answer.ts';
import { clearMigration, endLive, pausePools, setFeatures, startLive } from '../commands.ts';
import { completed, condition } from '../conditions.ts';
import {
  annotated,
  type Facts,
  hasNoAnnotation,
  hasNoMigration,
  type NetworkType,
  nonePending,
  operatorName,
  switchedTo,
  wants,
} from '../facts.ts';
import type { Stage } from '../stage.ts';

/** Whether this cluster's own operator can migrate it. */
export function hosted({ infrastructure }: Facts): Answer {
  return ask(infrastructure, 'Infrastructure cluster', ({ controlPlaneTopology }) =>
    controlPlaneTopology === 'External'
      ? no('another cluster hosts the control plane: the vendor does not support its migration')
      : yes,
  );
}

/** Whether the operator knows the MTU of the nodes. */
export function hasMTU({ mtuMaps }: Facts): Answer {
  return ask(mtuMaps, mtuConfigMapName, (count) =>
    unless(count > 0 ? [] : [`${mtuConfigMapName} is missing: the migration would be stuck`]),
  );
}

/** spec.migration has no remains of something else; features may stand there. */
export function emptiedButFeatures(to: NetworkType): Stage {
  return {
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
}

/** The vendor's converter is off. */
export function features(to: NetworkType): Stage {
  return {
    name: 'set-features',
    title: "the vendor's converter is off",
    done: (facts) =>
      either(
        wants(facts, to),
        ask(facts.operator, operatorName, ({ migration }) => {
          const { converts: on = convertedFeatures } = migration ?? {};
          return unless(on.map((name) => `${operatorName}: spec.migration.features.${name} is not false`));
        }),
      ),
    command: () => setFeatures,
    notes: () => [
      'the operator sets the rest of spec.migration itself, and should leave features as they are: look with `oc get networks.operator.openshift.io cluster -o yaml` when it has begun',
    ],
  };
}

/** The migration is asked for. */
export function started(to: NetworkType): Stage {
  return {
    name: 'start',
    title: 'the live migration is asked for',
    done: (facts) => wants(facts, to),
    command: () => startLive(to),
    notes: () => [
      'annotation and type must be in one patch; from here on the operator does everything, with two rounds of reboots',
      'egress IPs and multicast work in neither plugin during both rounds',
      ...(to === 'OVNKubernetes' ? ['a node that is switched has no egress firewall before the stage apply'] : []),
    ],
    isProof: true,
  };
}

const blocked = (): readonly string[] => [
  'if it does not go on: metric openshift_network_operator_live_migration_blocked, and `oc get clusteroperator network -o yaml`',
];

const names = { OpenShiftSDN: 'OpenShift SDN', OVNKubernetes: 'OVN-Kubernetes' } as const;

function otherThan(to: NetworkType): NetworkType {
  return to === 'OVNKubernetes' ? 'OpenShiftSDN' : 'OVNKubernetes';
}

/** Both plugins are deployed. */
export function available(to: NetworkType): Stage {
  return {
    name: 'available',
    title: `${names[to]} is deployed beside ${names[otherThan(to)]}`,
    done: condition(to, 'TargetCNIAvailable'),
    command: () => undefined,
    notes: blocked,
  };
}

/** Nodes that are to be rebooted wait for pools that are paused. */
const waiting: Stage['command'] = (facts) => pausePools(facts, false) || undefined;

/** The first round of reboots. */
export function mtuReady(to: NetworkType): Stage {
  return {
    name: 'mtu',
    title: 'every node is rebooted with the routable MTU',
    done: condition(to, 'MTUReady'),
    command: waiting,
    notes: blocked,
  };
}

/** The second round of reboots. */
export function inUse(to: NetworkType): Stage {
  return {
    name: 'in-use',
    title: `every node is rebooted into ${names[to]}`,
    done: condition(to, 'TargetCNIInUse', (facts) =>
      all(nonePending(facts), to === 'OVNKubernetes' ? annotated(facts) : yes),
    ),
    command: waiting,
    notes: () => [
      `status.networkType changes before this round ends, which does not mean that the nodes run ${names[to]}`,
    ],
    isProof: true,
  };
}

/** The other plugin is gone. */
export function purged(to: NetworkType): Stage {
  return {
    name: 'purged',
    title: `${names[otherThan(to)]} is taken off`,
    done: condition(to, 'OriginalCNIPurged'),
    command: () => undefined,
    notes: blocked,
  };
}

/** The operator is done. */
export function ended(to: NetworkType): Stage {
  return {
    name: 'completed',
    title: 'the operator says that the migration is completed',
    done: (facts) => completed(facts, to),
    command: () => undefined,
    notes: blocked,
    isProof: true,
  };
}

/** The annotation is taken off. */
export function annotation(to: NetworkType): Stage {
  return {
    name: 'annotation',
    title: 'the annotation of the live migration is gone',
    done: (facts) => all(switchedTo(facts, to), hasNoAnnotation(facts)),
    command: () => endLive,
    notes: () => ['never before the migration is completed'],
    isProof: true,
  };
}
