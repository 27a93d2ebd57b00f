/** The nft tables in the kernel: reads, writes, and compares them with what was last written. Decides nothing. */
import { createHash } from 'node:crypto';
import { Mutex } from '../../io/async/mutex.ts';
import type { Logger } from '../../io/log.ts';
import { type Exec, must } from '../../io/programs/exec.ts';
import type { Datapath } from '../values/facts.ts';
import { GuardedCopy } from '../values/guarded-copy.ts';
import {
  added,
  additions,
  changes,
  emptyContent,
  leadsToRules,
  type Listing,
  type NftContent,
  refills,
  removals,
  reusing,
  within,
} from './elements.ts';
import { differsAfter, parseListing, wholeContent } from './listing.ts';
import { listed } from './read.ts';
import { tablesOf } from './ruleset.ts';
import { type NftSession, runOnce } from './session.ts';
import { networkSets, nftTables } from './vocabulary.ts';
import { isWhole } from './whole.ts';

/** The chains, and the datapath they are for. */
export interface NftChains {
  readonly text: string;
  readonly datapath: Datapath;
}

/** The tables that hold sets. */
const withSets = [nftTables.nat, nftTables.guard];

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);
const hashPrinted = (printed: string): string =>
  hash(printed.replace(/^\tset written_\w+ \{[^}]*\}\n/m, '').replace(/\n+/g, '\n'));

/** The name of an empty set that records from what the chains were written and how nft then printed them. */
const writtenSetName = (chains: NftChains, printed: string): string =>
  `written_${hash(chains.text)}_${hashPrinted(printed)}`;

/** The chains and the sets of networks as nft prints them, without changing elements; empty if there are none. */
async function printedTables(exec: Exec, datapath: Datapath, timeout?: number): Promise<string> {
  const tables = tablesOf(datapath).map((name) => `table ${name}`);
  const sets = withSets.flatMap((name) => networkSets.map((set) => `set ${name} ${set}`));
  const options = timeout === undefined ? {} : { timeout };
  const printed = [listed(exec, ['-s', '-t'], tables, options), listed(exec, ['-s'], sets, options)];
  return (await Promise.all(printed)).join('');
}

/** Whether the chains are as an agent wrote them, on either datapath; undefined if there is no record of that. */
export async function areChainsAsWritten(exec: Exec, timeout: number): Promise<boolean | undefined> {
  const printed = await printedTables(exec, 'netdev', timeout);
  const recorded = /^\tset written_[0-9a-f]+_([0-9a-f]+) \{/m.exec(printed)?.[1];
  return recorded === undefined ? undefined : recorded === hashPrinted(printed);
}

const batch = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

export class NftTable {
  readonly #exec: Exec;
  readonly #logger: Logger;
  readonly #session: Pick<NftSession, 'run'>;
  readonly #mutex = new Mutex();
  /** The text from which the chains were written. */
  #text: string | undefined;
  /** The elements in tables with the chains from that text. */
  readonly #content = new GuardedCopy<NftContent>();
  /** The elements in tables whose chains were not compared yet. */
  readonly #elements = new GuardedCopy<NftContent>();
  #limits: NftContent | undefined;

  /** `session` carries out small changes; without one, each starts nft. */
  constructor(
    exec: Exec,
    logger: Logger,
    session: Pick<NftSession, 'run'> = { run: (commands) => runOnce(exec, commands) },
  ) {
    this.#exec = exec;
    this.#logger = logger;
    this.#session = session;
  }

  /** Whether the elements are known without reading them. */
  get isKnown(): boolean {
    return this.#content.value !== undefined || this.#elements.value !== undefined;
  }

  /** Makes the next change read the tables first. */
  forget(): void {
    this.#content.forget();
    this.#elements.forget();
  }

  /** Makes the next `add` compare the chains with what is there. */
  doubtChains(): void {
    // elements that were read before the chains were are still what is there
    if (this.#content.value === undefined) return;
    this.forget();
  }

  /** Call it when a plan is begun: earlier limits do not apply to it, later ones do. */
  liftLimits(): void {
    this.#limits = undefined;
  }

  /** Calls `changed` if somebody else changed elements, according to what `nft -j monitor` printed. */
  heard(printed: string, changed: () => void): Promise<void> {
    // what we change ourselves is known when the change has ended
    return this.#mutex.run(() => {
      const known = this.#content.value ?? this.#elements.value;
      if (known !== undefined && differsAfter(known, printed)) changed();
      return Promise.resolve();
    });
  }

  /**
   * Restricts and removes at once what exceeds the limits; the limits also apply to the current plan. Returns whether
   * anything changed; `chains` makes the chains that limits lead to. If single changes fail, or the tables hold what cannot be read, the sets are filled again; sets
   * that are not there stay so.
   */
  restrict(limits: NftContent, chains: readonly string[] = []): Promise<boolean> {
    return this.#mutex.run(async () => {
      this.#limits = limits;
      const copy = this.#content.value === undefined ? this.#elements : this.#content;
      const keep = copy.begin();
      const before = copy.value ?? wholeContent(await this.#read());
      if (before === undefined) return this.#refill(limits, chains);
      const wanted = reusing(before, within(before, limits));
      const elements = changes(before, wanted);
      const commands = leadsToRules(elements) ? [...chains, ...elements] : elements;
      if (!(await this.#succeeds(commands))) return this.#refill(limits, chains);
      keep(wanted);
      return commands.length > 0;
    });
  }

  /**
   * Adds what is missing. Chains that differ, or that somebody changed, are replaced with all elements in one
   * transaction, and so are elements that cannot be read or changed; returns whether they were.
   */
  add(chains: NftChains, plan: NftContent): Promise<boolean> {
    return this.#mutex.run(async () => {
      const keep = this.#content.begin();
      const limited = this.#limited(plan);
      const isOurs = this.#content.value === undefined ? await this.#isWritten(chains) : this.#text === chains.text;
      const before = isOurs ? await this.#present() : undefined;
      const wanted = before === undefined ? limited : reusing(before, limited);
      if (before === undefined || !(await this.#succeeds(additions(before, wanted)))) {
        await this.#write(chains, wanted);
        keep(wanted);
        return true;
      }
      this.#text = chains.text;
      keep(added(before, wanted));
      return false;
    });
  }

  /** Removes what is not wanted, after `add`. */
  remove(chains: NftChains, plan: NftContent): Promise<void> {
    return this.#mutex.run(async () => {
      const keep = this.#content.begin();
      const limited = this.#limited(plan);
      const before = await this.#present();
      const wanted = before === undefined ? limited : reusing(before, limited);
      if (before === undefined || !(await this.#succeeds(removals(before, wanted)))) await this.#write(chains, wanted);
      keep(wanted);
    });
  }

  #limited(plan: NftContent): NftContent {
    return this.#limits === undefined ? plan : within(plan, this.#limits);
  }

  async #write(chains: NftChains, wanted: NftContent): Promise<void> {
    const isLost = this.#text === chains.text;
    await must(this.#exec, 'nft', ['-f', '-'], { input: chains.text + batch(additions(emptyContent, wanted)) });
    const printed = await this.#printed(chains);
    // what is recorded counts as ours from then on
    if (!isWhole(chains.text, printed)) throw new Error('somebody removes our nft tables while they are written');
    await this.#commands([`add set ${nftTables.nat} ${writtenSetName(chains, printed)} { type mark; }`]);
    this.#text = chains.text;
    if (isLost)
      this.#logger.warn(
        { tables: tablesOf(chains.datapath) },
        'somebody removed or changed our nft tables: they were written again',
      );
    else this.#logger.info({ tables: tablesOf(chains.datapath) }, 'nft tables written');
  }

  /** Fills the sets again, within the limits; returns whether anything changed. */
  async #refill(limits: NftContent, chains: readonly string[]): Promise<boolean> {
    this.forget();
    // without them the sets that lead there are not filled, which closes
    await this.#succeeds(chains);
    const listing = await this.#read();
    const transactions = refills(listing, within(listing.content, limits));
    const results = await Promise.allSettled(transactions.map((commands) => this.#commands(commands)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return transactions.length > 0;
  }

  /** Whether nft carried the commands out. */
  async #succeeds(commands: readonly string[]): Promise<boolean> {
    try {
      await this.#commands(commands);
      return true;
    } catch (error) {
      this.#logger.warn({ err: error }, 'elements of our nft tables could not be changed one by one');
      return false;
    }
  }

  async #commands(commands: readonly string[]): Promise<void> {
    if (commands.length > 0) await this.#session.run(commands);
  }

  /** Whether the kernel has these chains as an agent wrote them, without changes since. */
  async #isWritten(chains: NftChains): Promise<boolean> {
    const printed = await this.#printed(chains);
    return printed.includes(`\tset ${writtenSetName(chains, printed)} {`);
  }

  #printed({ datapath }: NftChains): Promise<string> {
    return printedTables(this.#exec, datapath);
  }

  /** The elements as they are known or read; undefined if they cannot be changed one by one. */
  async #present(): Promise<NftContent | undefined> {
    return this.#content.value ?? this.#elements.value ?? wholeContent(await this.#read());
  }

  /** What is in the tables that are there. */
  async #read(): Promise<Listing> {
    const tables = withSets.map((name) => `table ${name}`);
    return parseListing(await listed(this.#exec, ['-j', '-n'], tables));
  }
}
