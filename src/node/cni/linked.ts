/** The pods by their links on this host, read again only when those may have changed. */
import type { Exec } from '../../io/programs/exec.ts';
import { GuardedCopy } from '../values/guarded-copy.ts';
import { linkedPods } from './attach.ts';

type Pods = Awaited<ReturnType<typeof linkedPods>>;

export class LinkedPods {
  readonly #exec: Exec;
  readonly #copy = new GuardedCopy<Pods>();
  /** As they were last read. */
  #last: Pods | undefined;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /**
   * The pods that have a veth on this host. If ip cannot be run they are as they were last read, since attaching one
   * needs ip as well; throws if they never were.
   */
  async list(): Promise<Pods> {
    if (this.#copy.value !== undefined) return this.#copy.value;
    const keep = this.#copy.begin();
    try {
      this.#last = await linkedPods(this.#exec);
    } catch (error) {
      if (this.#last === undefined) throw error;
      return this.#last;
    }
    keep(this.#last);
    return this.#last;
  }

  /** Makes the next look run ip again. */
  forget(): void {
    this.#copy.forget();
  }
}
