/** The offline migration to OVN-Kubernetes, with two rounds of reboots. */
import { toPlugin } from '../guided.ts';
import type { Procedure } from '../stage.ts';
import {
  apply,
  asked,
  cleared,
  emptied,
  finalize,
  firstReboot,
  plan,
  preflight,
  prepare,
  removed,
  rollout,
  secondReboot,
  switched,
} from './shared.ts';

const to = 'OVNKubernetes';

export const offline: Procedure = {
  name: 'offline',
  title: 'offline migration to OVN-Kubernetes',
  flags: [toPlugin, '--mode offline'],
  stages: [
    preflight,
    plan,
    prepare,
    emptied(to),
    asked(to),
    firstReboot,
    switched(to),
    rollout(to),
    secondReboot(to),
    apply,
    finalize,
    cleared(to),
    removed(to, 'openshift-sdn'),
  ],
};
