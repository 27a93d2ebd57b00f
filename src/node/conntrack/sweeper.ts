/**
 * Ends connections that may not go on, beside everything else: nobody waits for it. What must end is found in the
 * kernel's table each time, by the owner that each connection bears, so an agent that was killed, or a change that was
 * missed, leaves nothing behind; nft drops the packets of such a connection until it is gone.
 */
import { type Exec, ExecError, must } from '../../io/exec.ts';
import type { Logger } from '../../io/log.ts';
import { createQueue, type WorkQueue } from '../../io/queue.ts';
import { ctMark } from '../ovs/pipeline.ts';
import { mostLooks, type Selection, selectionArgs } from './affected.ts';
import { readConnections } from './connection.ts';
import { deletionPasses, type Judged, passOver } from './passes.ts';
import { judge, type Ownership } from './stale.ts';
import { Touched } from './touched.ts';

export interface SweeperDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  /** Who may leave as what now; undefined before that is known. */
  readonly ownership: () => Promise<Ownership | undefined>;
  /** Told how many connections have been ended. */
  readonly onEnded: (count: number) => void;
}

/**
 * Everything is judged, or only what changes may have made stale; what owners have with a source that they lost is deleted
 * without a look, and so is what nft has marked.
 */
type Work = 'all' | 'touched' | 'lost' | 'marked';

const passOverMarked = ['-D', '-f', 'ipv4', '--mark', String(ctMark.ended)];
/** Milliseconds in which further marks of nft become one pass. */
const gather = 30;
/** Milliseconds in which further changes become one look at the table. */
const gatherChanges = 200;

export class Sweeper {
  readonly #deps: SweeperDeps;
  readonly #queue: WorkQueue;
  readonly #touched = new Touched();

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
    this.#queue = createQueue({ logger: deps.logger, concurrency: 2, baseDelay: 100, maxDelay: 5_000 });
  }

  /** Judges every connection of the table, soon. */
  sweep(): void {
    this.#queue.add('all' satisfies Work);
  }

  /** Notes what a plan touches, before it is brought about. */
  note(ownership: Ownership): void {
    this.#touched.note(ownership);
  }

  /** Ends what the plans noted so far have made stale: at once what an owner has with a source that it lost. */
  sweepTouched(): void {
    if (this.#touched.isEmpty()) return;
    this.#queue.add('lost' satisfies Work);
    this.#queue.addAfter('touched' satisfies Work, gatherChanges);
  }

  /** Deletes what nft has marked, soon. */
  sweepMarked(): void {
    this.#queue.addAfter('marked' satisfies Work, gather);
  }

  /** Works until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#queue.process((key) => this.#work(key), signal);
  }

  async #work(work: string): Promise<void> {
    if (work === ('marked' satisfies Work)) await this.#delete([passOverMarked]);
    else if (work === ('lost' satisfies Work)) await this.#deleteLost();
    else if (work === ('touched' satisfies Work)) await this.#judgeTouched();
    else await this.#judge();
  }

  /** What fails here is found by the look that follows. */
  async #deleteLost(): Promise<void> {
    const lost = this.#touched.takeLost();
    if (lost.length <= mostLooks) await this.#delete(lost.map(passOver));
  }

  async #judgeTouched(): Promise<void> {
    const selections = this.#touched.takeSelections();
    try {
      if (selections === 'all') await this.#judge();
      else for (const selection of selections) await this.#judge(selection);
    } catch (error) {
      this.#touched.add(selections);
      throw error;
    }
  }

  /** Judges by what holds when the table has been read: no connection that is newer than the verdict is judged by it. */
  async #judge(selection?: Selection): Promise<void> {
    const { exec, ownership } = this.#deps;
    const args = selection === undefined ? [] : selectionArgs(selection);
    const listing = await must(exec, 'conntrack', ['-L', '-f', 'ipv4', ...args]);
    const now = await ownership();
    if (now === undefined) return;
    const isStale = judge(now);
    const judged: Judged[] = [];
    for await (const connections of readConnections(listing)) {
      for (const connection of connections) judged.push({ connection, stale: isStale(connection) });
    }
    await this.#delete(deletionPasses(judged, selection));
  }

  async #delete(passes: readonly (readonly string[])[]): Promise<void> {
    const { exec, logger, onEnded } = this.#deps;
    let ended = 0;
    for (const args of passes) {
      const result = await exec('conntrack', args);
      // the status is 1 when nothing matched: the connections have ended by themselves
      const [, count] = /(\d+) flow entries have been deleted/.exec(result.stderr) ?? [];
      if (count === undefined) throw new ExecError('conntrack', args, result);
      ended += Number(count);
    }
    if (ended === 0) return;
    onEnded(ended);
    logger.info(
      { connections: ended, passes: passes.length },
      'connections ended whose packets may not leave as they did',
    );
  }
}
