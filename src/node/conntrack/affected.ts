/**
 * Finds the connections that a change may have made stale, so that the cost depends on the change and not on the size
 * of the table.
 */
import { rulesText } from '../../model/egress/rules.ts';
import type { Ip } from '../../model/values/address.ts';
import type { PodOwners } from '../values/facts.ts';
import { mayUse, type Ownership, ownWithoutEgress, type RestrictedPod } from './stale.ts';

/** Connections with one common property, as `conntrack` selects them. */
export type Selection =
  { readonly mark: number } | { readonly translated: Ip } | { readonly source: Ip } | { readonly answerer: Ip };

/** The connections of an owner with one source. */
export interface OwnedSource {
  readonly mark: number;
  readonly translated: Ip;
}

/** Above this number of selections, reading the whole table is cheaper than one call for each. */
export const mostLooks = 6;

/** The arguments with which `conntrack` selects exactly these connections. */
export function selectionArgs(selection: Selection): readonly [string, string] {
  if ('mark' in selection) return ['--mark', String(selection.mark)];
  if ('translated' in selection) return ['-q', selection.translated];
  return 'source' in selection ? ['-s', selection.source] : ['-r', selection.answerer];
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
  one.owner === other.owner &&
  one.source === other.source &&
  one.beginsHere === other.beginsHere &&
  one.drainsElsewhere === other.drainsElsewhere &&
  (one.drains ?? []).join() === (other.drains ?? []).join() &&
  (one.rules === other.rules || rulesText(one.rules) === rulesText(other.rules));

const isSameOwner = (one: PodOwners, other: PodOwners): boolean => one.inbound === other.inbound;

/** The sources that owners had before the change and may not use after it: all such connections are stale. */
export function lostSources(before: Ownership, after: Ownership): readonly OwnedSource[] {
  const drained = before.draining.map(({ owner, source }) => [owner, source] as const);
  return [...before.snat, ...drained].flatMap(([mark, translated]) =>
    mayUse(after, mark, translated) ? [] : [{ mark, translated }],
  );
}

/** The owners of what drains of the one and not of the other. */
const drainedOwners = (one: Ownership, other: Ownership): number[] =>
  one.draining
    .filter(({ owner, source }) => !other.draining.some((it) => it.owner === owner && it.source === source))
    .map(({ owner }) => owner);

const networksOf = ({ podNetworks, inside, subnet }: Ownership): string =>
  JSON.stringify([subnet, podNetworks, inside].map((networks) => [networks].flat().map(({ text }) => text)));

/** Whether a node has gone, or come: what a Service sends there counts as sent to the cluster itself. */
const hasOtherNodes = (before: Ownership, after: Ownership): boolean => different(before.nodes, after.nodes).length > 0;

/**
 * The selections that contain every connection which `judge` may judge differently after the change; 'all' if there are
 * too many of them, or networks or nodes themselves changed. `judge` depends on mark, source, translated source and
 * answerer, and by finer rules on the destination; nothing else that it depends on changes.
 */
export function affected(before: Ownership, after: Ownership): readonly Selection[] | 'all' {
  if (networksOf(before) !== networksOf(after) || hasOtherNodes(before, after)) return 'all';
  const marks = [
    ...new Set([
      ...changedKeys(before.snat, after.snat, (one, other) => one === other),
      ...drainedOwners(before, after),
      ...drainedOwners(after, before),
    ]),
  ];
  const translated = new Set([...different(before.hosted, after.hosted), ...different(before.own, after.own)]);
  const gone = [...before.attached].filter((ip) => !after.attached.has(ip));
  const moved = changedKeys(before.pods, after.pods, isSameOwner).filter(
    (ip) => before.pods.has(ip) && after.attached.has(ip),
  );
  const sources = new Set([...gone, ...changedKeys(before.restricted, after.restricted, isSamePod)]);
  const answerers = [...gone, ...moved, ...different(ownWithoutEgress(before), ownWithoutEgress(after))];
  if (marks.length + translated.size + sources.size + answerers.length > mostLooks) return 'all';
  return [
    ...marks.map((mark) => ({ mark })),
    ...[...translated].map((ip) => ({ translated: ip })),
    ...[...sources].map((source) => ({ source })),
    ...answerers.map((answerer) => ({ answerer })),
  ];
}
