/**
 * Resolves the names in EgressNetworkPolicies, again and again. An address that is answered counts until its TTL has
 * passed, also if a later answer lacks it: who has it in a cache still uses it. When a lookup fails the known addresses
 * stay, and it is soon tried again. They are stored in a file with the time when their TTL ends, so that a restarted
 * agent goes on where the last one ended.
 */
import { Resolver } from 'node:dns/promises';
import type { Logger } from '../../io/log.ts';
import { readState, writeState } from '../../io/state-file.ts';
import { parseIpv4 } from '../../model/objects/fields.ts';
import type { Ip } from '../../model/values/address.ts';
import { asList, asText } from '../../model/values/json.ts';

export interface Answer {
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

/** Looks up a name; rejects if the resolver does not answer or knows no address. */
export type Lookup = (name: string) => Promise<readonly Answer[]>;

/** Seconds until a name is resolved again, at least. */
const shortest = 1;
/** The same at most, for names with a TTL of at least this. */
const longest = 30 * 60;
/** The same at most, for others: load balancers answer with other addresses long before the TTL (as OpenShift SDN). */
const lively = 30;
const afterFailure = 5;

/**
 * Asks the node's own resolvers (resolv.conf, read each time), or a given one as ADDRESS or ADDRESS:PORT. If one does
 * not know the name or refuses, the next is asked. A truncated answer is asked for again by TCP, and search lists are
 * not used. Throws if the given one is no such text.
 */
export function resolverLookup(server: string | undefined): Lookup {
  if (server !== undefined) new Resolver().setServers([server]);
  return (name) => askInTurn(name, server === undefined ? new Resolver().getServers() : [server]);
}

/** Asks the servers one after the other until one knows the name; rejects with the first reason if none does. */
export async function askInTurn(name: string, servers: readonly string[]): Promise<readonly Answer[]> {
  let reason: unknown = new Error('this node has no resolver');
  for (const [index, server] of servers.entries()) {
    const resolver = new Resolver({ timeout: 2_000, tries: 2 });
    resolver.setServers([server]);
    try {
      const answers = await resolver.resolve4(name, { ttl: true });
      if (answers.length > 0) return answers;
      throw new Error(`${server} names an alias without address`);
    } catch (error) {
      if (index === 0) reason = error;
    }
  }
  throw reason;
}

/** The TTL that counts, in seconds: from 2^31 on it means 0 (RFC 2181, section 8). */
function secondsOf(ttl: number): number {
  return ttl < 2 ** 31 ? ttl : 0;
}

/** Seconds after which to resolve again what was answered with this TTL. */
function waitFor(ttl: number): number {
  return ttl >= longest ? longest : Math.max(shortest, Math.min(lively, ttl));
}

interface Known {
  addresses: readonly Ip[];
  /** Without those whose TTL was over when the agent began, which count until there is an answer. */
  ends: Ends;
  /** Whether the last lookup failed. */
  isFailing: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** When the TTL of each address that counts ends, in milliseconds of a clock that only goes forward. */
export type Ends = ReadonlyMap<Ip, number>;

/** The addresses that count after an answer at `now`, and the seconds after which to ask again. */
export function afterAnswer(known: Ends, answers: readonly Answer[], now: number): { ends: Ends; wait: number } {
  const ends = new Map([...known].filter(([, end]) => end > now));
  for (const { address, ttl } of answers) {
    for (const ip of addressesIn([address])) ends.set(ip, Math.max(ends.get(ip) ?? 0, now + secondsOf(ttl) * 1_000));
  }
  return { ends, wait: ends.size === 0 ? afterFailure : waitFor((Math.min(...ends.values()) - now) / 1_000) };
}

/** What an agent stores of an address: it, and when its TTL ends in milliseconds since 1970, unless that is over. */
interface Stored {
  readonly address: Ip;
  readonly end: number | undefined;
}

/** The longest time in milliseconds for which a stored address counts: the clock may have been set back meanwhile. */
const longestStored = 24 * 60 * 60_000;

/** Reads the stored addresses of a name; earlier agents stored them without end. */
function storedIn(items: unknown): readonly Stored[] {
  return asList(items).flatMap((item) => {
    const [text, end] = Array.isArray(item) ? asList(item) : [item];
    const ip = parseIpv4(asText(text));
    return ip.ok ? [{ address: ip.value, end: typeof end === 'number' ? end : undefined }] : [];
  });
}

/** What is known of a name at the start. */
function knownFrom(before: readonly Stored[]): Known {
  const ends = before.flatMap(({ address, end }): [Ip, number][] => {
    const left = end === undefined ? 0 : Math.min(end - Date.now(), longestStored);
    return left > 0 ? [[address, performance.now() + left]] : [];
  });
  return {
    addresses: addressesIn(before.map(({ address }) => address)),
    ends: new Map(ends),
    isFailing: false,
    timer: undefined,
  };
}

/** What to store of a name. */
function storableOf({ addresses, ends }: Known): readonly (readonly [Ip, number?])[] {
  const began = Date.now() - performance.now();
  return addresses.map((address) => {
    const end = ends.get(address);
    return end === undefined ? [address] : [address, Math.round(began + end)];
  });
}

/** Milliseconds after which new ends of TTLs are stored, at the latest. */
const storeWithin = 10_000;

export interface NameDeps {
  readonly lookup: Lookup;
  readonly logger: Logger;
  /** The file that stores the answers; readable only by its owner. */
  readonly file: string;
  /** Called when the addresses of a name have changed. */
  readonly changed: () => void;
}

/** The IPv4 addresses among the texts, sorted, without repetitions. */
function addressesIn(texts: readonly string[]): readonly Ip[] {
  const found = texts.flatMap((text) => {
    const ip = parseIpv4(text);
    return ip.ok ? [ip.value] : [];
  });
  return [...new Set(found)].sort();
}

export class NameTracker {
  readonly #deps: NameDeps;
  readonly #names = new Map<string, Known>();
  /** What an earlier agent stored. */
  #before: ReadonlyMap<string, readonly Stored[]> = new Map();
  #saving: Promise<void> = Promise.resolve();
  #saveTimer: NodeJS.Timeout | undefined;

  constructor(deps: NameDeps) {
    this.#deps = deps;
  }

  /** Loads what an earlier agent stored. Await it before the first `follow`. An unreadable file counts as empty. */
  async load(): Promise<void> {
    const { file, logger } = this.#deps;
    const entries = asList(await readState(file, logger, 'the last addresses of names cannot be read')).map(asList);
    this.#before = new Map(entries.map(([name, addresses]) => [asText(name), storedIn(addresses)]));
  }

  /** Follows exactly these names. */
  follow(names: ReadonlySet<string>): void {
    const gone = [...this.#names].filter(([name]) => !names.has(name));
    for (const [name, { timer }] of gone) {
      clearTimeout(timer);
      this.#names.delete(name);
    }
    if (gone.length > 0) this.#save();
    for (const name of names) {
      if (this.#names.has(name)) continue;
      const known = knownFrom(this.#before.get(name) ?? []);
      this.#names.set(name, known);
      void this.#refresh(name, known);
    }
    this.#before = new Map();
  }

  /** The addresses that count, sorted; empty before any agent here got an answer. */
  addresses(name: string): readonly Ip[] {
    return this.#names.get(name)?.addresses ?? [];
  }

  async #refresh(name: string, known: Known): Promise<void> {
    const wait = await this.#ask(name, known);
    if (this.#names.get(name) !== known) return;
    known.timer = setTimeout(() => void this.#refresh(name, known), wait * 1_000);
    known.timer.unref();
  }

  /** Looks the name up once; returns the number of seconds after which to do it again. */
  async #ask(name: string, known: Known): Promise<number> {
    try {
      const answers = await this.#deps.lookup(name);
      const { ends, wait } = afterAnswer(known.ends, answers, performance.now());
      known.ends = ends;
      const addresses = [...ends.keys()].sort();
      const isNew = addresses.join() !== known.addresses.join();
      known.addresses = addresses;
      if (this.#names.get(name) !== known) return wait;
      if (known.isFailing) this.#deps.logger.info({ name, addresses }, 'a name is resolved again');
      known.isFailing = false;
      if (isNew) {
        this.#deps.changed();
        this.#save();
      } else this.#saveSoon();
      return wait;
    } catch (error) {
      this.#fails(name, known, error);
      return afterFailure;
    }
  }

  /** Logs that a name cannot be resolved, once until it can be again: policies have names that nobody knows any more. */
  #fails(name: string, known: Known, error: unknown): void {
    if (known.isFailing || this.#names.get(name) !== known) return;
    known.isFailing = true;
    this.#deps.logger.warn(
      { name, err: error, kept: known.addresses },
      'a name of an EgressNetworkPolicy was not resolved',
    );
  }

  #saveSoon(): void {
    this.#saveTimer ??= setTimeout(() => this.#save(), storeWithin).unref();
  }

  /** Writes what is known now, after the current write. */
  #save(): void {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
    const { file, logger } = this.#deps;
    const entries = [...this.#names].map(([name, known]) => [name, storableOf(known)]);
    this.#saving = this.#saving
      .then(() => writeState(file, entries))
      .catch((error: unknown) => logger.warn({ file, err: error }, 'the addresses of names cannot be kept'));
  }

  /** Resolves when everything is in the file. */
  saved(): Promise<void> {
    return this.#saving;
  }
}
