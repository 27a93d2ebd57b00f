/** The nft table in the kernel: read, written, and compared with what was last written. Decides nothing. */
import { createHash } from 'node:crypto';
import { type Exec, must } from '../../io/exec.ts';
import { Turns } from '../../io/turns.ts';
import { Remembered } from '../remembered.ts';
import { added, additions, emptyContent, type NftContent, parseContent, removals, within } from './elements.ts';
import { networkSets, nftTable } from './ruleset.ts';

/** Name of the empty set that says what the chains were written from and how nft printed them then. */
function markOf(base: string, printed: string): string {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);
  return `written_${hash(base)}_${hash(printed.replace(/^\tset written_\w+ \{[^}]*\}\n/m, '').replace(/\n+/g, '\n'))}`;
}

const batch = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

export class NftTable {
  readonly #exec: Exec;
  readonly #turns = new Turns();
  /** What the chains were written from. */
  #base: string | undefined;
  readonly #content = new Remembered<NftContent>();
  #limits: NftContent | undefined;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** Reads the table afresh before the next change. */
  forget(): void {
    this.#content.forget();
  }

  /** To be called when a plan is begun: the limits of before do not hold for it, those that come from now on do. */
  begin(): void {
    this.#limits = undefined;
  }

  /**
   * Restricts and removes at once what is beyond the limits, also in the plan begun last. Returns what was there before
   * when that was something; undefined when nothing had to be done, or there is no table.
   */
  close(limits: NftContent): Promise<NftContent | undefined> {
    return this.#turns.take(async () => {
      this.#limits = limits;
      const keep = this.#content.begin();
      const known = this.#content.value;
      const before = known ?? (await this.#read());
      if (before === undefined) return undefined;
      const wanted = within(before, limits);
      const commands = [...additions(before, wanted), ...removals(before, wanted)];
      await this.#commands(commands);
      // what nobody has compared with the chains yet stays to be read
      if (known !== undefined) keep(wanted);
      return commands.length > 0 ? before : undefined;
    });
  }

  /**
   * Adds what is missing and returns what was there before. Chains that are not as they should be, because they are
   * others or somebody changed them, are replaced with all elements in one transaction.
   */
  add(base: string, plan: NftContent): Promise<NftContent> {
    return this.#turns.take(async () => {
      const keep = this.#content.begin();
      const wanted = this.#limited(plan);
      const isOurs = this.#content.value === undefined ? await this.#isWritten(base) : this.#base === base;
      const before = this.#content.value ?? (await this.#read()) ?? emptyContent;
      if (isOurs) await this.#commands(additions(before, wanted));
      else {
        await must(this.#exec, 'nft', ['-f', '-'], { input: base + batch(additions(emptyContent, wanted)) });
        await this.#commands([`add set ip ${nftTable} ${markOf(base, await this.#printed())} { type mark; }`]);
      }
      this.#base = base;
      keep(isOurs ? added(before, wanted) : wanted);
      return before;
    });
  }

  /** Removes what is not wanted, after `add`. */
  remove(plan: NftContent): Promise<void> {
    return this.#turns.take(async () => {
      const keep = this.#content.begin();
      const wanted = this.#limited(plan);
      await this.#commands(removals(this.#content.value ?? (await this.#read()) ?? emptyContent, wanted));
      keep(wanted);
    });
  }

  #limited(plan: NftContent): NftContent {
    return this.#limits === undefined ? plan : within(plan, this.#limits);
  }

  async #commands(commands: readonly string[]): Promise<void> {
    if (commands.length > 0) await must(this.#exec, 'nft', ['-f', '-'], { input: batch(commands) });
  }

  /** Whether the chains are those of `base`, as an agent wrote them, and nobody has changed them since. */
  async #isWritten(base: string): Promise<boolean> {
    const printed = await this.#printed();
    return printed.includes(`\tset ${markOf(base, printed)} {`);
  }

  /** The chains and the sets of networks as nft prints them, without elements that change; empty when there is no table. */
  async #printed(): Promise<string> {
    const lists = [['-t', 'list', 'table', 'ip', nftTable], ...networkSets.map((name) => ['list', 'set', 'ip', nftTable, name])];
    return (await Promise.all(lists.map((list) => this.#exec('nft', ['-s', ...list])))).map(({ stdout }) => stdout).join('');
  }

  /** The elements; undefined when there is no table. */
  async #read(): Promise<NftContent | undefined> {
    const listing = await this.#exec('nft', ['-j', 'list', 'table', 'ip', nftTable]);
    return listing.status === 0 ? parseContent(listing.stdout) : undefined;
  }
}
