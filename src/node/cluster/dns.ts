/**
 * Resolves the names in EgressNetworkPolicies, and again when their TTL has passed, after one second to 30 minutes.
 * When a lookup fails the known addresses stay, and it is soon tried again. They are stored in a file, so they also
 * survive a restart of the agent.
 */
import { Resolver } from 'node:dns/promises';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Logger } from '../../io/log.ts';
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

const shortest = 1;
const longest = 30 * 60;
const afterFailure = 5;

/** The node's own resolver (resolv.conf), or a given one as ADDRESS or ADDRESS:PORT. */
export function resolverLookup(server: string | undefined): Lookup {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (server !== undefined) resolver.setServers([server]);
  return (name) => resolver.resolve4(name, { ttl: true });
}

interface Known {
  addresses: readonly Ip[];
  timer: NodeJS.Timeout | undefined;
}

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
  /** Addresses that an earlier agent stored. */
  #before: ReadonlyMap<string, readonly Ip[]> = new Map();
  #saving: Promise<void> = Promise.resolve();

  constructor(deps: NameDeps) {
    this.#deps = deps;
  }

  /** Loads what an earlier agent stored. Await it before the first `follow`. An unreadable file counts as empty. */
  async load(): Promise<void> {
    const { file, logger } = this.#deps;
    try {
      const entries = asList(JSON.parse(await readFile(file, 'utf8'))).map(asList);
      this.#before = new Map(
        entries.map(([name, addresses]) => [asText(name), addressesIn(asList(addresses).map(asText))]),
      );
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
        logger.warn({ file, err: error }, 'the last addresses of names cannot be read');
    }
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
      const known: Known = { addresses: this.#before.get(name) ?? [], timer: undefined };
      this.#names.set(name, known);
      void this.#refresh(name, known);
    }
    this.#before = new Map();
  }

  /** The addresses last answered, sorted; empty before any agent here got an answer. */
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
      const addresses = addressesIn(answers.map(({ address }) => address));
      const isNew = addresses.join() !== known.addresses.join();
      known.addresses = addresses;
      if (isNew && this.#names.get(name) === known) {
        this.#deps.changed();
        this.#save();
      }
      return Math.min(longest, Math.max(shortest, Math.min(...answers.map(({ ttl }) => ttl))));
    } catch (error) {
      this.#deps.logger.warn(
        { name, err: error, kept: known.addresses },
        'a name of an EgressNetworkPolicy was not resolved',
      );
      return afterFailure;
    }
  }

  /** Writes what is known now, after the current write. */
  #save(): void {
    const { file, logger } = this.#deps;
    const text = JSON.stringify([...this.#names].map(([name, { addresses }]) => [name, addresses]));
    this.#saving = this.#saving
      .then(async () => {
        await writeFile(`${file}.new`, text, { mode: 0o600 });
        await rename(`${file}.new`, file);
      })
      .catch((error: unknown) => logger.warn({ file, err: error }, 'the addresses of names cannot be kept'));
  }

  /** Resolves when everything is in the file. */
  saved(): Promise<void> {
    return this.#saving;
  }
}
