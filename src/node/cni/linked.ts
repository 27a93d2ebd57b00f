/** The pods by their links on this host, read again only when those may have changed. */
import type { Exec } from '../../io/programs/exec.ts';
import { GuardedCopy } from '../values/guarded-copy.ts';
import { linkedPods } from './attach.ts';

type Pods = Awaited<ReturnType<typeof linkedPods>>;

export class LinkedPods {
  readonly #exec: Exec;
  readonly #copy = new GuardedCopy<Pods>();

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** The pods that have a veth on this host; throws ExecError if ip cannot be run. */
  async list(): Promise<Pods> {
    if (this.#copy.value !== undefined) return this.#copy.value;
    const keep = this.#copy.begin();
    const pods = await linkedPods(this.#exec);
    keep(pods);
    return pods;
  }

  /** Makes the next look run ip again. */
  forget(): void {
    this.#copy.forget();
  }
}
