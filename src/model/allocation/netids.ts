/** Allocates VNIDs: one for each namespace, held as long as any namespace has it. */
import { err, ok, type Result } from '../values/result.ts';
import { firstAllocatedVnid, isVnid, maxVnid, type Vnid } from '../values/vnid.ts';

/** The VNID of the namespace `default`, which reaches all others and is reached by all. */
export function globalVnid(): Vnid {
  const zero = 0;
  if (!isVnid(zero)) throw new Error('0 is a VNID');
  return zero;
}

/**
 * Which VNIDs are held, and the next free one. A VNID is free again after all its holders (joined namespaces) released
 * it. The search goes up from the last allocated VNID and wraps around, so a released VNID is not reused at once: a
 * node that has not heard of it yet would lend the new namespace the egress IP of the old one. The first search, as
 * after a restart, begins behind the highest VNID that was held.
 */
export class Netids {
  /** One bit per VNID, up to the highest that was ever held or more: whether it is held. */
  #held = new Uint8Array(64);
  /** Holders beyond the first. */
  readonly #more = new Map<Vnid, number>();
  readonly #last: number;
  /** Where the next search begins; undefined before the first one. */
  #next: number | undefined;
  /** The highest VNID that was ever held and may be allocated; 0 if there was none. */
  #highest = 0;

  /** `last` is the highest VNID to allocate; 2^24-1 by default. */
  constructor(held: Iterable<Vnid> = [], last: number = maxVnid) {
    this.#last = last;
    for (const vnid of held) this.hold(vnid);
  }

  /** Adds a holder of the VNID. */
  hold(vnid: Vnid): void {
    if (this.isHeld(vnid)) this.#more.set(vnid, (this.#more.get(vnid) ?? 0) + 1);
    else this.#flip(vnid);
    if (vnid <= this.#last) this.#highest = Math.max(this.#highest, vnid);
  }

  /** Removes a holder of the VNID. */
  release(vnid: Vnid): void {
    const more = this.#more.get(vnid) ?? 0;
    if (more > 1) this.#more.set(vnid, more - 1);
    else if (more === 1) this.#more.delete(vnid);
    else if (this.isHeld(vnid)) this.#flip(vnid);
  }

  /** Whether any namespace has this VNID. */
  isHeld(vnid: Vnid): boolean {
    return ((this.#held[vnid >> 3] ?? 0) & (1 << (vnid & 7))) !== 0;
  }

  #flip(vnid: Vnid): void {
    const needed = (vnid >> 3) + 1;
    if (needed > this.#held.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#held.length));
      grown.set(this.#held);
      this.#held = grown;
    }
    this.#held[vnid >> 3] = (this.#held[vnid >> 3] ?? 0) ^ (1 << (vnid & 7));
  }

  /** The number after this one, in the order of the search. */
  #after(number: number): number {
    return number >= this.#last ? firstAllocatedVnid : Math.max(number + 1, firstAllocatedVnid);
  }

  /** Holds and returns the VNID for a new namespace: 0 for `default`, else the next free one from 10 up. */
  allocate(namespace: string): Result<Vnid> {
    if (namespace === 'default') {
      this.hold(globalVnid());
      return ok(globalVnid());
    }
    const count = this.#last - firstAllocatedVnid + 1;
    let candidate = this.#next ?? this.#after(this.#highest);
    for (let tried = 0; tried < count; tried++, candidate = this.#after(candidate)) {
      if (!isVnid(candidate) || this.isHeld(candidate)) continue;
      this.hold(candidate);
      this.#next = this.#after(candidate);
      return ok(candidate);
    }
    return err(`all VNIDs from ${firstAllocatedVnid} to ${this.#last} are in use`);
  }
}
