/**
 * Addresses of the names that EgressNetworkPolicies mention, asked for again when their TTL has passed: at least one
 * second, at most 30 minutes. What is known stays when an answer fails, and is asked for again soon.
 */
import { Resolver } from 'node:dns/promises';
import type { Logger } from '../io/log.ts';
import { type Ip, parseIp } from '../model/address.ts';

export interface Answer {
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

/** Looks a name up; rejects when the resolver does not answer or knows no address. */
export type Lookup = (name: string) => Promise<readonly Answer[]>;

const shortest = 1;
const longest = 30 * 60;
const afterFailure = 5;

/** The node's own resolver (resolv.conf), or the given one as ADDRESS or ADDRESS:PORT. */
export function resolverLookup(server: string | undefined): Lookup {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (server !== undefined) resolver.setServers([server]);
  return (name) => resolver.resolve4(name, { ttl: true });
}

interface Known {
  addresses: readonly Ip[];
  timer: NodeJS.Timeout | undefined;
}

export class NameTracker {
  readonly #lookup: Lookup;
  readonly #logger: Logger;
  readonly #changed: () => void;
  readonly #names = new Map<string, Known>();

  /** `changed` is called when the addresses of a name have changed. */
  constructor(lookup: Lookup, logger: Logger, changed: () => void) {
    this.#lookup = lookup;
    this.#logger = logger;
    this.#changed = changed;
  }

  /** Follows exactly these names. */
  follow(names: ReadonlySet<string>): void {
    for (const [name, { timer }] of this.#names) {
      if (names.has(name)) continue;
      clearTimeout(timer);
      this.#names.delete(name);
    }
    for (const name of names) {
      if (this.#names.has(name)) continue;
      const known: Known = { addresses: [], timer: undefined };
      this.#names.set(name, known);
      void this.#refresh(name, known);
    }
  }

  /** The addresses last answered, sorted; none before the first answer. */
  addresses(name: string): readonly Ip[] {
    return this.#names.get(name)?.addresses ?? [];
  }

  async #refresh(name: string, known: Known): Promise<void> {
    const wait = await this.#ask(name, known);
    if (this.#names.get(name) !== known) return;
    known.timer = setTimeout(() => void this.#refresh(name, known), wait * 1_000);
    known.timer.unref();
  }

  /** Asks once; returns after how many seconds to ask again. */
  async #ask(name: string, known: Known): Promise<number> {
    try {
      const answers = await this.#lookup(name);
      const addresses = answers.flatMap(({ address }) => {
        const ip = parseIp(address);
        return ip.ok ? [ip.value] : [];
      });
      const sorted = [...new Set(addresses)].sort();
      const isNew = sorted.join() !== known.addresses.join();
      known.addresses = sorted;
      if (isNew && this.#names.get(name) === known) this.#changed();
      return Math.min(longest, Math.max(shortest, Math.min(...answers.map(({ ttl }) => ttl))));
    } catch (error) {
      this.#logger.warn({ name, err: error, kept: known.addresses }, 'a name of an EgressNetworkPolicy was not resolved');
      return afterFailure;
    }
  }
}
