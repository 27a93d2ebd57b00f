/** The steps of the way back, in safe order, and when it can write what. */
import type { Kind } from '../../../../api/kinds.ts';
import { compareText } from '../../../model/values/names.ts';
import { madeBySDN } from '../../kinds/sdn.ts';
import { objectsOf, type Snapshot } from '../../snapshot.ts';
import type { Step } from '../../target.ts';
import { hasNamed } from './lookup.ts';

export const steps: readonly Step[] = [
  {
    name: 'restore',
    description: 'Restore the objects of OpenShift SDN that exist or that it does not make by itself.',
  },
  {
    name: 'switch',
    description:
      'You switch the network plugin. Nothing is written; `apply` stops here until the new plugin runs on every node.',
  },
  {
    name: 'restore-after',
    description: 'Restore what stands in objects that OpenShift SDN makes when it starts.',
    isMadeByPlugin: true,
  },
  {
    name: 'finalize',
    description: 'Clear what was left alone so far. Only with --finalize, and only when verify is well.',
    deletesOthers: true,
  },
];

/** The steps of the way back from that plugin. */
export function stepsFrom(plugin: string): readonly Step[] {
  return steps.map((step) =>
    step.name === 'switch'
      ? {
          ...step,
          description: `You take ${plugin} away and run OpenShift SDN. Nothing is written; \`apply\` stops here until it runs on every node.`,
        }
      : step,
  );
}

/** When an OpenShift SDN object can be written: at once if it exists, otherwise after SDN has started and made it. */
export function restoreStep(snapshot: Snapshot, kind: Kind, name: string): 'restore' | 'restore-after' {
  return hasNamed(snapshot, kind, name) ? 'restore' : 'restore-after';
}

/** Whether the API server serves the kinds of OpenShift SDN, as far as the snapshot shows. */
export function hasSDN(snapshot: Snapshot): boolean {
  return madeBySDN.some((kind) => objectsOf(snapshot, kind).length > 0);
}

/** The names sorted, each once. */
export function sortedNames(names: Iterable<string>): readonly string[] {
  return [...new Set(names)].sort(compareText);
}
