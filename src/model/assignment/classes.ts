/** Classes of addresses that may go to the same nodes. */
import isEqual from 'lodash/isEqual.js';
import { type Cidr, keyRange, type SortKey } from '../values/address.ts';

/**
 * Classifies addresses by the set of nodes whose CIDRs contain them. The ends of all CIDRs cut the address space into
 * pieces in which this set is constant. The class of a piece is made when an address in it is first looked up.
 */
export class Classes {
  readonly all: Int32Array[] = [];
  readonly members: Uint8Array[] = [];
  readonly #cidrs: readonly (readonly Cidr[])[];
  /** The starts of the pieces, ascending. */
  readonly #starts: readonly SortKey[];
  /** Maps each piece to its class: -1 means no node, undefined means not computed yet. */
  readonly #classOfPiece: (number | undefined)[] = [];
  readonly #byNodes = new Map<string, number>();
  readonly #ranges: readonly Range[];
  #hasExceptions = false;

  constructor(cidrs: readonly (readonly Cidr[])[]) {
    this.#cidrs = cidrs;
    const ranges = new Map<string, Range>();
    for (const [node, list] of cidrs.entries()) {
      for (const cidr of list) {
        const range = ranges.get(cidr.text);
        if (range === undefined) ranges.set(cidr.text, { ...keyRange(cidr), nodes: [node] });
        else if (range.nodes.at(-1) !== node) range.nodes.push(node);
      }
    }
    this.#ranges = [...ranges.values()];
    this.#starts = [...new Set(this.#ranges.flatMap(({ first, end }) => [first, end]))].sort(compareKeys);
  }

  /** The class of the address, or -1 when no node's CIDR contains it. */
  of(key: SortKey): number {
    const piece = this.#pieceOf(key);
    if (piece < 0) return -1;
    return (this.#classOfPiece[piece] ??= this.#make(key));
  }

  /**
   * Maps each class of `before`, for other nodes, to the one here that has the same addresses; undefined if there is not
   * exactly one for each.
   */
  numbersFrom(before: Classes): Int32Array | undefined {
    if (before.#hasExceptions || !isEqual(before.#starts, this.#starts)) return undefined;
    const numbers = new Int32Array(before.all.length).fill(-1);
    for (const [piece, start] of this.#starts.entries()) {
      const was = before.#classOfPiece[piece];
      if (was === undefined) continue;
      const is = (this.#classOfPiece[piece] = this.#make(start));
      const isOther = was >= 0 && numbers[was] !== -1 && numbers[was] !== is;
      if (isOther || was < 0 !== is < 0) return undefined;
      if (was >= 0) numbers[was] = is;
    }
    return numbers;
  }

  /** An address may not go wherever others of its piece may. */
  except(): void {
    this.#hasExceptions = true;
  }

  /** The class of exactly these nodes. */
  only(nodes: readonly number[]): number {
    const members = new Uint8Array(this.#cidrs.length);
    for (const node of nodes) members[node] = 1;
    return this.#add(members);
  }

  has(index: number, node: number): boolean {
    return this.members[index]?.[node] === 1;
  }

  #pieceOf(key: SortKey): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const start = this.#starts[middle];
      if (start !== undefined && start <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #make(key: SortKey): number {
    const members = new Uint8Array(this.#cidrs.length);
    for (const { first, end, nodes } of this.#ranges) {
      if (first <= key && key < end) for (const node of nodes) members[node] = 1;
    }
    return this.#add(members);
  }

  #add(members: Uint8Array): number {
    const list: number[] = [];
    for (const [node, member] of members.entries()) if (member === 1) list.push(node);
    if (list.length === 0) return -1;
    const name = list.join();
    const found = this.#byNodes.get(name);
    if (found !== undefined) return found;
    this.members.push(members);
    this.#byNodes.set(name, this.all.length);
    return this.all.push(Int32Array.from(list)) - 1;
  }
}

/** The addresses of one CIDR, and the nodes that have it. */
interface Range {
  readonly first: SortKey;
  /** The first address after the range. */
  readonly end: SortKey;
  readonly nodes: number[];
}

function compareKeys(a: SortKey, b: SortKey): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
