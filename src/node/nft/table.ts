/** The nft table in the kernel: read, written, and compared with what was last written. Decides nothing. */
import { createHash } from 'node:crypto';
import { type Exec, must } from '../../io/exec.ts';
import { additions, emptyContent, type NftContent, parseContent, removals } from './elements.ts';
import { nftTable } from './ruleset.ts';

/** Name of the empty set that says what the chains were written from and how nft printed them then. */
function markOf(base: string, printed: string): string {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);
  return `written_${hash(base)}_${hash(printed.replace(/^\tset written_\w+ \{[^}]*\}\n/m, '').replace(/\n+/g, '\n'))}`;
}

const batch = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

export class NftTable {
  readonly #exec: Exec;
  /** What the chains were written from. */
  #base: string | undefined;
  #content: NftContent | undefined;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** Reads the table afresh before the next change. */
  forget(): void {
    this.#content = undefined;
  }

  /**
   * Adds what is missing and returns what was there before. Chains that are not as they should be, because they are
   * others or somebody changed them, are replaced with all elements in one transaction.
   */
  async add(base: string, wanted: NftContent): Promise<NftContent> {
    const isOurs = this.#content === undefined ? await this.#isWritten(base) : this.#base === base;
    const before = this.#content ?? (await this.#read());
    if (isOurs) await this.#commands(additions(before, wanted));
    else {
      await must(this.#exec, 'nft', ['-f', '-'], { input: base + batch(additions(emptyContent, wanted)) });
      await this.#commands([`add set ip ${nftTable} ${markOf(base, await this.#printed())} { type mark; }`]);
    }
    this.#base = base;
    return before;
  }

  /** Removes what is not wanted, after `add`. */
  async remove(before: NftContent, wanted: NftContent): Promise<void> {
    await this.#commands(this.#content === before ? removals(before, wanted) : removals(await this.#read(), wanted));
    this.#content = wanted;
  }

  async #commands(commands: readonly string[]): Promise<void> {
    if (commands.length > 0) await must(this.#exec, 'nft', ['-f', '-'], { input: batch(commands) });
  }

  /** Whether the chains are those of `base`, as an agent wrote them, and nobody has changed them since. */
  async #isWritten(base: string): Promise<boolean> {
    const printed = await this.#printed();
    return printed.includes(`\tset ${markOf(base, printed)} {`);
  }

  /** The chains as nft prints them, without elements; empty when there is no table. */
  async #printed(): Promise<string> {
    return (await this.#exec('nft', ['-s', '-t', 'list', 'table', 'ip', nftTable])).stdout;
  }

  async #read(): Promise<NftContent> {
    const listing = await this.#exec('nft', ['-j', 'list', 'table', 'ip', nftTable]);
    return listing.status === 0 ? parseContent(listing.stdout) : emptyContent;
  }
}
