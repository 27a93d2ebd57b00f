/** The changing part of the nft table: its difference as commands, and its reading from `nft -j`. */
import { type Ip, parseIp } from '../../model/address.ts';
import { asList, asText, isRecord } from '../../model/json.ts';
import { hex } from '../ovs/flow.ts';
import { type NftElements, nftTable } from './ruleset.ts';

/** Our sets and the map, in the order in which they are added to; each holds elements in nft's own words. */
const setNames = ['restricted_pods', 'egress_sources', 'egress_snat', 'egress_hosted'] as const;
type SetName = (typeof setNames)[number];
export type NftContent = Readonly<Record<SetName, ReadonlySet<string>>>;

export const emptyContent: NftContent = {
  restricted_pods: new Set(),
  egress_sources: new Set(),
  egress_snat: new Set(),
  egress_hosted: new Set(),
};

/** What the table should hold. Each mark is in two places: the map that translates, and the set that is checked after. */
export function contentOf(elements: NftElements): NftContent {
  const pairs = [...elements.snat];
  return {
    restricted_pods: elements.restricted,
    egress_sources: new Set(pairs.map(([mark, ip]) => `${hex(mark)} . ${ip}`)),
    egress_snat: new Set(pairs.map(([mark, ip]) => `${hex(mark)} : ${ip}`)),
    egress_hosted: elements.hosted,
  };
}

/** The source address by mark that the map holds. */
export function translations(content: NftContent): ReadonlyMap<string, Ip> {
  const found = new Map<string, Ip>();
  for (const element of content.egress_snat) {
    const [mark = '', address = ''] = element.split(' : ');
    const ip = parseIp(address);
    if (ip.ok) found.set(mark, ip.value);
  }
  return found;
}

function command(verb: 'add' | 'delete', set: SetName, elements: readonly string[]): string[] {
  if (elements.length === 0) return [];
  return [`${verb} element ip ${nftTable} ${set} { ${[...elements].sort().join(', ')} }`];
}

const markOfElement = (element: string): string => element.split(' ', 1)[0] ?? '';

/** Elements of a mark that is wanted with another address: they go before the new ones come, in the same transaction. */
function replaced(actual: NftContent, wanted: NftContent, set: 'egress_sources' | 'egress_snat'): string[] {
  const marks = new Set([...wanted[set]].map(markOfElement));
  return [...actual[set]].filter((element) => !wanted[set].has(element) && marks.has(markOfElement(element)));
}

/** What names an element when it is deleted: for the map its mark. */
function nameOf(set: SetName, element: string): string {
  return set === 'egress_snat' ? markOfElement(element) : element;
}

/** The commands that add what `wanted` has beyond `actual`; a mark whose address changes is changed here. */
export function additions(actual: NftContent, wanted: NftContent): string[] {
  const outdated = (['egress_snat', 'egress_sources'] as const).flatMap((set) =>
    command('delete', set, replaced(actual, wanted, set).map((element) => nameOf(set, element))),
  );
  const missing = setNames.flatMap((set) => command('add', set, [...wanted[set]].filter((element) => !actual[set].has(element))));
  return [...outdated, ...missing];
}

/** The content after `additions`. */
export function added(actual: NftContent, wanted: NftContent): NftContent {
  const both = (set: SetName): Set<string> => new Set([...actual[set], ...wanted[set]]);
  const marked = (set: 'egress_sources' | 'egress_snat'): ReadonlySet<string> => {
    const content = both(set);
    for (const element of replaced(actual, wanted, set)) content.delete(element);
    return content;
  };
  return {
    restricted_pods: both('restricted_pods'),
    egress_sources: marked('egress_sources'),
    egress_snat: marked('egress_snat'),
    egress_hosted: both('egress_hosted'),
  };
}

/** The commands that remove what `actual` has beyond `wanted`. */
export function removals(actual: NftContent, wanted: NftContent): string[] {
  return setNames.toReversed().flatMap((set) => {
    const surplus = [...actual[set]].filter((element) => !wanted[set].has(element));
    return command('delete', set, surplus.map((element) => nameOf(set, element)));
  });
}

/** The content without what goes beyond the limits: all pods restricted that they restrict, and no other translations. */
export function within(content: NftContent, limits: NftContent): NftContent {
  const common = (set: SetName): ReadonlySet<string> => new Set([...content[set]].filter((element) => limits[set].has(element)));
  return {
    restricted_pods: new Set([...content.restricted_pods, ...limits.restricted_pods]),
    egress_sources: common('egress_sources'),
    egress_snat: common('egress_snat'),
    egress_hosted: common('egress_hosted'),
  };
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

/** The elements of our table as `nft -j list table ip …` prints them. */
export function parseContent(json: string): NftContent {
  const document: unknown = JSON.parse(json);
  const listing = isRecord(document) ? asList(document['nftables']) : [];
  return {
    restricted_pods: elementsOf(listing, 'restricted_pods'),
    egress_sources: elementsOf(listing, 'egress_sources'),
    egress_snat: elementsOf(listing, 'egress_snat'),
    egress_hosted: elementsOf(listing, 'egress_hosted'),
  };
}
