/**
 * Ends connections that must not continue, in the background. They are found in the kernel's table each time, by the
 * owner in their mark, so an agent that was killed or a missed change leaves nothing behind. Until a connection is
 * gone, nft drops its packets.
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
  /** Which sources owners may use now; undefined until that is known. */
  readonly ownership: () => Promise<Ownership | undefined>;
  /** Called with the number of connections that were ended. */
  readonly onEnded: (count: number) => void;
}

/**
 * What to do: judge everything; judge only what changes touched; delete, without judging, connections with a source
 * that their owner lost; delete what nft marked.
 */
type Work = 'all' | 'touched' | 'lost' | 'marked';

const passOverMarked = ['-D', '-f', 'ipv4', '--mark', String(ctMark.ended)];
/** Milliseconds in which further marks by nft are gathered into one pass. */
const gather = 30;
/** Milliseconds in which further changes are gathered into one pass. */
const gatherChanges = 200;

export class Sweeper {
  readonly #deps: SweeperDeps;
  readonly #queue: WorkQueue;
  readonly #touched = new Touched();

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
    this.#queue = createQueue({ logger: deps.logger, concurrency: 2, baseDelay: 100, maxDelay: 5_000 });
  }

  /** Schedules a pass over the whole table. */
  sweep(): void {
    this.#queue.add('all' satisfies Work);
  }

  /** Notes what a plan touches, before it is applied. */
  note(ownership: Ownership): void {
    this.#touched.note(ownership);
  }

  /** Schedules a pass over what the noted plans touched; connections with a source that their owner lost go at once. */
  sweepTouched(): void {
    if (this.#touched.isEmpty()) return;
    this.#queue.add('lost' satisfies Work);
    this.#queue.addAfter('touched' satisfies Work, gatherChanges);
  }

  /** Schedules the deletion of what nft marked. */
  sweepMarked(): void {
    this.#queue.addAfter('marked' satisfies Work, gather);
  }

  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#queue.process((key) => this.#work(key), signal);
  }

  async #work(work: string): Promise<void> {
    if (work === ('marked' satisfies Work)) await this.#delete([passOverMarked]);
    else if (work === ('lost' satisfies Work)) await this.#deleteLost();
    else if (work === ('touched' satisfies Work)) await this.#judgeTouched();
    else await this.#judge();
  }

  /** If this fails, the pass that follows finds the connections. */
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

  /** Judges by the state after the table was read, so that no connection is newer than the state it is judged by. */
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
      // status 1 means that nothing matched: the connections ended by themselves
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
