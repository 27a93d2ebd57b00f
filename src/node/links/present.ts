/** The IPv4 addresses of this machine, read again only when something may have changed them. */
import { readFile } from 'node:fs/promises';
import { type Exec, must } from '../../io/exec.ts';
import { showAddresses } from './ip.ts';

export class PresentAddresses {
  readonly #exec: Exec;
  #shown: Promise<string> | undefined;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** What `ip -j -4 addr show` prints; throws ExecError when it cannot be run. */
  async read(): Promise<string> {
    const shown = (this.#shown ??= must(this.#exec, 'ip', showAddresses));
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

/** Whether this machine has an interface of that name. */
export async function hasDevice(name: string): Promise<boolean> {
  const devices = await readFile('/proc/self/net/dev', 'utf8');
  return devices.split('\n').some((line) => line.trimStart().startsWith(`${name}:`));
}
