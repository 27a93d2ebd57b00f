/** Allocates VNIDs: one for each namespace, held as long as any namespace has it. */
import { err, ok, type Result } from './result.ts';
import { firstAllocatedVnid, isVnid, maxVnid, type Vnid } from './vnid.ts';

/** The VNID of the namespace `default`, which reaches all others and is reached by all. */
export function globalVnid(): Vnid {
  const zero = 0;
  if (!isVnid(zero)) throw new Error('0 is a VNID');
  return zero;
}

/**
 * Which VNIDs are held, and the next free one. A VNID is free again after all its holders (joined namespaces) released
 * it. The search goes up from the last allocated VNID and wraps around, so a released VNID is not reused at once.
 */
export class Netids {
  /** One bit per VNID: whether it is held. */
  readonly #held = new Uint8Array((maxVnid + 1) / 8);
  /** Holders beyond the first. */
  readonly #more = new Map<Vnid, number>();
  readonly #last: number;
  #next = firstAllocatedVnid;

  /** `last` is the highest VNID to allocate; 2^24-1 by default. */
  constructor(held: Iterable<Vnid> = [], last: number = maxVnid) {
    this.#last = last;
    for (const vnid of held) this.hold(vnid);
  }

  /** Adds a holder of the VNID. */
  hold(vnid: Vnid): void {
    if (this.isHeld(vnid)) this.#more.set(vnid, (this.#more.get(vnid) ?? 0) + 1);
    else this.#flip(vnid);
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
    this.#held[vnid >> 3] = (this.#held[vnid >> 3] ?? 0) ^ (1 << (vnid & 7));
  }

  /** Holds and returns the VNID for a new namespace: 0 for `default`, else the next free one from 10 up. */
  allocate(namespace: string): Result<Vnid> {
    if (namespace === 'default') {
      this.hold(globalVnid());
      return ok(globalVnid());
    }
    const count = this.#last - firstAllocatedVnid + 1;
    for (let tried = 0; tried < count; tried++) {
      const candidate = this.#next;
      this.#next = candidate >= this.#last ? firstAllocatedVnid : candidate + 1;
      if (!isVnid(candidate) || this.isHeld(candidate)) continue;
      this.hold(candidate);
      return ok(candidate);
    }
    return err(`all VNIDs from ${firstAllocatedVnid} to ${this.#last} are in use`);
  }
}
