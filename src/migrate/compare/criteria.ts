/** By what targets are compared, what counts most first. Pure. */
import type { TargetRow } from './row.ts';

export interface Criterion {
  /** Head of its row. */
  readonly head: string;
  /** The cell of a target. */
  readonly short: (row: TargetRow) => string;
  /** As a reason: `it keeps …`. */
  readonly text: (row: TargetRow) => string;
  /** More is better. */
  readonly score: (row: TargetRow) => number;
  /** Whether the cluster has anything of the kind. */
  readonly matters: (rows: readonly TargetRow[]) => boolean;
}

const always = (): boolean => true;
const ofThem = ({ kept, of }: { readonly kept: number; readonly of: number }): string =>
  of === 0 ? '-' : `${kept} of ${of}`;
const total = ({ namespaces: { all, some, none } }: TargetRow): number => all + some + none;

const moveScores = { yes: 2, 'with a setting': 1, no: 0 } as const;

export const criteria: readonly Criterion[] = [
  {
    head: 'namespaces that keep an egress IP',
    short: (row) => ofThem({ kept: total(row) - row.namespaces.none, of: total(row) }),
    text: (row) => `${total(row) - row.namespaces.none} of ${total(row)} namespaces keep an egress IP`,
    score: ({ namespaces }) => -namespaces.none,
    matters: always,
  },
  {
    head: 'namespaces that keep all of theirs',
    short: (row) => ofThem({ kept: row.namespaces.all, of: total(row) }),
    text: (row) => `${row.namespaces.all} of ${total(row)} keep all of theirs, for all of their pods`,
    score: ({ namespaces }) => namespaces.all,
    matters: always,
  },
  {
    head: 'EgressNetworkPolicies',
    short: ({ policies }) => ofThem(policies),
    text: ({ policies }) => `${ofThem(policies)} EgressNetworkPolicies are translated`,
    score: ({ policies }) => policies.kept,
    matters: (rows) => rows.some(({ policies }) => policies.of > 0),
  },
  {
    head: 'moves when a node fails',
    short: ({ moves }) => moves,
    text: ({ moves }) =>
      moves === 'no'
        ? 'it moves no address when a node fails'
        : `it moves addresses when a node fails${moves === 'yes' ? '' : ` (${moves})`}`,
    score: ({ moves }) => moveScores[moves],
    matters: always,
  },
  {
    head: 'addresses that stay on their nodes',
    short: ({ nodes }) => ofThem(nodes),
    text: ({ nodes }) => `${ofThem(nodes)} addresses go only to nodes where OpenShift SDN may put them`,
    score: ({ nodes }) => nodes.kept,
    matters: (rows) => rows.some(({ nodes }) => nodes.of > 0),
  },
  {
    head: 'drops while no node has it',
    short: ({ drops }) => (drops ? 'yes' : 'no'),
    text: ({ drops }) =>
      drops
        ? 'it drops traffic while no node has the address'
        : 'it lets traffic leave with node addresses while no node has the address',
    score: ({ drops }) => (drops ? 1 : 0),
    matters: always,
  },
  {
    head: 'multicast, isolation, macvlan',
    short: ({ features }) => ofThem(features),
    text: ({ features }) => `${ofThem(features)} uses of multicast, isolation or macvlan interfaces are translated`,
    score: ({ features }) => features.kept,
    matters: (rows) => rows.some(({ features }) => features.of > 0),
  },
  {
    head: 'addresses to be put on nodes by hand',
    short: ({ byHand }) => String(byHand),
    text: ({ byHand }) =>
      byHand === 0 ? 'it needs no address put on a node by hand' : `${byHand} addresses must be put on nodes by hand`,
    score: ({ byHand }) => -byHand,
    matters: always,
  },
];
