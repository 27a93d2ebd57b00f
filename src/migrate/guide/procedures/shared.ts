/** Stages that more than one procedure has. */
import { isBefore } from '../../release.ts';
import { all, ask, either, no, unknown, unless, yes } from '../answer.ts';
import {
  clearMigration,
  deleteNamespace,
  guide,
  inspect,
  makePlan,
  pausePools,
  rebootNodes,
  setMigration,
  switchTo,
  withPlan,
} from '../commands.ts';
import {
  annotated,
  asksFor,
  configName,
  type Facts,
  hasNoMigration,
  type NetworkType,
  nonePending,
  operatorName,
  poolsSettled,
  rebooted,
  releaseIn,
  rolledOut,
  saysType,
  switchedTo,
  wants,
} from '../facts.ts';
import type { Stage } from '../stage.ts';

const notGiven = 'give --plan DIR: without it, how far the plan is stays unknown';
const outside =
  "the plan has the only backup: keep a copy of its folder outside of the cluster. OpenShift SDN's CRDs and all its objects are deleted with spec.migration once it is no longer the default plugin";

/** A plan was made. */
export const plan: Stage = {
  name: 'plan',
  title: 'a plan is made, with a backup',
  done: (facts) => {
    if (facts.plan !== undefined)
      return facts.plan.phase === 'going-back' ? no('the way back of this plan was begun, and must be finished') : yes;
    return wants(facts, 'OVNKubernetes').kind === 'yes'
      ? unknown(notGiven)
      : all(wants(facts, 'OpenShiftSDN'), no('no plan was given with --plan DIR'));
  },
  command: (facts) => (facts.plan === undefined ? makePlan : guide(facts, '--back')),
  notes: () => ['read plan/report.html, resolve its blockers, and from then on run the guide with --plan plan'],
};

/** All is done that can be done before the switch. */
export const prepare: Stage = {
  name: 'prepare',
  title: 'nodes and namespaces are prepared; OpenShift SDN ignores it',
  done: (facts) => planPart(facts, 'before'),
  command: (facts) => withPlan(facts, 'apply'),
  notes: () => ['it ends with exit status 3 when the switch is next', outside],
};

/** Everything of the plan that comes after the switch. */
export const apply: Stage = {
  name: 'apply',
  title: 'EgressFirewalls, EgressIPs and EgressRouters are made',
  done: (facts) => planPart(facts, 'after'),
  command: (facts) => withPlan(facts, 'apply'),
  notes: () => ['until then namespaces leave with the addresses of their nodes'],
  isProof: true,
};

/** OpenShift SDN's objects are cleared, or gone. */
export const finalize: Stage = {
  name: 'finalize',
  title: 'all is well, and the objects of OpenShift SDN are cleared',
  done: (facts) =>
    either(
      planPart(facts, 'finalize'),
      facts.plan !== undefined && facts.hostSubnets.kind === 'absent'
        ? all(switchedTo(facts, 'OVNKubernetes'))
        : no("clear OpenShift SDN's objects now or not at all: the next stage deletes them with their CRDs"),
    ),
  command: (facts) => `${withPlan(facts, 'verify', '--watch')} && ${withPlan(facts, 'apply', '--finalize')}`,
  notes: () => ['check your applications first; the way back restores what is cleared here', outside],
};

function planPart(facts: Facts, part: 'before' | 'after' | 'finalize'): ReturnType<Stage['done']> {
  if (facts.plan === undefined) return unknown(notGiven);
  const count = facts.plan.pending[part];
  return count === 0
    ? yes
    : no(`${count} change${count === 1 ? '' : 's'} of the plan ${count === 1 ? 'is' : 'are'} to be made`);
}

/**
 * Whether OpenShift SDN runs in multitenant mode, or another cluster hosts the control plane, or the release is
 * another.
 */
export function obstacles(facts: Facts, least: number): ReturnType<Stage['done']> {
  const multitenant = no('the multitenant mode of OpenShift SDN: the vendor does not support its migration');
  return all(
    ask(facts.version, 'ClusterVersion version', () => {
      const release = releaseIn(facts);
      if (release === undefined) return unknown('ClusterVersion version: it names no release');
      const { major, minor } = release;
      return isBefore(release, least) || major > 4 || minor > 16
        ? no(`release ${major}.${minor}: this procedure is for 4.${least} to 4.16`)
        : yes;
    }),
    ask(facts.operator, operatorName, ({ sdnMode }) => (sdnMode === 'Multitenant' ? multitenant : yes)),
    facts.sdnPlugin.kind === 'known' && facts.sdnPlugin.value.endsWith('multitenant') ? multitenant : yes,
  );
}

/** Whether no way back was begun. */
export function isNotReturning({ config }: Facts): ReturnType<Stage['done']> {
  return ask(config, configName, ({ wantedType, type }) =>
    wantedType === 'OpenShiftSDN' && type === 'OVNKubernetes'
      ? no('a way back to OpenShift SDN was begun, and must be finished')
      : yes,
  );
}

/** Nothing stands in the way. */
export const preflight: Stage = {
  name: 'preflight',
  title: 'the vendor supports this migration here',
  done: (facts) => either(wants(facts, 'OVNKubernetes'), all(isNotReturning(facts), obstacles(facts, 12))),
  command: (facts) => (isNotReturning(facts).kind === 'no' ? guide(facts, '--back') : inspect),
};

/** spec.migration has no remains of something else. */
export function emptied(type: NetworkType): Stage {
  return {
    name: 'clear-before',
    title: 'spec.migration is empty',
    done: (facts) => either(either(wants(facts, type), asksFor(facts, type)), hasNoMigration(facts)),
    command: () => clearMigration,
    notes: (facts) => {
      const { operator } = facts;
      const isHalf = operator.kind === 'known' && operator.value.migration?.networkType === type;
      return isHalf
        ? [
            "networkType was set while features are not all false: the vendor's converter may have changed objects already; `apply` will name what differs from the plan",
          ]
        : [];
    },
  };
}

/** One patch asks for the plugin. */
export function asked(type: NetworkType): Stage {
  return {
    name: 'set-migration',
    title: `spec.migration asks for ${type}, and the vendor's converter is off`,
    done: (facts) =>
      isTypeRefused(facts, type) ? isTaken(facts, type) : either(isTaken(facts, type), asksFor(facts, type)),
    command: (facts) => (isTypeRefused(facts, type) ? switchTo(otherType(type)) : setMigration(type)),
    notes: (facts) =>
      isTypeRefused(facts, type)
        ? [
            `spec.networkType was set too early: the operator takes it only while spec.migration asks for ${type}, and the machine config operator has not prepared the nodes. Take it back, and begin again`,
          ]
        : [...patchTraps(facts), ...mtuTraps(facts)],
    isProof: true,
  };
}

/** Whether spec.networkType asks for the plugin, and the operator has taken or can take that up. */
function isTaken(facts: Facts, type: NetworkType): ReturnType<Stage['done']> {
  return all(
    wants(facts, type),
    either(
      saysType(facts, type),
      ask(facts.operator, operatorName, ({ migration }) =>
        migration?.networkType === type
          ? yes
          : no(`${operatorName}: spec.migration is missing, so the operator does not take spec.networkType ${type}`),
      ),
    ),
  );
}

/** Whether spec.networkType was set without spec.migration. */
function isTypeRefused(facts: Facts, type: NetworkType): boolean {
  return wants(facts, type).kind === 'yes' && isTaken(facts, type).kind === 'no';
}

function otherType(type: NetworkType): NetworkType {
  return type === 'OVNKubernetes' ? 'OpenShiftSDN' : 'OVNKubernetes';
}

function patchTraps(facts: Facts): readonly string[] {
  const release = releaseIn(facts);
  const early =
    "networkType and features must be in one patch: the vendor's converter runs as soon as networkType is set, while OpenShift SDN still serves";
  if (release === undefined || isBefore(release, 14)) return [early];
  if (isBefore(release, 15)) return [`${early}; 4.14 refuses features that come first`];
  if (isBefore(release, 16)) return [early];
  return ["networkType and features in one patch: the vendor's converter runs when the type has switched"];
}

function mtuTraps(facts: Facts): readonly string[] {
  return isBefore(releaseIn(facts), 16)
    ? []
    : ['4.16 refuses spec.migration.mtu beside networkType, except in mode Live'];
}

/** The machine config operator has rebooted every node for the first time. */
export const firstReboot: Stage = {
  name: 'first-reboot',
  title: 'the machine config operator has rebooted every node',
  done: (facts) => either(wants(facts, 'OVNKubernetes'), firstRebooted(facts)),
  command: (facts) => pausePools(facts, false) || undefined,
  notes: () => ['the first of two reboots; OpenShift SDN serves meanwhile'],
};

function firstRebooted(facts: Facts): ReturnType<Stage['done']> {
  const { config, operator } = facts;
  return ask(config, configName, ({ migratingTo, since }) => {
    if (migratingTo !== 'OVNKubernetes') return no('the network operator has not taken up spec.migration yet');
    const time = since.migratingTo ?? (operator.kind === 'known' ? operator.value.migrationSince : undefined);
    const settled = poolsSettled(facts, time);
    return time === undefined && settled.kind === 'yes'
      ? unknown(
          `${configName}: metadata.managedFields does not tell when spec.migration was taken up, so a reboot that is done looks like one that has not begun: oc get machineconfigpools`,
        )
      : settled;
  });
}

/** The default plugin is switched. */
export function switched(type: NetworkType): Stage {
  return {
    name: 'switch',
    title: `${type} is the default plugin`,
    done: (facts) => wants(facts, type),
    command: () => switchTo(type),
    notes: () => ['from here on no egress IP is in use until the end of the reboots'],
    isProof: true,
  };
}

/** Operator and multus have rolled the plugin out. */
export function rollout(type: NetworkType): Stage {
  return {
    name: 'rollout',
    title: 'the operator and multus have rolled it out',
    done: (facts) => all(wants(facts, type), saysType(facts, type), rolledOut(facts.multus, 'openshift-multus/multus')),
    command: (facts) =>
      saysType(facts, type).kind === 'yes' ? 'oc -n openshift-multus rollout status daemonset/multus' : undefined,
  };
}

/** Every node is rebooted into the plugin. */
export function secondReboot(type: NetworkType): Stage {
  return {
    name: 'second-reboot',
    title: `every node is rebooted and runs ${type}`,
    done: (facts) =>
      all(
        switchedTo(facts, type),
        rebooted(facts),
        type === 'OVNKubernetes' ? annotated(facts) : yes,
        nonePending(facts),
      ),
    command: (facts) => {
      const busy = rebooted(facts);
      return busy.kind === 'no' ? rebootNodes : undefined;
    },
    notes: () => [
      'status.networkType has changed already, which does not mean that the nodes run the plugin: reboot each one, by this command or from its console',
    ],
    isProof: true,
  };
}

/** spec.migration is empty again. */
export function cleared(type: NetworkType): Stage {
  return {
    name: 'clear',
    title: 'spec.migration is empty again',
    done: (facts) => all(switchedTo(facts, type), hasNoMigration(facts)),
    command: () => clearMigration,
    notes: () =>
      type === 'OVNKubernetes' ? [outside] : ['releases from 4.22 take spec.migration that is left for an error'],
    isProof: true,
  };
}

/** The Namespace of the plugin that is left is gone. */
export function removed(type: NetworkType, name: string): Stage {
  return {
    name: 'leftovers',
    title: `Namespace ${name} is gone`,
    done: (facts) =>
      all(
        switchedTo(facts, type),
        ask(facts.pluginNamespaces, 'Namespaces', (names) =>
          unless(names.includes(name) ? [`Namespace ${name} is still there`] : []),
        ),
      ),
    command: () => deleteNamespace(name),
    isProof: true,
  };
}
