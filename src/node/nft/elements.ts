/** The changing part of the nft tables: its difference as commands, and its parsing from `nft -j`. */
import { asList, asText, isRecord } from '../../model/json.ts';
import { hex } from '../ovs/flow.ts';
import type { PodOwners } from '../values/facts.ts';
import { memoized } from '../values/memo.ts';
import { type NftElements, nftTables } from './ruleset.ts';

/** Our sets and maps, in the order in which they are filled. */
const setNames = [
  'restricted_pods',
  'asking_pods',
  'pod_owners',
  'pod_unasked',
  'pod_answers',
  'pod_itself',
  'nodes',
  'node_addresses',
  'pod_sources',
  'owners',
  'egress_sources',
  'egress_snat',
  'egress_hosted',
] as const;
type SetName = (typeof setNames)[number];

/** Those that are maps. */
const maps: ReadonlySet<SetName> = new Set(['egress_snat', 'pod_owners', 'pod_unasked']);

/** One element: what it is about, and what it says of that, in sets and maps that say something. */
interface Element {
  readonly key: string;
  readonly value: string | undefined;
}

/** Elements by what tells them apart: a set may hold several of one key, if somebody else added one. */
type Elements = ReadonlyMap<string, Element>;

/** The elements of each set and map. */
export type NftContent = Readonly<Record<SetName, Elements>>;

const idOf = ({ key, value }: Element): string => `${key} ${value ?? ''}`;
const onlyKey = (key: string): Element => ({ key, value: undefined });

const elementsFrom = (all: Iterable<Element>): Elements => new Map([...all].map((element) => [idOf(element), element]));

const elementsOfKeys = memoized((keys: ReadonlySet<string>): Elements => elementsFrom([...keys].map(onlyKey)));

const tableOf: Readonly<Record<SetName, string>> = {
  restricted_pods: nftTables.guard,
  pod_sources: nftTables.guard,
  egress_hosted: nftTables.guard,
  pod_itself: nftTables.guard,
  node_addresses: nftTables.guard,
  asking_pods: nftTables.nat,
  pod_owners: nftTables.nat,
  pod_unasked: nftTables.nat,
  pod_answers: nftTables.nat,
  nodes: nftTables.nat,
  owners: nftTables.nat,
  egress_sources: nftTables.nat,
  egress_snat: nftTables.nat,
};

/** The sets with at most one element per key. */
const keyed = [
  'egress_snat',
  'egress_sources',
  'pod_sources',
  'pod_owners',
  'pod_unasked',
  'pod_answers',
] as const satisfies readonly SetName[];

function contentFrom(elementsIn: (set: SetName) => Elements): NftContent {
  return {
    restricted_pods: elementsIn('restricted_pods'),
    asking_pods: elementsIn('asking_pods'),
    pod_owners: elementsIn('pod_owners'),
    pod_unasked: elementsIn('pod_unasked'),
    pod_answers: elementsIn('pod_answers'),
    pod_itself: elementsIn('pod_itself'),
    nodes: elementsIn('nodes'),
    node_addresses: elementsIn('node_addresses'),
    pod_sources: elementsIn('pod_sources'),
    owners: elementsIn('owners'),
    egress_sources: elementsIn('egress_sources'),
    egress_snat: elementsIn('egress_snat'),
    egress_hosted: elementsIn('egress_hosted'),
  };
}

export const emptyContent: NftContent = contentFrom(() => new Map());

/** The elements that say whose the connections of pods are. */
const owners = memoized((pods: NftElements['pods']): Readonly<Record<keyof PodOwners, Elements>> => {
  const elements = (which: keyof PodOwners): Elements =>
    elementsFrom([...pods].map(([ip, owner]) => ({ key: ip, value: hex(owner[which]) })));
  return { inbound: elements('inbound'), unasked: elements('unasked') };
});

/**
 * The wanted content of the tables. Each owner is in three places: for translation, and for the comparisons before and
 * after it.
 */
export function contentOf({ snat, hosted, restricted, podSources, pods, nodes }: NftElements): NftContent {
  const sources = elementsFrom([...snat].map(([mark, ip]) => ({ key: hex(mark), value: ip })));
  const asking = elementsOfKeys(restricted);
  const { inbound, unasked } = owners(pods);
  return {
    restricted_pods: asking,
    asking_pods: asking,
    pod_owners: inbound,
    pod_unasked: unasked,
    pod_answers: new Map([...inbound].filter(([, { key }]) => asking.has(idOf(onlyKey(key))))),
    pod_itself: elementsFrom([...restricted].map((ip) => ({ key: ip, value: ip }))),
    nodes: elementsOfKeys(nodes),
    node_addresses: elementsOfKeys(nodes),
    pod_sources: elementsFrom([...podSources].map(([key, value]) => ({ key, value }))),
    owners: elementsFrom([...snat.keys()].map((mark) => ({ key: hex(mark), value: hex(mark) }))),
    egress_sources: sources,
    egress_snat: sources,
    egress_hosted: elementsOfKeys(hosted),
  };
}

/** An element in nft's syntax; to delete one from a map, its key is enough. */
function render(verb: 'add' | 'delete', set: SetName, { key, value }: Element): string {
  if (value === undefined) return key;
  if (!maps.has(set)) return `${key} . ${value}`;
  return verb === 'add' ? `${key} : ${value}` : key;
}

function command(verb: 'add' | 'delete', set: SetName, elements: Elements): string[] {
  if (elements.size === 0) return [];
  const texts = [...elements.values()].map((element) => render(verb, set, element)).sort();
  return [`${verb} element ${tableOf[set]} ${set} { ${texts.join(', ')} }`];
}

const none: Elements = new Map();

const without = (elements: Elements, others: ReadonlyMap<string, unknown>): Elements =>
  elements === others ? none : new Map([...elements].filter(([id]) => !others.has(id)));

/**
 * Elements whose key is wanted with another value: they are deleted before the new ones are added, in the same
 * transaction.
 */
function replaced(actual: NftContent, wanted: NftContent, set: (typeof keyed)[number]): Elements {
  const gone = without(actual[set], wanted[set]);
  if (gone.size === 0) return gone;
  const keys = new Set([...wanted[set].values()].map(({ key }) => key));
  return new Map([...gone].filter(([, { key }]) => keys.has(key)));
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
  return contentFrom((set) =>
    actual[set] === wanted[set]
      ? wanted[set]
      : without(new Map([...actual[set], ...wanted[set]]), gone.get(set) ?? none),
  );
}

/** The commands that remove what `actual` has and `wanted` lacks. */
export function removals(actual: NftContent, wanted: NftContent): string[] {
  return setNames.toReversed().flatMap((set) => command('delete', set, without(actual[set], wanted[set])));
}

/** The sets that restrict: limits add to them. */
const restricting: ReadonlySet<SetName> = new Set(['restricted_pods', 'asking_pods']);
/** What limits do not know or that allows nothing by itself. */
const unlimited: ReadonlySet<SetName> = new Set(['pod_owners', 'pod_unasked', 'nodes', 'node_addresses']);

/**
 * The content reduced to the limits: all pods that these restrict are restricted, and nothing that allows anything
 * remains that they lack.
 */
export function within(content: NftContent, limits: NftContent): NftContent {
  return contentFrom((set) => {
    if (restricting.has(set)) return new Map([...content[set], ...limits[set]]);
    if (unlimited.has(set)) return content[set];
    return new Map([...content[set]].filter(([id]) => limits[set].has(id)));
  });
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
  const kind = maps.has(name) ? 'map' : 'set';
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
