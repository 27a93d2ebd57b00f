/**
 * Where OVN-Kubernetes believes no placement, it takes the node with the fewest addresses. So an address goes to the node
 * that an admin wants if that node has the fewest alone. Empty nodes may lack the label for that moment: taking it from
 * a node that has addresses would move them. Pure.
 */
import { assignedIn } from '../../migrate/kinds/egressip.ts';
import { assignableLabel } from '../../migrate/targets/ovn/marks/annotations.ts';
import type { KubeObject, NodeObject } from '../../model/objects/raw.ts';
import { compareText } from '../../model/values/names.ts';
import { labeledAnnotation } from './marks.ts';
import { isAble } from './nodes.ts';

export type Gate =
  /** Without the label on the nodes of `off`, that many addresses more go to the node. */
  | { readonly kind: 'open'; readonly off: readonly string[]; readonly room: number }
  /** Other nodes have as few or fewer, and the label cannot be taken from them. */
  | { readonly kind: 'impossible' };

/** How many addresses each node has, whoever asks for them. */
export function loadsOf(all: readonly KubeObject[]): ReadonlyMap<string, number> {
  const loads = new Map<string, number>();
  for (const object of all) for (const node of assignedIn(object).values()) loads.set(node, (loads.get(node) ?? 0) + 1);
  return loads;
}

/** Decides for the node. Only a label that the facade gave may be taken. */
export function gateFor(wanted: string, nodes: readonly NodeObject[], loads: ReadonlyMap<string, number>): Gate {
  const load = ({ metadata }: NodeObject): number => loads.get(metadata.name ?? '') ?? 0;
  const others = nodes.filter(
    ({ metadata: { name, labels } }) => name !== wanted && labels?.[assignableLabel] !== undefined,
  );
  const isOff = (node: NodeObject): boolean =>
    load(node) === 0 && node.metadata.annotations?.[labeledAnnotation] !== undefined;
  const own = nodes.find(({ metadata }) => metadata.name === wanted);
  // one that is not able now may be in a moment
  const least = Math.min(...others.filter((node) => !isOff(node)).map(load));
  if (own === undefined || !isAble(own) || load(own) >= least) return { kind: 'impossible' };
  const off = others.filter(isOff).map(({ metadata }) => metadata.name ?? '');
  return { kind: 'open', off: off.sort(compareText), room: least - load(own) };
}
