/**
 * The egress IPs that we put on interfaces whose name leaves no room for our label, in a file, so that a restarted agent
 * and `node --cleanup` find them again.
 */
import { dirname, join } from 'node:path';
import type { Logger } from '../../io/log.ts';
import { readState, writeState } from '../../io/state-file.ts';
import { asList, asText } from '../../model/values/json.ts';

/** An address of an interface. */
interface Place {
  readonly device: string;
  readonly ip: string;
}

const keyOf = ({ device, ip }: Place): string => `${device} ${ip}`;

/** The record of the agent of this node, next to its CNI socket. */
export function recordFile({ nodeName, cniSocket }: { readonly nodeName: string; readonly cniSocket: string }): string {
  return join(dirname(cniSocket), `${nodeName}.addresses.json`);
}

export class AddressRecord {
  readonly #file: string;
  readonly #known = new Set<string>();

  constructor(file: string) {
    this.#file = file;
  }

  /** Reads the file. One that is missing counts as empty; one that cannot be read does too, with a warning. */
  async load(logger: Logger): Promise<void> {
    const keys = await readState(this.#file, logger, 'the record of egress IPs without label cannot be read');
    for (const key of asList(keys)) this.#known.add(asText(key));
  }

  /** Whether we put the address there. */
  has(place: Place): boolean {
    return this.#known.has(keyOf(place));
  }

  /** Notes addresses before they are put there; throws if the file cannot be written. */
  async add(places: readonly Place[]): Promise<void> {
    const fresh = places.map(keyOf).filter((key) => !this.#known.has(key));
    if (fresh.length === 0) return;
    await writeState(this.#file, [...this.#known, ...fresh]);
    for (const key of fresh) this.#known.add(key);
  }

  /** Forgets addresses that are gone; throws if the file cannot be written. */
  async remove(places: readonly Place[]): Promise<void> {
    const gone = new Set(places.map(keyOf).filter((key) => this.#known.has(key)));
    if (gone.size === 0) return;
    await writeState(
      this.#file,
      [...this.#known].filter((key) => !gone.has(key)),
    );
    for (const key of gone) this.#known.delete(key);
  }
}
