/**
 * Predicts where OVN-Kubernetes will assign egress IPs. It uses a node that is assignable and Ready, whose network
 * holds the IP. No IP may be a node's address or owned by two objects. A node gets one IP of an object, and no more
 * than a cloud's capacity. Of the nodes that fit, it takes one with the fewest egress IPs. Ties and the order of an
 * object's IPs are random, so the answer is a set.
 */
import { type Cidr, type Ip, keyRange, parseIp, type SortKey, sortKey } from '../../../../model/values/address.ts';
import { compareText } from '../../../../model/values/names.ts';
import { enumerate, type NodeClass, type Order, type Outcomes, type Wish } from './enumerate.ts';

export interface PlacementNode {
  readonly name: string;
  /** Labeled and Ready. */
  readonly eligible: boolean;
  /** The networks whose IPs it can host; undefined if unknown, which means any. */
  readonly networks: readonly Cidr[] | undefined;
  readonly addresses: readonly Ip[];
  /** The most egress IPs it may have. */
  readonly capacity?: number | undefined;
}

/** An EgressIP, as far as placement is concerned. */
export interface Claim {
  readonly name: string;
  readonly egressIPs: readonly string[];
  /** Names of the only nodes that it may use; absent means any. */
  readonly onNodes?: readonly string[];
}

export interface Prediction {
  /** By IP, in order of the objects: the nodes it may get, by name, then null if it may stay unassigned. */
  readonly allowed: ReadonlyMap<string, readonly (string | null)[]>;
  /** How many IPs may be assigned in all, ascending. */
  readonly assignedCount: readonly number[];
  /** False if there are too many possibilities to follow. The sets then hold at least all that can happen. */
  readonly exact: boolean;
}

/** A class with the names of its nodes. */
interface Class extends NodeClass {
  readonly names: readonly string[];
  readonly networks: readonly Cidr[] | undefined;
}

/** A part of the problem that does not compete with others: classes of nodes, and the wishes of each object in them. */
interface Component {
  readonly classes: readonly number[];
  readonly objects: readonly (readonly Wish[])[];
}

interface Found extends Outcomes {
  readonly exact: boolean;
}

/** States to follow in a component before falling back to a bound. */
const budget = 20_000;

/** Predicts what may become of these objects, created one after another in that order. */
export function predictPlacement(
  nodes: readonly PlacementNode[],
  claims: readonly Claim[],
  order: Order = 'given',
): Prediction {
  const classes = classesOf(
    nodes.filter(({ eligible }) => eligible),
    claims,
  );
  const objects = wishesOf(nodes, classes, claims);
  const shared = sharedIPs(objects);
  const found = componentsOf(objects, classes.length).map((component) =>
    outcomesOf(component, { classes, shared, order }),
  );
  const allowed = new Map<string, readonly (string | null)[]>();
  const byIP = new Map(found.flatMap((one) => [...one.allowed]));
  const namesOf = namesBy(classes);
  for (const ip of claims.flatMap(({ egressIPs }) => egressIPs)) allowed.set(ip, namesOf(byIP.get(ip)));
  const counts = found.map((one) => one.counts).reduce(sums, new Set([0]));
  return { allowed, assignedCount: [...counts].sort((a, b) => a - b), exact: found.every(({ exact }) => exact) };
}

/** Returns the node names of an outcome's classes. Equal outcomes share one list. */
function namesBy(
  classes: readonly Class[],
): (outcome: ReadonlySet<number | null> | undefined) => readonly (string | null)[] {
  const known = new Map<string, readonly (string | null)[]>();
  return (outcome = new Set([null])) => {
    const indexes = [...outcome].flatMap((index) => (index === null ? [] : [index])).sort((a, b) => a - b);
    const key = `${indexes.join()} ${outcome.has(null)}`;
    const names = known.get(key) ?? [
      ...indexes.flatMap((index) => classes[index]?.names ?? []).sort(compareText),
      ...(outcome.has(null) ? [null] : []),
    ];
    known.set(key, names);
    return names;
  };
}

/** The sums of one number from each set. */
function sums(a: ReadonlySet<number>, b: ReadonlySet<number>): ReadonlySet<number> {
  const [one, other] = [rangeOf(a), rangeOf(b)];
  if (one.gapless && other.gapless) return range(one.least + other.least, one.most + other.most);
  return new Set([...a].flatMap((first) => [...b].map((second) => first + second)));
}

function rangeOf(counts: ReadonlySet<number>): {
  readonly least: number;
  readonly most: number;
  readonly gapless: boolean;
} {
  const sorted = [...counts].sort((a, b) => a - b);
  const [least = 0, most = 0] = [sorted[0], sorted.at(-1)];
  return { least, most, gapless: most - least + 1 === counts.size };
}

function range(least: number, most: number): ReadonlySet<number> {
  return new Set(Array.from({ length: most - least + 1 }, (_, index) => least + index));
}

function classesOf(nodes: readonly PlacementNode[], claims: readonly Claim[]): readonly Class[] {
  const choices = choicesOf(claims);
  const groups = Map.groupBy(nodes, ({ name, networks, capacity }) =>
    JSON.stringify([networks?.map(({ text }) => text).sort(compareText), capacity, choices.get(name)]),
  );
  return [...groups]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, group]) => {
      const names = group.map(({ name }) => name).sort(compareText);
      return { names, size: names.length, capacity: group[0]?.capacity ?? Infinity, networks: group[0]?.networks };
    });
}

/** By node: which lists of nodes have it. Nodes that the same objects name are alike. */
function choicesOf(claims: readonly Claim[]): ReadonlyMap<string, readonly number[]> {
  const lists = new Map(claims.flatMap(({ onNodes }) => (onNodes === undefined ? [] : [[onNodes.join(), onNodes]])));
  const choices = new Map<string, number[]>();
  for (const [index, names] of [...lists.values()].entries())
    for (const name of names) choices.set(name, [...(choices.get(name) ?? []), index]);
  return choices;
}

/** The wishes of each object; none if an entry is not an address, because OVN-Kubernetes then refuses all of it. */
function wishesOf(
  nodes: readonly PlacementNode[],
  classes: readonly Class[],
  claims: readonly Claim[],
): readonly (readonly Wish[])[] {
  const taken = new Set<string>(nodes.flatMap(({ addresses }) => addresses));
  const ranges = classes.map(({ networks }) => networks?.map(keyRange));
  const wish = (ip: Ip, onNodes: ReadonlySet<string> | undefined): Wish => {
    const key = sortKey(ip);
    const isNamed = (index: number): boolean => onNodes?.has(classes[index]?.names[0] ?? '') !== false;
    const classIndexes = ranges.flatMap((list, index) =>
      isNamed(index) && (list === undefined || list.some((range) => covers(range, key))) ? [index] : [],
    );
    return { ip, classes: classIndexes, stops: taken.has(ip) };
  };
  return claims.map(({ egressIPs, onNodes }) => {
    const ips = [...new Set(egressIPs)].map(parseIp);
    const only = onNodes === undefined ? undefined : new Set(onNodes);
    return ips.every((ip) => ip.ok) ? ips.map(({ value }) => wish(value, only)) : [];
  });
}

/** Whether the range of keys holds the address with that key. */
export function covers({ first, end }: { readonly first: SortKey; readonly end: SortKey }, key: SortKey): boolean {
  return key >= first && key < end;
}

function sharedIPs(objects: readonly (readonly Wish[])[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { ip } of objects.flat()) (seen.has(ip) ? shared : seen).add(ip);
  return shared;
}

/**
 * Splits the problem. Classes that one IP, whichever object requests it, or one object that stops at a node's address,
 * may choose from go together.
 */
function componentsOf(objects: readonly (readonly Wish[])[], count: number): readonly Component[] {
  const groups = Array.from({ length: count }, (_, index) => index);
  const join = ([first, ...more]: readonly number[]): void => {
    const to = first === undefined ? undefined : groups[first];
    for (const from of more.map((index) => groups[index])) {
      if (to !== undefined && from !== to)
        for (const [index, group] of groups.entries()) if (group === from) groups[index] = to;
    }
  };
  for (const wishes of objects) {
    if (wishes.some(({ stops }) => stops)) join(wishes.flatMap(({ classes }) => classes));
    else for (const { classes } of wishes) join(classes);
  }
  for (const same of Map.groupBy(objects.flat(), ({ ip }) => ip).values()) join(same.flatMap(({ classes }) => classes));
  const byGroup = new Map<number, { readonly classes: number[]; readonly objects: (readonly Wish[])[] }>();
  for (const group of groups) if (!byGroup.has(group)) byGroup.set(group, { classes: [], objects: [] });
  for (const [index, group] of groups.entries()) byGroup.get(group)?.classes.push(index);
  for (const wishes of objects) {
    const stops = wishes.filter((one) => one.stops);
    const hopeful = Map.groupBy(
      wishes.filter((one) => !one.stops && one.classes.length > 0),
      ({ classes }) => groups[classes[0] ?? 0] ?? 0,
    );
    for (const [group, own] of hopeful) byGroup.get(group)?.objects.push([...own, ...stops]);
  }
  return [...byGroup.values()];
}

interface Whole {
  readonly classes: readonly Class[];
  readonly shared: ReadonlySet<string>;
  readonly order: Order;
}

function outcomesOf({ classes, objects }: Component, { classes: all, shared, order }: Whole): Found {
  const [only, ...others] = classes;
  const ips = new Set(objects.flat().map(({ ip }) => ip));
  const own = new Set([...shared].filter((ip) => ips.has(ip)));
  const plain = own.size === 0 && objects.every((wishes) => wishes.every(({ stops }) => !stops));
  if (only !== undefined && others.length === 0 && plain)
    return { ...alike(only, all[only], { objects, order }), exact: true };
  const renumbered = objects.map((wishes) =>
    wishes.map((wish) => ({ ...wish, classes: wish.classes.map((index) => classes.indexOf(index)) })),
  );
  const found =
    objects.length > budget
      ? undefined
      : enumerate(
          { classes: classes.flatMap((index) => all[index] ?? []), objects: renumbered, shared: own, order },
          budget,
        );
  if (found === undefined) return { ...bound(objects, all, own), exact: false };
  const back = (index: number | null): number | null => (index === null ? null : (classes[index] ?? null));
  const allowed = new Map([...found.allowed].map(([ip, outcome]) => [ip, new Set([...outcome].map(back))]));
  return { allowed, counts: found.counts, exact: true };
}

/**
 * The outcomes if all nodes are alike. Loads never differ by more than one, so how many IPs an object gets depends only
 * on how many were assigned before it; which of its IPs on which nodes is random. In any order, an object may come
 * first or last.
 */
function alike(
  index: number,
  { size, capacity }: NodeClass = { size: 0, capacity: 0 },
  { objects, order }: Pick<Whole, 'order'> & Pick<Component, 'objects'>,
): Outcomes {
  const allowed = new Map<string, ReadonlySet<number | null>>();
  const room = size * capacity;
  const demand = ({ length }: readonly Wish[]): number => Math.min(length, size);
  const all = objects.reduce((sum, wishes) => sum + demand(wishes), 0);
  let before = 0;
  for (const wishes of objects) {
    const latest = order === 'any' ? all - demand(wishes) : before;
    const least = Math.min(demand(wishes), Math.max(0, room - latest));
    const most = Math.min(demand(wishes), order === 'any' ? room : least);
    for (const { ip } of wishes)
      allowed.set(ip, new Set([...(most > 0 ? [index] : []), ...(least < wishes.length ? [null] : [])]));
    before += demand(wishes);
  }
  return { allowed, counts: new Set([Math.min(all, room)]) };
}

/**
 * At least all that can happen: an IP may get any node that fits. It is certain to get one if a fitting node is left
 * after the other IPs of its object and the nodes that all other IPs could fill.
 */
function bound(objects: readonly (readonly Wish[])[], all: readonly Class[], shared: ReadonlySet<string>): Outcomes {
  const allowed = new Map<string, Set<number | null>>();
  const total = objects.reduce((sum, wishes) => sum + wishes.length, 0);
  let least = 0;
  for (const wishes of objects) {
    const stops = wishes.some((one) => one.stops);
    for (const { ip, classes } of wishes.filter((one) => !one.stops)) {
      const sure =
        !stops &&
        !shared.has(ip) &&
        neverFull(
          classes.flatMap((index) => all[index] ?? []),
          total,
        ) >= wishes.length;
      allowed.set(ip, new Set([...(allowed.get(ip) ?? []), ...classes, ...(sure ? [] : [null])]));
      least += sure ? 1 : 0;
    }
  }
  return { allowed, counts: range(least, allowed.size) };
}

/** How many of the nodes stay open if `total` IPs are assigned so that they fill as many as possible. */
function neverFull(classes: readonly NodeClass[], total: number): number {
  let left = total;
  let open = 0;
  for (const { size, capacity } of classes.toSorted((a, b) => a.capacity - b.capacity)) {
    const full = capacity === 0 ? size : Math.min(size, Math.floor(left / capacity));
    left -= full * (capacity === Infinity ? 0 : capacity);
    open += size - full;
  }
  return open;
}
