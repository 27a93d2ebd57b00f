/** The translation to OVN-Kubernetes: all parts, chosen by concern, in one order. */
import { compareText } from '../../model/names.ts';
import { compareFindings } from '../finding.ts';
import { compareRefs } from '../plan.ts';
import { refOf, stepNames, type Change, type Concern, type Part, type Translate } from '../translation.ts';
import { contextOf, type PartOf } from './context.ts';
import { firewallPart } from './firewall.ts';
import { isolationPart } from './isolation.ts';
import { routerPart } from './router.ts';

/** The parts by concern; those without one run whatever `--only` says. */
const parts: readonly { readonly concern?: Concern; readonly part: PartOf }[] = [
  { concern: 'firewall', part: firewallPart },
  { concern: 'isolation', part: isolationPart },
  { concern: 'router', part: routerPart },
];

/** The translation to OVN-Kubernetes (spec: translation). */
export const toOVN: Translate = (snapshot, options) => {
  const context = contextOf(snapshot, options);
  const made: readonly Part[] = parts
    .filter(({ concern }) => concern === undefined || options.only.length === 0 || options.only.includes(concern))
    .map(({ part }) => part(context));
  return {
    changes: made.flatMap(({ changes }) => changes).sort(compareChanges),
    findings: made.flatMap(({ findings }) => findings).sort(compareFindings),
    placement: new Map(),
  };
};

/** Total order of changes: step, object, action. */
function compareChanges(a: Change, b: Change): number {
  return stepNames.indexOf(a.step) - stepNames.indexOf(b.step) || compareRefs(refOf(a), refOf(b)) || compareText(a.action, b.action);
}
