/** Checks an egress IP by what a target reports of it, in the words of all targets. Pure. */
import { type Kind, namespaces, nodes } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { itemOf, selectorAt } from '../kinds/item.ts';
import { nodeItem } from '../kinds/node.ts';
import { selecting } from '../kinds/selection.ts';
import { type Live, liveObject, liveObjectsOf } from '../live.ts';
import { kindAmong, objectRef, refNamed } from '../ref.ts';
import { bad, type Check, type CheckScene } from '../target.ts';
import { type Change, refOf } from '../translation.ts';

export interface Reported {
  /** The address of the plan's object. */
  readonly ip: string;
  /** The address that the target gave it, and the node that has it; empty if it reports none. */
  readonly given: string;
  readonly node: string;
  /** What the target says of why it is not assigned; empty if nothing. */
  readonly why: string;
}

/** Whether the address is assigned, on a Ready node where the plan allows it. */
export function addressCheck(
  is: KubeObject,
  reported: Reported,
  { live, placement }: Pick<CheckScene, 'live' | 'placement'>,
): Check {
  const object = objectRef(is);
  const { ip, node } = reported;
  const { allowed } = placement.get(ip) ?? {};
  const shown = { ...(node === '' ? {} : { node }), ...(allowed === undefined ? {} : { allowed }) };
  const problem = problemOf(reported, allowed, live);
  return problem === undefined ? { object, part: ip, well: true, ...shown } : { ...bad(object, ip, problem), ...shown };
}

function problemOf(
  { ip, given, node, why }: Reported,
  allowed: readonly string[] | undefined,
  live: Live,
): string | undefined {
  if (given !== '' && given !== ip) return `its status has ${given} instead`;
  if (node === '') return `it is not assigned${why === '' ? '' : `: ${why}`}`;
  if (allowed !== undefined && !allowed.includes(node)) return `it is on ${node}, where the plan does not allow it`;
  const found = liveObject(live, refNamed(nodes, node));
  if (found === undefined) return `it is on ${node}, which is no Node`;
  const { ready = 'True' } = nodeItem(found);
  return ready === 'True' ? undefined : `it is on ${node}, which is not Ready`;
}

/** The addresses of the namespaces that objects of the kind select, as far as they are assigned. */
export function leavingBy(
  kind: Kind,
  namespaceSelector: readonly string[],
  assigned: (object: KubeObject) => string | undefined,
): (changes: readonly Change[], live: Live) => ReadonlyMap<string, readonly string[]> {
  return (changes, live) => {
    const select = selecting(liveObjectsOf(live, namespaces).map(itemOf));
    return new Map(
      changes.flatMap((change) => {
        const is = change.action === 'apply' ? liveObject(live, refOf(change)) : undefined;
        if (is === undefined || kindAmong([kind], is) === undefined) return [];
        const ip = assigned(is);
        const selector = selectorAt(is, ...namespaceSelector) ?? {};
        return select(selector).map((name) => [name, ip === undefined ? [] : [ip]] as const);
      }),
    );
  };
}
