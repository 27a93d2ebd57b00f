/**
 * How the page lays out a state: one band for each node, with a line for each egress IP there, those of which something
 * is wrong first. Positions are in pixels, so that of thousands of lines only those in view need to be drawn.
 */
import type { NodeStatus } from '../model/cluster/node-status.ts';
import type { StatusRow } from '../model/cluster/summary.ts';
import { compareText } from '../model/values/names.ts';
import type { PageState } from './state.ts';

export interface Band {
  /** `nowhere`: requests that no node serves; `unused`: what nobody requests. */
  readonly kind: 'nowhere' | 'node' | 'unused';
  readonly node: NodeStatus | undefined;
  /** The name of the node, also if there is no HostSubnet of that name. */
  readonly name: string;
  readonly rows: readonly StatusRow[];
  readonly top: number;
  readonly height: number;
}

export interface Layout {
  readonly bands: readonly Band[];
  /** Nodes without an egress IP, in order of name. */
  readonly idle: readonly NodeStatus[];
  readonly height: number;
}

/** Sizes in pixels: of a line, of the head of a band, between bands. */
export const sizes = { line: 34, head: 58, gap: 18 } as const;

export type Tone = 'good' | 'bad' | 'unsure' | 'quiet';

/** How a line looks. */
export function toneOf({ inUse, namespaces }: StatusRow): Tone {
  if (namespaces.length === 0) return 'quiet';
  if (inUse === true) return 'good';
  return inUse === null ? 'unsure' : 'bad';
}

/** How a node looks. */
export function nodeTone({ health, agent }: NodeStatus): Tone {
  if (health === 'offline') return 'bad';
  return health === 'unknown' || agent.state === 'behind' || agent.state === 'unknown' ? 'unsure' : 'good';
}

export interface Filter {
  /** What a namespace, an egress IP, a node or a reason must contain. */
  readonly text: string;
  readonly node: string | undefined;
  readonly problemsOnly: boolean;
}

export const noFilter: Filter = { text: '', node: undefined, problemsOnly: false };

function hasText({ egressIP, namespaces, node, reason }: StatusRow, text: string): boolean {
  return [egressIP, ...namespaces, node ?? '', reason ?? ''].some((one) => one.toLowerCase().includes(text));
}

/** What is wrong comes first. */
export const order: Readonly<Record<Tone, number>> = { bad: 0, unsure: 1, good: 2, quiet: 3 };
const ranks: Readonly<Record<Band['kind'], number>> = { nowhere: 0, node: 1, unused: 2 };

function compareRows(a: StatusRow, b: StatusRow): number {
  const byTone = order[toneOf(a)] - order[toneOf(b)];
  return byTone || compareText(a.namespaces[0] ?? '', b.namespaces[0] ?? '') || compareText(a.egressIP, b.egressIP);
}

/** Nodes of which something is wrong come first. */
function toneOfBand({ node, rows }: Pick<Band, 'node' | 'rows'>): number {
  const own = node === undefined ? order.bad : order[nodeTone(node)];
  return Math.min(own, ...rows.slice(0, 1).map((row) => order[toneOf(row)]));
}

const bandOf = (row: StatusRow): string =>
  row.namespaces.length === 0 ? 'unused ' : row.node === null ? 'nowhere ' : `node ${row.node}`;

/** Lays out what the filter lets through. */
export function layoutOf({ rows, nodes }: PageState, filter: Filter): Layout {
  const text = filter.text.trim().toLowerCase();
  const shown = rows.filter(
    (row) =>
      (text === '' || hasText(row, text)) &&
      (filter.node === undefined || row.node === filter.node) &&
      (!filter.problemsOnly || toneOf(row) === 'bad' || toneOf(row) === 'unsure'),
  );
  const byName = new Map(nodes.map((node) => [node.node, node]));
  const kindOf = (key: string): Band['kind'] =>
    key.startsWith('node ') ? 'node' : key.startsWith('unused') ? 'unused' : 'nowhere';
  const bare = [...Map.groupBy(shown, bandOf)].map(([key, members]) => {
    const name = key.slice(key.indexOf(' ') + 1);
    return { kind: kindOf(key), name, node: byName.get(name), rows: members.sort(compareRows) };
  });
  bare.sort((a, b) => ranks[a.kind] - ranks[b.kind] || toneOfBand(a) - toneOfBand(b) || compareText(a.name, b.name));
  let top = 0;
  const bands = bare.map((band): Band => {
    const height = sizes.head + band.rows.length * sizes.line;
    const placed = { ...band, top, height };
    top += height + sizes.gap;
    return placed;
  });
  const used = new Set(rows.filter(({ namespaces }) => namespaces.length > 0).map(({ node }) => node));
  const idle = nodes.filter(
    (node) =>
      !used.has(node.node) &&
      (text === '' || node.node.toLowerCase().includes(text)) &&
      (filter.node === undefined || node.node === filter.node) &&
      (!filter.problemsOnly || nodeTone(node) !== 'good'),
  );
  return { bands, idle: idle.sort((a, b) => compareText(a.node, b.node)), height: Math.max(0, top - sizes.gap) };
}

/** The lines of a band that lie between two heights: index of the first, and behind the last. */
export function linesIn({ top, rows }: Band, from: number, to: number): readonly [number, number] {
  const first = Math.floor((from - top - sizes.head) / sizes.line);
  const end = Math.ceil((to - top - sizes.head) / sizes.line);
  return [Math.min(Math.max(0, first), rows.length), Math.min(Math.max(0, end), rows.length)];
}
