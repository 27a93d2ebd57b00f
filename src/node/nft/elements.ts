/** The changing part of the nft tables: its difference as commands. `listing.ts` reads what is there. */
import { changedMap, stepOf } from '../../model/values/changed.ts';
import { hex } from '../ovs/flow.ts';
import { ctMark } from '../ovs/pipeline.ts';
import type { PodOwners } from '../values/facts.ts';
import { memoized } from '../values/memo.ts';
import { type NftElements, nftTables } from './vocabulary.ts';

/** Our sets and maps, in the order in which they are filled. */
export const setNames = [
  'restricted_pods',
  'asking_pods',
  'egress_ips',
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
  'owner_rules',
  'pod_rules',
] as const;
export type SetName = (typeof setNames)[number];

/** Those that are maps. */
const maps: ReadonlySet<SetName> = new Set(['egress_snat', 'pod_owners', 'pod_unasked', 'owner_rules', 'pod_rules']);

/** Those that lead to finer rules. */
const ruling: ReadonlySet<SetName> = new Set(['owner_rules', 'pod_rules']);

export const isMap = (set: SetName): boolean => maps.has(set);

/** One element. In a map the value is what the key leads to, in a set of pairs the second half, else undefined. */
export interface Element {
  readonly key: string;
  readonly value: string | undefined;
}

/** Elements by what tells them apart: a set may hold several of one key, if somebody else added one. */
type Elements = ReadonlyMap<string, Element>;

/** The elements of each set and map. */
export type NftContent = Readonly<Record<SetName, Elements>>;

/** What a list of our tables says. */
export interface Listing {
  /** The elements that could be read. */
  readonly content: NftContent;
  /** Our sets and maps that are there. */
  readonly sets: ReadonlySet<SetName>;
  /** Whether all elements could be read. */
  readonly isReadable: boolean;
}

/** What tells an element apart in its set. */
export const idOf = ({ key, value }: Element): string => `${key} ${value ?? ''}`;
const onlyKey = (key: string): Element => ({ key, value: undefined });

export const elementsFrom = (all: Iterable<Element>): Elements =>
  new Map([...all].map((element) => [idOf(element), element]));

const ofKeys = new WeakMap<object, Elements>();

/** The elements of these keys, the same for the same set. Those of a set that was made of another are made of its. */
function elementsOfKeys(keys: ReadonlySet<string>): Elements {
  const known = ofKeys.get(keys);
  if (known !== undefined) return known;
  const step = stepOf(keys);
  const before = step === undefined ? undefined : ofKeys.get(step.before);
  const of = (some: Iterable<string>): Elements => elementsFrom([...some].map(onlyKey));
  const elements =
    step === undefined || before === undefined
      ? of(keys)
      : changedMap(before, new Set(of(step.gone).keys()), of(step.added));
  ofKeys.set(keys, elements);
  return elements;
}

/** The table of each set and map. */
export const tableOf: Readonly<Record<SetName, string>> = {
  restricted_pods: nftTables.guard,
  pod_sources: nftTables.guard,
  egress_hosted: nftTables.guard,
  egress_ips: nftTables.guard,
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
  owner_rules: nftTables.nat,
  pod_rules: nftTables.guard,
};

/** The sets in which another element of a key replaces the old one. */
const keyed = [
  'egress_snat',
  'egress_sources',
  'pod_sources',
  'pod_owners',
  'pod_unasked',
  'pod_answers',
  'owner_rules',
  'pod_rules',
] as const satisfies readonly SetName[];

/** Content with these elements. */
export function contentFrom(elementsIn: (set: SetName) => Elements): NftContent {
  return {
    restricted_pods: elementsIn('restricted_pods'),
    asking_pods: elementsIn('asking_pods'),
    egress_ips: elementsIn('egress_ips'),
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
    owner_rules: elementsIn('owner_rules'),
    pod_rules: elementsIn('pod_rules'),
  };
}

export const emptyContent: NftContent = contentFrom(() => new Map());

/** The sets about the pods here, whether their VNIDs request egress IPs or not. */
type PodSets = Readonly<Record<'pod_owners' | 'pod_unasked' | 'pod_answers' | 'pod_itself', Elements>>;

/** Whose the connections of pods are, and which they may answer: those that came in to the pod's VNID. */
const podSets = memoized((pods: NftElements['pods']): PodSets => {
  const elements = (marksOf: (owner: PodOwners) => readonly number[]): Elements =>
    elementsFrom([...pods].flatMap(([ip, owner]) => marksOf(owner).map((mark) => ({ key: ip, value: hex(mark) }))));
  return {
    pod_owners: elements(({ inbound }) => [inbound]),
    pod_unasked: elements(({ unasked }) => [unasked]),
    pod_answers: elements(({ inbound }) => [inbound, (inbound | ctMark.answered) >>> 0]),
    pod_itself: elementsFrom([...pods.keys()].map((ip) => ({ key: ip, value: ip }))),
  };
});

/**
 * The wanted content of the tables. Each owner is in three places: for translation, and for the comparisons before and
 * after it.
 */
export function contentOf(wanted: NftElements): NftContent {
  const { snat, hosted, draining, drainingPods, egressIPs, restricted, podSources, podRules, ownerRules, pods, nodes } =
    wanted;
  const sources = elementsFrom([...snat].map(([mark, ip]) => ({ key: hex(mark), value: ip })));
  const drained = draining.map(({ owner, source }) => ({ key: hex(owner), value: source }));
  const owners = new Set([...snat.keys(), ...draining.map(({ owner }) => owner)]);
  const asking = elementsOfKeys(restricted);
  return {
    restricted_pods: asking,
    asking_pods: asking,
    egress_ips: elementsOfKeys(egressIPs),
    ...podSets(pods),
    nodes: elementsOfKeys(nodes),
    node_addresses: elementsOfKeys(nodes),
    pod_sources: elementsFrom([...podSources, ...drainingPods].map(([key, value]) => ({ key, value }))),
    owners: elementsFrom([...owners].map((mark) => ({ key: hex(mark), value: hex(mark) }))),
    egress_sources: drained.length === 0 ? sources : joined(sources, elementsFrom(drained)),
    egress_snat: sources,
    egress_hosted: joined(elementsOfKeys(hosted), elementsFrom(draining.map(({ source }) => onlyKey(source)))),
    owner_rules: elementsFrom(
      [...ownerRules].map(([ip, { owner, verdict }]) => ({ key: `${ip} . ${hex(owner)}`, value: verdict })),
    ),
    pod_rules: elementsFrom([...podRules].map(([key, value]) => ({ key, value }))),
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

/** The ids among which are all that the elements have and the others lack. */
function candidates(elements: Elements, others: ReadonlyMap<string, unknown>): Iterable<string> {
  const came = stepOf(elements);
  if (came?.before === others) return came.added;
  const went = stepOf(others);
  return went?.before === elements ? went.gone : elements.keys();
}

/** The elements that the others lack. */
function without(elements: Elements, others: ReadonlyMap<string, unknown>): Elements {
  if (elements === others) return none;
  const found = new Map<string, Element>();
  for (const id of candidates(elements, others)) {
    const element = others.has(id) ? undefined : elements.get(id);
    if (element !== undefined) found.set(id, element);
  }
  return found;
}

/**
 * Elements whose key is wanted with another value: they are deleted before the new ones are added, in the same
 * transaction. So is what let a pod leave as the node that stays restricted: its flows go after that.
 */
function replaced(actual: NftContent, wanted: NftContent, set: (typeof keyed)[number]): Elements {
  const gone = without(actual[set], wanted[set]);
  if (gone.size === 0) return gone;
  const keys = new Set([...wanted[set].values()].map(({ key }) => key));
  const isClosed = (key: string): boolean => ruling.has(set) && wanted.restricted_pods.has(idOf(onlyKey(podIn(key))));
  return new Map([...gone].filter(([, { key }]) => keys.has(key) || isClosed(key)));
}

/** The pod that an element of the sets is about which lead to finer rules. */
const podIn = (key: string): string => key.split(' ', 1)[0] ?? '';

const isSame = (one: Elements, other: Elements): boolean => one.size === other.size && without(other, one).size === 0;

/** The wanted content with the very sets of `actual` where nothing differs, so that comparing these costs nothing more. */
export function reusing(actual: NftContent, wanted: NftContent): NftContent {
  return contentFrom((set) => (isSame(actual[set], wanted[set]) ? actual[set] : wanted[set]));
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
  return contentFrom((set) => {
    const lost = gone.get(set) ?? none;
    return joined(lost.size === 0 ? actual[set] : changedMap(actual[set], new Set(lost.keys()), none), wanted[set]);
  });
}

/** All elements of both, those of the first if the second has no others. */
function joined(one: Elements, other: Elements): Elements {
  const more = without(other, one);
  return more.size === 0 ? one : changedMap(one, new Set(), more);
}

/** The commands that remove what `actual` has and `wanted` lacks. */
export function removals(actual: NftContent, wanted: NftContent): string[] {
  return setNames.toReversed().flatMap((set) => command('delete', set, without(actual[set], wanted[set])));
}

/** The commands that make one content of another, in one transaction. */
export function changes(actual: NftContent, wanted: NftContent): string[] {
  return [...additions(actual, wanted), ...removals(added(actual, wanted), wanted)];
}

/**
 * The commands that bring the sets which are there to the wanted content, whatever else is in them: one transaction for
 * each table, so that one that is broken does not keep the other from it.
 */
export function refills({ content, sets, isReadable }: Listing, wanted: NftContent): string[][] {
  const isDone = (set: SetName): boolean =>
    isReadable && content[set].size === wanted[set].size && without(content[set], wanted[set]).size === 0;
  const refill = (set: SetName): string[] => [
    `flush ${isMap(set) ? 'map' : 'set'} ${tableOf[set]} ${set}`,
    ...command('add', set, wanted[set]),
  ];
  return [...new Set(Object.values(tableOf))]
    .map((table) => setNames.filter((set) => tableOf[set] === table && sets.has(set) && !isDone(set)).flatMap(refill))
    .filter((commands) => commands.length > 0);
}

/** The sets that restrict: limits add to them. */
const restricting: ReadonlySet<SetName> = new Set(['restricted_pods', 'asking_pods', 'egress_ips']);
/** What limits do not know or that allows nothing by itself. */
const unlimited: ReadonlySet<SetName> = new Set(['pod_owners', 'pod_unasked', 'nodes', 'node_addresses']);
/**
 * By which pods answer whoever came in to them. Limits know these as well as a plan: to restrict a pod does not end
 * connections that came in to it.
 */
const answering: ReadonlySet<SetName> = new Set(['pod_answers', 'pod_itself']);

/** Whether the commands lead somebody to a chain of finer rules. */
export const leadsToRules = (commands: readonly string[]): boolean =>
  commands.some((command) => [...ruling].some((set) => command.startsWith(`add element ${tableOf[set]} ${set} `)));

/** The limits for whoever has finer rules: other rules take their place, and nobody gets any who has none. */
function ruled(elements: Elements, limits: Elements): Elements {
  const keys = new Set([...elements.values()].map(({ key }) => key));
  return new Map([...limits].filter(([, { key }]) => keys.has(key)));
}

/**
 * The content reduced to the limits: all pods that these restrict are restricted, and nothing that lets anything begin
 * remains that they lack.
 */
export function within(content: NftContent, limits: NftContent): NftContent {
  return contentFrom((set) => {
    if (restricting.has(set)) return joined(content[set], limits[set]);
    if (unlimited.has(set)) return content[set];
    if (answering.has(set)) return limits[set];
    if (ruling.has(set)) return ruled(content[set], limits[set]);
    return new Map([...content[set]].filter(([id]) => limits[set].has(id)));
  });
}
