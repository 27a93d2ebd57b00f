/** Keeps the table for egress IPs that drain. Without it connections break, and nothing leaves that should not. */
import type { Logger } from '../../io/log.ts';
import { type Exec, must } from '../../io/programs/exec.ts';
import { listed } from './read.ts';
import { nftTables } from './vocabulary.ts';

/** What was written, and how nft printed it then; without text there is no table. */
interface Written {
  readonly text: string | undefined;
  readonly printed: string;
}

export class DrainWriter {
  readonly #exec: Exec;
  readonly #logger: Logger;
  #written: Written | undefined;
  #mayDiffer = true;
  #failure: string | undefined;

  constructor(exec: Exec, logger: Logger) {
    this.#exec = exec;
    this.#logger = logger;
  }

  /** Somebody may have changed the table. */
  forget(): void {
    this.#mayDiffer = true;
  }

  /** Makes the table as these commands do; undefined: there is none. Logs if that is not possible. */
  async apply(commands: readonly string[] | undefined): Promise<void> {
    const text = commands === undefined ? undefined : `${commands.join('\n')}\n`;
    try {
      await this.#write(text);
      this.#failure = undefined;
    } catch (error) {
      this.#written = undefined;
      this.#mayDiffer = true;
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== this.#failure)
        this.#logger.error({ reason }, 'connections of egress IPs that drain cannot be handed to the old node');
      this.#failure = reason;
    }
  }

  async #write(text: string | undefined): Promise<void> {
    const before = this.#written;
    if (before?.text === text && (text === undefined ? before !== undefined : !this.#mayDiffer)) return;
    this.#mayDiffer = false;
    const printed = await this.#printed();
    if (before?.text === text && before?.printed === printed) return;
    if (text !== undefined) await must(this.#exec, 'nft', ['-f', '-'], { input: text });
    else if (printed !== '') await must(this.#exec, 'nft', ['delete', 'table', ...nftTables.drain.split(' ')]);
    this.#written = { text, printed: text === undefined ? '' : await this.#printed() };
  }

  #printed(): Promise<string> {
    return listed(this.#exec, [], [`table ${nftTables.drain}`]);
  }
}
