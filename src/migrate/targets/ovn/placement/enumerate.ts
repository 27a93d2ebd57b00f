/**
 * Enumerates everything that OVN-Kubernetes's choice among equals may lead to, for IPs and nodes that compete. Nodes of
 * a class are alike (same networks, same capacity), so a state is how many nodes of each class have which load, and an
 * outcome is a class. Follows every order of an object's IPs and every tie; visits equal states once.
 */

/** Nodes that are alike. */
export interface NodeClass {
  readonly size: number;
  /** The most egress IPs a node may have. */
  readonly capacity: number;
}

/** An IP of an object, and the indexes of the classes that it may get. */
export interface Wish {
  readonly ip: string;
  readonly classes: readonly number[];
  /** Whether it is a node's address: OVN-Kubernetes stops at it and leaves the IPs after it in its order unassigned. */
  readonly stops: boolean;
}

export interface Outcomes {
  /** The classes that each IP may end up on, with `null` if it may stay unassigned. */
  readonly allowed: ReadonlyMap<string, ReadonlySet<number | null>>;
  /** How many IPs may be assigned in all. */
  readonly counts: ReadonlySet<number>;
}

/** The order in which objects are created: as given, or any. */
export type Order = 'given' | 'any';

export interface Competition {
  readonly classes: readonly NodeClass[];
  /** The wishes of each object. */
  readonly objects: readonly (readonly Wish[])[];
  /** IPs that more than one of the objects requests. */
  readonly shared: ReadonlySet<string>;
  readonly order: Order;
}

/** Loads of each class, ascending, and the IPs that several objects request and one has. */
interface State {
  readonly loads: readonly (readonly number[])[];
  readonly owned: readonly string[];
  /** Indexes of the objects that are not created yet. */
  readonly left: readonly number[];
}

/** Within one object: loads of the nodes it has not used, and new loads of those it has. */
interface Placing {
  readonly free: readonly (readonly number[])[];
  readonly used: readonly (readonly number[])[];
  readonly owned: readonly string[];
  readonly rest: readonly Wish[];
}

/** The outcomes of creating the objects one after another; undefined if there are more than `budget` states. */
export function enumerate({ classes, objects, shared, order }: Competition, budget: number): Outcomes | undefined {
  if (order === 'any' && fewestSteps(objects.length) > budget) return undefined;
  const search = new Search(classes, shared, budget);
  const nothing: State = {
    loads: classes.map(({ size }) => Array.from({ length: size }, () => 0)),
    owned: [],
    left: [...objects.keys()],
  };
  let states = new Map([[JSON.stringify(nothing), nothing]]);
  for (let created = 0; created < objects.length; created++) {
    const next = new Map<string, State>();
    for (const state of states.values()) {
      const candidates = order === 'any' ? state.left : state.left.slice(0, 1);
      for (const index of candidates) {
        const left = state.left.filter((other) => other !== index);
        if (!search.object({ ...state, left }, objects[index] ?? [], next)) return undefined;
      }
    }
    states = next;
  }
  for (const ip of shared) {
    if ([...states.values()].some(({ owned }) => !owned.includes(ip))) search.note(ip, null);
  }
  const counts = [...states.values()].map(({ loads }) => loads.flat().reduce((sum, load) => sum + load, 0));
  return { allowed: search.allowed, counts: new Set(counts) };
}

/** In any order, every object may follow every set of others: so many steps there are at least. */
function fewestSteps(objects: number): number {
  return objects === 0 ? 0 : objects * 2 ** (objects - 1);
}

class Search {
  readonly allowed = new Map<string, Set<number | null>>();
  readonly #classes: readonly NodeClass[];
  readonly #shared: ReadonlySet<string>;
  #budget: number;

  constructor(classes: readonly NodeClass[], shared: ReadonlySet<string>, budget: number) {
    this.#classes = classes;
    this.#shared = shared;
    this.#budget = budget;
  }

  note(ip: string, outcome: number | null): void {
    const known = this.allowed.get(ip);
    if (known === undefined) this.allowed.set(ip, new Set([outcome]));
    else known.add(outcome);
  }

  /** Adds the states after an object to `next`. Returns false when the budget is spent. */
  object({ loads, owned, left }: State, wishes: readonly Wish[], next: Map<string, State>): boolean {
    const seen = new Set<string>();
    const open: Placing[] = [
      { free: loads, used: loads.map(() => []), owned, rest: wishes.filter(({ ip }) => !owned.includes(ip)) },
    ];
    for (let step = open.pop(); step !== undefined; step = open.pop()) {
      const key = JSON.stringify([step.free, step.used, step.owned, step.rest.map(({ ip }) => ip)]);
      if (seen.has(key)) continue;
      seen.add(key);
      if (--this.#budget < 0) return false;
      if (step.rest.length === 0) finish(step, left, next);
      for (const wish of step.rest) for (const one of this.#after(step, wish)) open.push(one);
    }
    return true;
  }

  /** The steps that may follow if this IP is next in OVN-Kubernetes's order. */
  #after(step: Placing, wish: Wish): readonly Placing[] {
    if (wish.stops) {
      for (const { ip } of step.rest) this.#unassigned(ip);
      return [{ ...step, rest: [] }];
    }
    const rest = step.rest.filter((one) => one !== wish);
    const open = wish.classes.filter(
      (index) => (step.free[index]?.[0] ?? Infinity) < (this.#classes[index]?.capacity ?? 0),
    );
    const least = Math.min(...open.map((index) => step.free[index]?.[0] ?? Infinity));
    const chosen = open.filter((index) => step.free[index]?.[0] === least);
    if (chosen.length === 0) this.#unassigned(wish.ip);
    for (const index of chosen) this.note(wish.ip, index);
    const owned = this.#shared.has(wish.ip) ? [...step.owned, wish.ip].sort() : step.owned;
    return chosen.length === 0 ? [{ ...step, rest }] : chosen.map((index) => ({ ...take(step, index), owned, rest }));
  }

  /** Records that an IP may stay unassigned, unless several objects request it: that is known at the end. */
  #unassigned(ip: string): void {
    if (!this.#shared.has(ip)) this.note(ip, null);
  }
}

/** Adds one to the least loaded free node of the class, which the object now uses. */
function take({ free, used }: Placing, index: number): Pick<Placing, 'free' | 'used'> {
  const [least = 0] = free[index] ?? [];
  return {
    free: free.map((loads, at) => (at === index ? loads.slice(1) : loads)),
    used: used.map((loads, at) => (at === index ? ascending([...loads, least + 1]) : loads)),
  };
}

function finish({ free, used, owned }: Placing, left: readonly number[], next: Map<string, State>): void {
  const state: State = {
    loads: free.map((loads, index) => ascending([...loads, ...(used[index] ?? [])])),
    owned,
    left,
  };
  next.set(JSON.stringify(state), state);
}

function ascending(loads: readonly number[]): readonly number[] {
  return loads.toSorted((a, b) => a - b);
}
