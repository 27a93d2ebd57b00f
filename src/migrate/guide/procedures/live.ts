/** The live migration to OVN-Kubernetes, which the network operator carries out node by node. */
import { liveSince } from '../../release.ts';
import { all, type Answer, ask, either, unless } from '../answer.ts';
import { guide, inspect } from '../commands.ts';
import { type Facts, some, wants } from '../facts.ts';
import { toPlugin } from '../guided.ts';
import type { Procedure, Stage } from '../stage.ts';
import {
  annotation,
  available,
  emptiedButFeatures,
  ended,
  features,
  hasMTU,
  hosted,
  inUse,
  mtuReady,
  purged,
  started,
} from './live-stages.ts';
import { apply, cleared, finalize, isNotReturning, obstacles, plan, prepare, removed } from './shared.ts';

const to = 'OVNKubernetes';

const preflight: Stage = {
  name: 'preflight',
  title: 'the vendor supports a live migration here',
  done: (facts) =>
    either(wants(facts, to), all(isNotReturning(facts), obstacles(facts, liveSince), liveObstacles(facts))),
  command: (facts) => {
    if (isNotReturning(facts).kind === 'no') return guide(facts, '--back');
    return isOnlyLive(facts) ? guide(facts, '--mode offline') : inspect;
  },
  notes: (facts) => (isOnlyLive(facts) ? ['fix what is named, or migrate offline'] : []),
};

/** Whether nothing stands in the way of an offline migration. */
function isOnlyLive(facts: Facts): boolean {
  return obstacles(facts, 12).kind === 'yes' && hosted(facts).kind === 'yes';
}

function liveObstacles(facts: Facts): Answer {
  return all(
    hosted(facts),
    hasMTU(facts),
    ask(facts.macvlanPods, 'Pods', (pods) =>
      unless(pods.length === 0 ? [] : [`pods with a macvlan interface block it: ${some(pods)}`]),
    ),
  );
}

export const live: Procedure = {
  name: 'live',
  title: 'live migration to OVN-Kubernetes',
  flags: [toPlugin, '--mode live'],
  stages: [
    preflight,
    plan,
    prepare,
    emptiedButFeatures(to),
    features(to),
    started(to),
    available(to),
    mtuReady(to),
    inUse(to),
    apply,
    purged(to),
    ended(to),
    finalize,
    cleared(to),
    annotation(to),
    removed(to, 'openshift-sdn'),
  ],
};
