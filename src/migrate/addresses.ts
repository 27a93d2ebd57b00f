/**
 * Which source addresses the outside sees of each namespace, today, in each phase of a migration, and after it. Pure.
 */
import isEqual from 'lodash/isEqual.js';
import { compareText } from '../model/values/names.ts';

/** The phases of a switch without and with the vendor's live migration, in order. */
export const phases = {
  offline: ['today', 'first reboots', 'switch', 'until assigned', 'after'],
  live: ['today', 'both reboots', 'until assigned', 'after'],
} as const;

export type Mode = keyof typeof phases;

export const modes: readonly Mode[] = ['offline', 'live'];

/** Addresses that a namespace may leave with: egress IPs, those of any node, both, or none because it is dropped. */
export interface LeavesWith {
  readonly egressIPs: readonly string[];
  readonly nodes: boolean;
}

export interface AddressRow {
  readonly namespace: string;
  /** By phase of the mode. */
  readonly seen: Readonly<Record<string, LeavesWith>>;
}

export interface AddressTable {
  readonly mode: Mode;
  /** Names and addresses of nodes: what `nodes` stands for. */
  readonly nodes: readonly string[];
  /** Sorted by namespace. Namespaces that leave with node addresses throughout are left out. */
  readonly rows: readonly AddressRow[];
}

/** The addresses of a namespace before, while and after the new plugin assigns its egress IPs. */
export interface NamespaceEnds {
  readonly namespace: string;
  readonly today: LeavesWith;
  /** From the switch of the plugin until what is asked for is assigned. */
  readonly between: LeavesWith;
  readonly after: LeavesWith;
}

/** Both ends of every namespace that requests egress IPs, or shares a VNID with one that does. */
export interface AddressEnds {
  /** Addresses of all nodes. */
  readonly nodes: readonly string[];
  readonly ends: readonly NamespaceEnds[];
}

export const nothing: LeavesWith = { egressIPs: [], nodes: false };
export const anyNode: LeavesWith = { egressIPs: [], nodes: true };

/**
 * The table. The old plugin serves until the plugin is switched; in a live migration egress IPs work in neither plugin
 * while nodes are rebooted. While the plugin changes nothing leaves.
 */
export function addressTable(mode: Mode, nodes: readonly string[], ends: readonly NamespaceEnds[]): AddressTable {
  const rows = ends.map(({ namespace, today, between, after }): AddressRow => {
    const seen = mode === 'offline' ? [today, today, nothing, between, after] : [today, between, between, after];
    return {
      namespace,
      seen: Object.fromEntries(phases[mode].map((phase, index) => [phase, seen[index] ?? nothing])),
    };
  });
  return {
    mode,
    nodes,
    rows: rows
      .filter(({ seen }) => Object.values(seen).some(({ egressIPs }) => egressIPs.length > 0) || isDropped(seen))
      .sort((a, b) => compareText(a.namespace, b.namespace)),
  };
}

function isDropped(seen: AddressRow['seen']): boolean {
  const { today } = seen;
  return today !== undefined && today.egressIPs.length === 0 && !today.nodes;
}

/** `192.0.2.1, 192.0.2.2`, `any node`, `192.0.2.1 or any node`, `none`. */
export function seenText({ egressIPs, nodes }: LeavesWith): string {
  const own = egressIPs.join(', ');
  if (!nodes) return own === '' ? 'none' : own;
  return own === '' ? 'any node' : `${own} or any node`;
}

/** Every address that it stands for. */
export function seenAddresses({ egressIPs, nodes }: LeavesWith, table: Pick<AddressTable, 'nodes'>): readonly string[] {
  return [...egressIPs, ...(nodes ? table.nodes : [])];
}

/** What changed between two tables, as lines: `+ shop after: 192.0.2.1`, `- shop after: 192.0.2.2`. */
export function tableDiff(before: AddressTable, now: AddressTable): readonly string[] {
  const cells = ({ rows }: AddressTable): ReadonlyMap<string, string> =>
    new Map(
      rows.flatMap(({ namespace, seen }) =>
        Object.entries(seen).map(([phase, one]) => [`${namespace} ${phase}`, seenText(one)] as const),
      ),
    );
  const [was, is] = [cells(before), cells(now)];
  const keys = [...new Set([...was.keys(), ...is.keys()])].sort(compareText);
  const lines = keys.flatMap((key) => {
    const [old, fresh] = [was.get(key), is.get(key)];
    if (old === fresh) return [];
    return [...(old === undefined ? [] : [`- ${key}: ${old}`]), ...(fresh === undefined ? [] : [`+ ${key}: ${fresh}`])];
  });
  const nodes = isEqual(before.nodes, now.nodes)
    ? []
    : [`- nodes: ${before.nodes.join(', ')}`, `+ nodes: ${now.nodes.join(', ')}`];
  return [...lines, ...nodes];
}
