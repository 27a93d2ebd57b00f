/** The nft table in the kernel: read, written, and compared with what was last written. Decides nothing. */
import { type Exec, must } from '../../io/exec.ts';
import { additions, emptyContent, type NftContent, parseContent, removals } from './elements.ts';
import { nftTable } from './ruleset.ts';

const batch = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

export class NftTable {
  readonly #exec: Exec;
  /** What was written: the chains as asked for, and as nft prints them. */
  #written: { readonly base: string; readonly printed: string } | undefined;
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
    const isOurs = this.#written?.base === base && (this.#content !== undefined || (await this.#printed()) === this.#written.printed);
    const before = this.#content ?? (await this.#read());
    if (isOurs) await this.#commands(additions(before, wanted));
    else {
      await must(this.#exec, 'nft', ['-f', '-'], { input: base + batch(additions(emptyContent, wanted)) });
      this.#written = { base, printed: await this.#printed() };
    }
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

  /** The chains as nft prints them, without elements; empty when there is no table. */
  async #printed(): Promise<string> {
    return (await this.#exec('nft', ['-s', '-t', 'list', 'table', 'ip', nftTable])).stdout;
  }

  async #read(): Promise<NftContent> {
    const listing = await this.#exec('nft', ['-j', 'list', 'table', 'ip', nftTable]);
    return listing.status === 0 ? parseContent(listing.stdout) : emptyContent;
  }
}
