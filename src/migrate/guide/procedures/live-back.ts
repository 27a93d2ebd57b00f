/** The live way back to OpenShift SDN, after a migration that succeeded. */
import { isBefore, liveSince } from '../../release.ts';
import { all, either, no } from '../answer.ts';
import { guide, inspect } from '../commands.ts';
import { type Facts, releaseIn, wants } from '../facts.ts';
import { toPlugin } from '../guided.ts';
import type { Procedure, Stage } from '../stage.ts';
import { arrived, released, restore, undo } from './back.ts';
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
import { cleared, removed } from './shared.ts';

const to = 'OpenShiftSDN';

const succeeded: Stage = {
  name: 'preflight',
  title: 'the migration to OVN-Kubernetes has succeeded, and the vendor supports a live way back here',
  done: (facts) => either(wants(facts, to), all(releasedLive(facts), arrived(facts), hosted(facts), hasMTU(facts))),
  command: (facts) => {
    if (releasedLive(facts).kind !== 'yes') return released(facts).kind === 'yes' ? offline(facts) : inspect;
    if (arrived(facts).kind !== 'yes') return guide(facts, toPlugin);
    return hosted(facts).kind === 'yes' ? offline(facts) : inspect;
  },
  notes: () => ['the vendor supports the way back only after a migration that succeeded, and on 4.16 at most'],
};

function offline(facts: Facts): string {
  return guide(facts, '--back', '--mode offline');
}

function releasedLive(facts: Facts): ReturnType<Stage['done']> {
  const release = releaseIn(facts);
  return isBefore(release, liveSince)
    ? no(`release 4.${release?.minor ?? ''}: live migrations are for 4.${liveSince} to 4.16`)
    : released(facts);
}

export const liveBack: Procedure = {
  name: 'live-back',
  title: 'live way back to OpenShift SDN',
  flags: ['--back', '--mode live'],
  stages: [
    succeeded,
    emptiedButFeatures(to),
    features(to),
    started(to),
    available(to),
    restore,
    mtuReady(to),
    inUse(to),
    undo,
    purged(to),
    ended(to),
    cleared(to),
    annotation(to),
    removed(to, 'openshift-ovn-kubernetes'),
  ],
};
