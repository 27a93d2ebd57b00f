/** The changing part of the nft tables: its difference as commands, and its parsing from `nft -j`. */
import { asList, asText, isRecord } from '../../model/json.ts';
import { hex } from '../ovs/flow.ts';
import { type NftElements, nftTables } from './ruleset.ts';

/** Our sets and the map, in the order in which they are filled. */
const setNames = [
  'restricted_pods',
  'pod_sources',
  'owners',
  'egress_sources',
  'egress_snat',
  'egress_hosted',
] as const;
type SetName = (typeof setNames)[number];

/** One element: what it is about, and what it says of that, in sets and maps that say something. */
interface Element {
  readonly key: string;
  readonly value: string | undefined;
}

/** Elements by what tells them apart: a set may hold several of one key, if somebody else added one. */
type Elements = ReadonlyMap<string, Element>;

/** The elements of each set and map. */
export type NftContent = Readonly<Record<SetName, Elements>>;

const elementsFrom = (all: Iterable<Element>): Elements =>
  new Map([...all].map((element) => [`${element.key} ${element.value ?? ''}`, element]));

const elementsOfKeys = (keys: Iterable<string>): Elements =>
  elementsFrom([...keys].map((key) => ({ key, value: undefined })));

const tableOf: Readonly<Record<SetName, string>> = {
  restricted_pods: nftTables.guard,
  pod_sources: nftTables.guard,
  egress_hosted: nftTables.guard,
  owners: nftTables.nat,
  egress_sources: nftTables.nat,
  egress_snat: nftTables.nat,
};

/** The sets with at most one element per key. */
const keyed = ['egress_snat', 'egress_sources', 'pod_sources'] as const satisfies readonly SetName[];

function contentFrom(elementsIn: (set: SetName) => Elements): NftContent {
  return {
    restricted_pods: elementsIn('restricted_pods'),
    pod_sources: elementsIn('pod_sources'),
    owners: elementsIn('owners'),
    egress_sources: elementsIn('egress_sources'),
    egress_snat: elementsIn('egress_snat'),
    egress_hosted: elementsIn('egress_hosted'),
  };
}

export const emptyContent: NftContent = contentFrom(() => new Map());

/**
 * The wanted content of the tables. Each owner is in three places: for translation, and for the comparisons before and
 * after it.
 */
export function contentOf({ snat, hosted, restricted, podSources }: NftElements): NftContent {
  const sources = elementsFrom([...snat].map(([mark, ip]) => ({ key: hex(mark), value: ip })));
  return {
    restricted_pods: elementsOfKeys(restricted),
    pod_sources: elementsFrom([...podSources].map(([key, value]) => ({ key, value }))),
    owners: elementsFrom([...snat.keys()].map((mark) => ({ key: hex(mark), value: hex(mark) }))),
    egress_sources: sources,
    egress_snat: sources,
    egress_hosted: elementsOfKeys(hosted),
  };
}

/** An element in nft's syntax; to delete one from the map, its key is enough. */
function render(verb: 'add' | 'delete', set: SetName, { key, value }: Element): string {
  if (value === undefined) return key;
  if (set !== 'egress_snat') return `${key} . ${value}`;
  return verb === 'add' ? `${key} : ${value}` : key;
}

function command(verb: 'add' | 'delete', set: SetName, elements: Elements): string[] {
  if (elements.size === 0) return [];
  const texts = [...elements.values()].map((element) => render(verb, set, element)).sort();
  return [`${verb} element ${tableOf[set]} ${set} { ${texts.join(', ')} }`];
}

const without = (elements: Elements, others: ReadonlyMap<string, unknown>): Elements =>
  new Map([...elements].filter(([id]) => !others.has(id)));

/**
 * Elements whose key is wanted with another value: they are deleted before the new ones are added, in the same
 * transaction.
 */
function replaced(actual: NftContent, wanted: NftContent, set: (typeof keyed)[number]): Elements {
  const keys = new Set([...wanted[set].values()].map(({ key }) => key));
  return new Map([...without(actual[set], wanted[set])].filter(([, { key }]) => keys.has(key)));
}

/** The commands that add what `wanted` has and `actual` lacks; a mark or pod with a new address changes here. */
export function additions(actual: NftContent, wanted: NftContent): string[] {
  return [
    ...keyed.flatMap((set) => command('delete', set, replaced(actual, wanted, set))),
    ...setNames.flatMap((set) => command('add', set, without(wanted[set], actual[set]))),
  ];
}

/** The content after `additions`. */
export function added(actual: NftContent, wanted: NftContent): NftContent {
  const gone = new Map<SetName, Elements>(keyed.map((set) => [set, replaced(actual, wanted, set)]));
  return contentFrom((set) => without(new Map([...actual[set], ...wanted[set]]), gone.get(set) ?? new Map()));
}

/** The commands that remove what `actual` has and `wanted` lacks. */
export function removals(actual: NftContent, wanted: NftContent): string[] {
  return setNames.toReversed().flatMap((set) => command('delete', set, without(actual[set], wanted[set])));
}

/**
 * The content reduced to the limits: all pods that these restrict are restricted, and nothing else remains that they
 * lack.
 */
export function within(content: NftContent, limits: NftContent): NftContent {
  const common = (set: SetName): Elements => new Map([...content[set]].filter(([id]) => limits[set].has(id)));
  return { ...contentFrom(common), restricted_pods: new Map([...content.restricted_pods, ...limits.restricted_pods]) };
}

const partText = (part: unknown): string => (typeof part === 'number' ? hex(part) : asText(part));

/** An element as `nft -j` prints it: a scalar, a concatenation of two, or a pair of key and value. */
function parseElement(element: unknown): Element {
  const [key, value] = isRecord(element) ? asList(element['concat']) : asList(element);
  return key === undefined
    ? { key: partText(element), value: undefined }
    : { key: partText(key), value: value === undefined ? undefined : partText(value) };
}

function elementsOf(listing: readonly unknown[], name: SetName): Elements {
  const kind = name === 'egress_snat' ? 'map' : 'set';
  for (const item of listing) {
    const object = isRecord(item) ? item[kind] : undefined;
    if (isRecord(object) && object['name'] === name) return elementsFrom(asList(object['elem']).map(parseElement));
  }
  return new Map();
}

/** Parses the elements of our tables from the output of `nft -j list table …`. */
export function parseContent(listings: readonly string[]): NftContent {
  const listed = listings.flatMap((json) => {
    const document: unknown = JSON.parse(json);
    return isRecord(document) ? asList(document['nftables']) : [];
  });
  return contentFrom((set) => elementsOf(listed, set));
}
