/** The offline way back to OpenShift SDN, after a migration that succeeded. */
import { leadsBack } from '../../targets.ts';
import { all, type Answer, ask, either, no, unknown, yes } from '../answer.ts';
import { guide, inspect, pausePools, withPlan } from '../commands.ts';
import { atWork } from '../conditions.ts';
import {
  annotated,
  asksFor,
  configName,
  type Facts,
  nonePending,
  poolsPaused,
  poolsSettled,
  releaseIn,
  rolledOut,
  saysType,
  switchedTo,
  wants,
} from '../facts.ts';
import { toPlugin } from '../guided.ts';
import type { Procedure, Stage } from '../stage.ts';
import { asked, cleared, emptied, removed, rollout, secondReboot, switched } from './shared.ts';

const to = 'OpenShiftSDN';

const succeeded: Stage = {
  name: 'preflight',
  title: 'the migration to OVN-Kubernetes has succeeded, and the release still has OpenShift SDN',
  done: (facts) => either(wants(facts, to), all(released(facts), either(asksFor(facts, to), arrived(facts)))),
  command: (facts) => (released(facts).kind === 'yes' ? guide(facts, toPlugin) : inspect),
  notes: () => ['the vendor supports the way back only after a migration that succeeded, and on 4.16 at most'],
};

/** Whether the release still has OpenShift SDN. */
export function released(facts: Facts): Answer {
  return ask(facts.version, 'ClusterVersion version', () => {
    const release = releaseIn(facts);
    if (release === undefined) return unknown('ClusterVersion version: it names no release');
    const { major, minor } = release;
    return major > 4 || minor > 16 ? no(`release ${major}.${minor} has no OpenShift SDN any more`) : yes;
  });
}

/** Whether a migration to OVN-Kubernetes has succeeded. */
export function arrived(facts: Facts): Answer {
  return all(
    switchedTo(facts, 'OVNKubernetes'),
    annotated(facts),
    nonePending(facts),
    rolledOut(facts.ovnkube, 'openshift-ovn-kubernetes/ovnkube-node'),
    ask(facts.config, configName, (config) => {
      const reason = atWork(config);
      return reason === undefined ? yes : no(`the live migration is in progress: ${reason}`);
    }),
  );
}

const pause: Stage = {
  name: 'pause',
  title: 'the MachineConfigPools are paused',
  done: (facts) => either(wants(facts, to), poolsPaused(facts, true)),
  command: (facts) => pausePools(facts, true) || undefined,
  notes: () => ['otherwise the next stages reboot the nodes at a wrong time'],
};

/** OpenShift SDN's objects are there before it starts. */
export const restore: Stage = {
  name: 'restore',
  title: 'the objects of OpenShift SDN are restored',
  done: (facts) => either(switchedTo(facts, to), restored(facts)),
  command: (facts) => (facts.hostSubnets.kind === 'absent' ? undefined : withPlan(facts, backCommand(facts))),
  notes: (facts) => [
    "OpenShift SDN's CRDs have come back with the stage before; it ends with exit status 3 when the switch is next",
    ...(facts.plan === undefined
      ? [
          "without the plan's folder, `sdn-compat migrate back --from-cluster --out plan` makes a plan from OVN-Kubernetes' objects",
        ]
      : []),
  ],
};

function restored({ plan, hostSubnets }: Facts): Answer {
  if (hostSubnets.kind === 'absent') return no('the operator has not brought the CRDs of OpenShift SDN back yet');
  if (plan === undefined) return unknown('give --plan DIR: without it, what is to be restored stays unknown');
  if (leadsBack(plan)) return plan.pending.before === 0 ? yes : no(`${plan.pending.before} changes are to be made`);
  return ask(plan.restore, 'what the plan restores', ({ count, unserved, isNever, doubts }) => {
    if (isNever) return yes;
    if (doubts.length > 0) return no(doubts.join('; '));
    if (unserved.length > 0) return no(`the API server does not serve ${unserved.join(', ')} yet`);
    if (count > 0) return no(`${count} object${count === 1 ? ' is' : 's are'} to be restored`);
    return plan.phase === 'going-back' ? yes : no('the way back of the plan has not begun');
  });
}

/** A plan that was made by `back --out` is applied; another one is undone. */
function backCommand({ plan }: Facts): 'apply' | 'back' {
  return plan !== undefined && leadsBack(plan) ? 'apply' : 'back';
}

const unpause: Stage = {
  name: 'unpause',
  title: 'the MachineConfigPools are not paused any more',
  done: (facts) => all(switchedTo(facts, to), poolsPaused(facts, false)),
  command: (facts) => pausePools(facts, false) || undefined,
};

const settled: Stage = {
  name: 'settled',
  title: 'the machine config operator is done with every node',
  done: (facts) => all(switchedTo(facts, to), poolsSettled(facts)),
  command: () => undefined,
  notes: () => ['it may reboot the nodes once more'],
};

/** Everything of the plan is taken back. */
export const undo: Stage = {
  name: 'undo',
  title: 'nothing is left of what the plan made',
  done: (facts) => {
    const { plan } = facts;
    if (plan === undefined) return unknown('give --plan DIR: without it, what is left stays unknown');
    if (leadsBack(plan)) {
      const left = plan.pending.after + plan.pending.finalize;
      return left === 0 ? yes : no(`${left} changes are to be made`);
    }
    const left = no('EgressIPs, EgressFirewalls, labels and annotations of the plan are left');
    if (plan.phase !== 'untouched' && plan.phase !== 'back') return all(saysType(facts, to), left);
    return ask(plan.restore, 'what is left of the plan', ({ isNever }) =>
      isNever
        ? yes
        : all(saysType(facts, to), no("the plan's journal does not say so, but the cluster shows that it was begun")),
    );
  },
  command: (facts) =>
    facts.plan !== undefined && leadsBack(facts.plan)
      ? `${withPlan(facts, 'apply')} && ${withPlan(facts, 'apply', '--finalize')}`
      : withPlan(facts, 'back'),
};

export const back: Procedure = {
  name: 'back',
  title: 'offline way back to OpenShift SDN',
  flags: ['--back', '--mode offline'],
  stages: [
    succeeded,
    pause,
    emptied(to),
    asked(to),
    restore,
    switched(to),
    rollout(to),
    secondReboot(to),
    unpause,
    settled,
    undo,
    cleared(to),
    removed(to, 'openshift-ovn-kubernetes'),
  ],
};
