/** Which connections of the table a change may have made stale: a change costs what it touches, not the whole table. */
import type { Ip } from '../../model/address.ts';
import type { Ownership, RestrictedPod } from './stale.ts';

/** Connections that have one thing in common, as `conntrack` selects them. */
export type Selection = { readonly mark: number } | { readonly translated: Ip } | { readonly source: Ip };

/** The connections of an owner that leave with one source. */
export interface OwnedSource {
  readonly mark: number;
  readonly translated: Ip;
}

/** With more of them than so many, one look at the whole table is cheaper than one for each. */
export const mostLooks = 6;

/** The arguments of `conntrack` that select them, and no others. */
export function selectionArgs(selection: Selection): readonly [string, string] {
  if ('mark' in selection) return ['--mark', String(selection.mark)];
  if ('translated' in selection) return ['-q', selection.translated];
  return ['-s', selection.source];
}

const different = <T>(one: ReadonlySet<T>, other: ReadonlySet<T>): T[] => [
  ...[...one].filter((value) => !other.has(value)),
  ...[...other].filter((value) => !one.has(value)),
];

function changedKeys<K, V>(
  before: ReadonlyMap<K, V>,
  after: ReadonlyMap<K, V>,
  isSame: (one: V, other: V) => boolean,
): K[] {
  if (before === after) return [];
  const isUnchanged = (value: V, other: V | undefined): boolean => other !== undefined && isSame(value, other);
  return [
    ...[...before].filter(([key, value]) => !isUnchanged(value, after.get(key))).map(([key]) => key),
    ...[...after.keys()].filter((key) => !before.has(key)),
  ];
}

const isSamePod = (one: RestrictedPod, other: RestrictedPod): boolean =>
  one.owner === other.owner && one.source === other.source;

/** The sources that owners had before the change and may not leave with after it: all such connections are stale. */
export function lostSources(before: Ownership, after: Ownership): readonly OwnedSource[] {
  return [...before.snat].flatMap(([mark, translated]) =>
    after.snat.get(mark) === translated ? [] : [{ mark, translated }],
  );
}

const networksOf = ({ podNetworks, inside, subnet }: Ownership): string =>
  JSON.stringify([subnet, podNetworks, inside].map((networks) => [networks].flat().map(({ text }) => text)));

/**
 * The selections that hold every connection which `judge` may judge otherwise after the change than before it; 'all' when
 * those are too many or the networks themselves have changed. `judge` looks connections up by mark, source and
 * translated source, and by nothing else that changes.
 */
export function affected(before: Ownership, after: Ownership): readonly Selection[] | 'all' {
  if (networksOf(before) !== networksOf(after)) return 'all';
  const marks = changedKeys(before.snat, after.snat, (one, other) => one === other);
  const translated = new Set([...different(before.hosted, after.hosted), ...different(before.own, after.own)]);
  const sources = changedKeys(before.restricted, after.restricted, isSamePod);
  if (marks.length + translated.size + sources.length > mostLooks) return 'all';
  return [
    ...marks.map((mark) => ({ mark })),
    ...[...translated].map((ip) => ({ translated: ip })),
    ...sources.map((source) => ({ source })),
  ];
}
