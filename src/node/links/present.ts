/** The IPv4 addresses of this host, read again only when they may have changed. */
import { readFile } from 'node:fs/promises';
import { type Exec, must } from '../../io/programs/exec.ts';
import { type LinkAddress, parseAddresses } from './addresses.ts';
import { showAddresses } from './ip.ts';

export class PresentAddresses {
  readonly #exec: Exec;
  #shown: Promise<string> | undefined;
  #parsed: { readonly shown: string; readonly list: readonly LinkAddress[] } | undefined;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** The output of `ip -j -4 addr show`; throws ExecError if it cannot be run. */
  async read(): Promise<string> {
    const shown = (this.#shown ??= must(this.#exec, 'ip', showAddresses));
    try {
      return await shown;
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** The addresses, parsed once for each output of ip; throws as `read` does. */
  async list(): Promise<readonly LinkAddress[]> {
    const shown = await this.read();
    if (this.#parsed?.shown !== shown) this.#parsed = { shown, list: parseAddresses(shown) };
    return this.#parsed.list;
  }

  /** Makes the next read run ip again. */
  forget(): void {
    this.#shown = undefined;
  }
}

/** Whether this host has an interface with this name. */
export async function hasDevice(name: string): Promise<boolean> {
  const devices = await readFile('/proc/self/net/dev', 'utf8');
  return devices.split('\n').some((line) => line.trimStart().startsWith(`${name}:`));
}
