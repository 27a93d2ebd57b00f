/** The interfaces of this host and their IPv4 addresses, read again only when they may have changed. */
import { readFile } from 'node:fs/promises';
import type { Logger } from '../../io/log.ts';
import { type Exec, must } from '../../io/programs/exec.ts';
import type { Ip } from '../../model/values/address.ts';
import { labelOf } from './addresses.ts';
import { addressesOf, type Link, type LinkAddress, linksOf, showAddresses } from './links.ts';
import type { AddressRecord } from './record.ts';

export class PresentAddresses {
  readonly #exec: Exec;
  readonly #record: AddressRecord;
  #shown: Promise<string> | undefined;
  #parsed: { readonly shown: string; readonly links: readonly Link[] } | undefined;
  #listed: { readonly of: readonly Link[]; readonly list: readonly LinkAddress[] } | undefined;

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
    this.#listed = undefined;
  }

  /** Forgets addresses that are gone. */
  async release(gone: readonly LinkAddress[]): Promise<void> {
    await this.#record.remove(gone);
    this.#listed = undefined;
  }

  /** The interfaces, parsed once for each output of ip; throws ExecError if it cannot be run. */
  async links(): Promise<readonly Link[]> {
    const shown = await this.#read();
    if (this.#parsed?.shown !== shown) this.#parsed = { shown, links: linksOf(shown) };
    return this.#parsed.links;
  }

  /** The addresses of all interfaces, the same list while nothing changed; throws as `links` does. */
  async list(): Promise<readonly LinkAddress[]> {
    const links = await this.links();
    if (this.#listed?.of !== links)
      this.#listed = { of: links, list: addressesOf(links).map((one) => this.#marked(one)) };
    return this.#listed.list;
  }

  async #read(): Promise<string> {
    const shown = (this.#shown ??= must(this.#exec, 'ip', showAddresses));
    try {
      return await shown;
    } catch (error) {
      this.forget();
      throw error;
    }
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
