/** The IPv4 addresses of this machine, read again only when something may have changed them. */
import { type Exec, must } from '../../io/exec.ts';

export class PresentAddresses {
  readonly #exec: Exec;
  #shown: Promise<string> | undefined;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** What `ip -j -4 addr show` prints; throws ExecError when it cannot be run. */
  async read(): Promise<string> {
    const shown = (this.#shown ??= must(this.#exec, 'ip', ['-j', '-4', 'addr', 'show']));
    try {
      return await shown;
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Reads them afresh the next time. */
  forget(): void {
    this.#shown = undefined;
  }
}
