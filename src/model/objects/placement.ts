/**
 * Our annotations that say where automatic assignment may put the egress IPs of a namespace, and whether it may move
 * them. What cannot be read moves nothing: it is not known where else they may be.
 */
import { err, ok, type Result } from '../values/result.ts';
import type { AnnotationProblem } from './egressrules.ts';
import type { LabelSelectorObject } from './raw.ts';
import { type Labels, matches } from './selector.ts';
import { parseSelector } from './selector-text.ts';
import { ourAnnotations } from './well-known.ts';

/** The annotations of NetNamespaces, by what they say. */
export const placementAnnotations = {
  nodeSelector: `${ourAnnotations}node-selector`,
  noFailback: `${ourAnnotations}no-failback`,
} as const;

/** A selector of nodes, and how the annotation writes it. */
export interface NodeSelector {
  readonly text: string;
  readonly selector: LabelSelectorObject;
}

/** What the annotations of one namespace say. */
export interface Placement {
  /** The only nodes that may host its egress IPs; undefined: all. */
  readonly nodeSelector: NodeSelector | 'unreadable' | undefined;
  /** Whether an egress IP stays on a node as long as that may host it. */
  readonly stays: boolean;
  readonly problems: readonly AnnotationProblem[];
}

/** The labels of the Nodes that could be read. */
export type NodeLabels = ReadonlyMap<string, Labels>;

/** Parses a selector of nodes; one without requirements would select all, and is refused. */
export function parseNodeSelector(text: string): Result<NodeSelector> {
  if (text.trim() === '') return err('it has no requirement');
  const selector = parseSelector(text);
  return selector.ok ? ok({ text: text.trim(), selector: selector.value }) : selector;
}

/** Reads the annotations of a NetNamespace; undefined if there are none of these. */
export function readPlacement(annotations: Readonly<Record<string, string>> = {}): Placement | undefined {
  const selected = annotations[placementAnnotations.nodeSelector];
  const staying = annotations[placementAnnotations.noFailback];
  if (selected === undefined && staying === undefined) return undefined;
  const problems: AnnotationProblem[] = [];
  const note = (annotation: string, value: string, reason: string): void =>
    void problems.push({ annotation, value, reason });
  let nodeSelector: Placement['nodeSelector'];
  if (selected !== undefined) {
    const parsed = parseNodeSelector(selected);
    nodeSelector = parsed.ok ? parsed.value : 'unreadable';
    if (!parsed.ok) note(placementAnnotations.nodeSelector, selected, parsed.error);
  }
  if (staying !== undefined && staying !== 'true' && staying !== 'false')
    note(placementAnnotations.noFailback, staying, 'it is neither "true" nor "false"');
  return { nodeSelector, stays: staying !== undefined && staying !== 'false', problems };
}

/** What the annotations of all namespaces say that share a VNID. */
export interface JoinedPlacement {
  /** A node must be selected by each of them; in order, each once. */
  readonly selectors: readonly NodeSelector[];
  /** Whether one of them cannot be read, so that nobody knows which nodes it means. */
  readonly isUnreadable: boolean;
  /** Whether one of them says that egress IPs stay. */
  readonly stays: boolean;
}

/** What holds for the egress IPs of namespaces that share a VNID: all that any of them says; undefined if none does. */
export function joinedPlacement(
  namespaces: readonly { readonly placement?: Placement }[],
): JoinedPlacement | undefined {
  if (namespaces.every(({ placement }) => placement === undefined)) return undefined;
  const all = namespaces.flatMap(({ placement }) => placement ?? []);
  const selectors = new Map<string, NodeSelector>();
  for (const { nodeSelector } of all)
    if (nodeSelector !== undefined && nodeSelector !== 'unreadable') selectors.set(nodeSelector.text, nodeSelector);
  return {
    selectors: [...selectors].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, selector]) => selector),
    isUnreadable: all.some(({ nodeSelector }) => nodeSelector === 'unreadable'),
    stays: all.some(({ stays }) => stays),
  };
}

/** What holds for each namespace whose egress IPs may not be on all nodes, by its name. */
export function placementsByName(
  namespaces: readonly { readonly name: string; readonly vnid: number; readonly placement?: Placement }[],
): ReadonlyMap<string, JoinedPlacement> {
  const vnids = new Set(namespaces.filter(({ placement }) => placement !== undefined).map(({ vnid }) => vnid));
  const byVnid = Map.groupBy(
    namespaces.filter(({ vnid }) => vnids.has(vnid)),
    ({ vnid }) => vnid,
  );
  return new Map(
    [...byVnid.values()].flatMap((all) => {
      const joined = joinedPlacement(all);
      return joined === undefined || !isSelective(joined) ? [] : all.map(({ name }) => [name, joined] as const);
    }),
  );
}

/** Whether it leaves out any node at all. */
export function isSelective({ selectors, isUnreadable }: JoinedPlacement): boolean {
  return isUnreadable || selectors.length > 0;
}

/** Whether a node with these labels, undefined if they are not known, may host the egress IPs; undefined: unknown. */
export function selects(placement: JoinedPlacement, labels: Labels | undefined): boolean | undefined {
  if (!isSelective(placement)) return true;
  if (placement.isUnreadable || labels === undefined) return undefined;
  return placement.selectors.every(({ selector }) => matches(selector, labels));
}

/** The selectors in words. */
export function selectorsText({ selectors, isUnreadable }: JoinedPlacement): string {
  return [...selectors.map(({ text }) => text), ...(isUnreadable ? ['(one that cannot be read)'] : [])].join(' and ');
}
