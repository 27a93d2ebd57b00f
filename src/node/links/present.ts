/** The IPv4 addresses of this host, read again only when they may have changed. */
import { readFile } from 'node:fs/promises';
import type { Logger } from '../../io/log.ts';
import { type Exec, must } from '../../io/programs/exec.ts';
import type { Ip } from '../../model/values/address.ts';
import { labelOf, type LinkAddress, parseAddresses } from './addresses.ts';
import { showAddresses } from './ip.ts';
import type { AddressRecord } from './record.ts';

export class PresentAddresses {
  readonly #exec: Exec;
  readonly #record: AddressRecord;
  #shown: Promise<string> | undefined;
  #parsed: { readonly shown: string; readonly list: readonly LinkAddress[] } | undefined;

  constructor(exec: Exec, record: AddressRecord) {
    this.#exec = exec;
    this.#record = record;
  }

  /** Reads which are ours as of the last run; await it before the first `list`. */
  load(logger: Logger): Promise<void> {
    return this.#record.load(logger);
  }

  /** Notes that these are ours, where they have no label, before they are put there. */
  async claim(device: string, ips: readonly Ip[]): Promise<void> {
    if (labelOf(device) !== undefined) return;
    await this.#record.add(ips.map((ip) => ({ device, ip })));
    this.#parsed = undefined;
  }

  /** Forgets addresses that are gone. */
  async release(gone: readonly LinkAddress[]): Promise<void> {
    await this.#record.remove(gone);
    this.#parsed = undefined;
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
    if (this.#parsed?.shown !== shown)
      this.#parsed = { shown, list: parseAddresses(shown).map((one) => this.#marked(one)) };
    return this.#parsed.list;
  }

  #marked(address: LinkAddress): LinkAddress {
    return this.#record.has(address) ? { ...address, isOurs: true } : address;
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
