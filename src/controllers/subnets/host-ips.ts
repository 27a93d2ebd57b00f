/** Which HostSubnets have which hostIP, as they change. */
import type { HostSubnetObject } from '../../model/objects/raw.ts';
import { compareText } from '../../model/values/names.ts';

export class HostIps {
  readonly #names = new Map<string, Set<string>>();

  /** The HostSubnet of this name changed. */
  change(name: string, before: HostSubnetObject | undefined, after: HostSubnetObject | undefined): void {
    if (before?.hostIP === after?.hostIP) return;
    if (before !== undefined) this.#names.get(before.hostIP)?.delete(name);
    if (after === undefined) return;
    const names = this.#names.get(after.hostIP);
    if (names === undefined) this.#names.set(after.hostIP, new Set([name]));
    else names.add(name);
  }

  /** The first by name of the others that have the address; undefined if there is none. */
  otherAt(address: string, name: string): string | undefined {
    return [...(this.#names.get(address) ?? [])].filter((other) => other !== name).sort(compareText)[0];
  }
}
