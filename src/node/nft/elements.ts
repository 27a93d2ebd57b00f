/** The changing part of the nft tables: its difference as commands, and its parsing from `nft -j`. */
import { asList, asText, isRecord } from '../../model/json.ts';
import { hex } from '../ovs/flow.ts';
import { type NftElements, nftTables } from './ruleset.ts';

/** Our sets and the map, in the order in which they are filled; elements are text in nft's syntax. */
const setNames = [
  'restricted_pods',
  'pod_sources',
  'owners',
  'egress_sources',
  'egress_snat',
  'egress_hosted',
] as const;
type SetName = (typeof setNames)[number];
export type NftContent = Readonly<Record<SetName, ReadonlySet<string>>>;

const tableOf: Readonly<Record<SetName, string>> = {
  restricted_pods: nftTables.guard,
  pod_sources: nftTables.guard,
  egress_hosted: nftTables.guard,
  owners: nftTables.nat,
  egress_sources: nftTables.nat,
  egress_snat: nftTables.nat,
};

/** The sets with at most one element per key; the key comes first in the element. */
const keyed = ['egress_snat', 'egress_sources', 'pod_sources'] as const satisfies readonly SetName[];

function contentFrom(elementsOf: (set: SetName) => ReadonlySet<string>): NftContent {
  return {
    restricted_pods: elementsOf('restricted_pods'),
    pod_sources: elementsOf('pod_sources'),
    owners: elementsOf('owners'),
    egress_sources: elementsOf('egress_sources'),
    egress_snat: elementsOf('egress_snat'),
    egress_hosted: elementsOf('egress_hosted'),
  };
}

export const emptyContent: NftContent = contentFrom(() => new Set());

/**
 * The wanted content of the tables. Each owner is in three places: for translation, and for the comparisons before and
 * after it.
 */
export function contentOf({ snat, hosted, restricted, podSources }: NftElements): NftContent {
  const pairs = [...snat].map(([mark, ip]) => [hex(mark), ip] as const);
  return {
    restricted_pods: restricted,
    pod_sources: new Set([...podSources].map(([pod, ip]) => `${pod} . ${ip}`)),
    owners: new Set(pairs.map(([mark]) => `${mark} . ${mark}`)),
    egress_sources: new Set(pairs.map(([mark, ip]) => `${mark} . ${ip}`)),
    egress_snat: new Set(pairs.map(([mark, ip]) => `${mark} : ${ip}`)),
    egress_hosted: hosted,
  };
}

function command(verb: 'add' | 'delete', set: SetName, elements: readonly string[]): string[] {
  if (elements.length === 0) return [];
  return [`${verb} element ${tableOf[set]} ${set} { ${[...elements].sort().join(', ')} }`];
}

const elementKey = (element: string): string => element.split(' ', 1)[0] ?? '';

/**
 * Elements whose key is wanted with another address: they are deleted before the new ones are added, in the same
 * transaction.
 */
function replaced(actual: NftContent, wanted: NftContent, set: (typeof keyed)[number]): string[] {
  const keys = new Set([...wanted[set]].map(elementKey));
  return [...actual[set]].filter((element) => !wanted[set].has(element) && keys.has(elementKey(element)));
}

/** The part of an element that identifies it for deletion; for the map, its mark. */
function nameOf(set: SetName, element: string): string {
  return set === 'egress_snat' ? elementKey(element) : element;
}

/** The commands that add what `wanted` has and `actual` lacks; a mark or pod with a new address changes here. */
export function additions(actual: NftContent, wanted: NftContent): string[] {
  const outdated = keyed.flatMap((set) =>
    command(
      'delete',
      set,
      replaced(actual, wanted, set).map((element) => nameOf(set, element)),
    ),
  );
  const missing = setNames.flatMap((set) =>
    command(
      'add',
      set,
      [...wanted[set]].filter((element) => !actual[set].has(element)),
    ),
  );
  return [...outdated, ...missing];
}

/** The content after `additions`. */
export function added(actual: NftContent, wanted: NftContent): NftContent {
  const gone = new Map<SetName, ReadonlySet<string>>(keyed.map((set) => [set, new Set(replaced(actual, wanted, set))]));
  return contentFrom(
    (set) => new Set([...actual[set], ...wanted[set]].filter((element) => gone.get(set)?.has(element) !== true)),
  );
}

/** The commands that remove what `actual` has and `wanted` lacks. */
export function removals(actual: NftContent, wanted: NftContent): string[] {
  return setNames.toReversed().flatMap((set) => {
    const surplus = [...actual[set]].filter((element) => !wanted[set].has(element));
    return command(
      'delete',
      set,
      surplus.map((element) => nameOf(set, element)),
    );
  });
}

/**
 * The content reduced to the limits: all pods that these restrict are restricted, and nothing else remains that they
 * lack.
 */
export function within(content: NftContent, limits: NftContent): NftContent {
  const common = (set: SetName): ReadonlySet<string> =>
    new Set([...content[set]].filter((element) => limits[set].has(element)));
  return { ...contentFrom(common), restricted_pods: new Set([...content.restricted_pods, ...limits.restricted_pods]) };
}

function elementText(element: unknown, separator: string): string {
  const parts = isRecord(element) ? asList(element['concat']) : asList(element);
  if (parts.length === 0) return asText(element);
  return parts.map((part) => (typeof part === 'number' ? hex(part) : asText(part))).join(separator);
}

function elementsOf(listing: readonly unknown[], name: SetName): ReadonlySet<string> {
  const kind = name === 'egress_snat' ? 'map' : 'set';
  const separator = kind === 'map' ? ' : ' : ' . ';
  for (const item of listing) {
    const object = isRecord(item) ? item[kind] : undefined;
    if (isRecord(object) && object['name'] === name) {
      return new Set(asList(object['elem']).map((element) => elementText(element, separator)));
    }
  }
  return new Set();
}

/** Parses the elements of our tables from the output of `nft -j list table …`. */
export function parseContent(listings: readonly string[]): NftContent {
  const listed = listings.flatMap((json) => {
    const document: unknown = JSON.parse(json);
    return isRecord(document) ? asList(document['nftables']) : [];
  });
  return contentFrom((set) => elementsOf(listed, set));
}
