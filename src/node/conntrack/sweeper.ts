/**
 * Ends connections that may not go on, beside everything else: nobody waits for it. What must end is found in the
 * kernel's table each time, by the owner that each connection bears, so an agent that was killed, or a change that was
 * missed, leaves nothing behind; nft drops the packets of such a connection until it is gone.
 */
import { type Exec, ExecError, must } from '../../io/exec.ts';
import type { Logger } from '../../io/log.ts';
import { createQueue, type WorkQueue } from '../../io/queue.ts';
import { ctMark } from '../ovs/pipeline.ts';
import { readConnections } from './connection.ts';
import { deletionPasses, type Judged } from './passes.ts';
import { judge, type Ownership } from './stale.ts';

export interface SweeperDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  /** Who may leave as what now; undefined before that is known. */
  readonly ownership: () => Promise<Ownership | undefined>;
  /** Told how many connections have been ended. */
  readonly onEnded: (count: number) => void;
}

/** Everything is judged, or only what nft has marked is deleted. */
type Work = 'all' | 'marked';

const passOverMarked = ['-D', '-f', 'ipv4', '--mark', String(ctMark.ended)];
/** Milliseconds in which further marks of nft become one pass. */
const gather = 30;

export class Sweeper {
  readonly #deps: SweeperDeps;
  readonly #queue: WorkQueue;

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
    this.#queue = createQueue({ logger: deps.logger, baseDelay: 100, maxDelay: 5_000 });
  }

  /** Judges every connection of the table, soon. */
  sweep(): void {
    this.#queue.add('all' satisfies Work);
  }

  /** Deletes what nft has marked, soon. */
  sweepMarked(): void {
    this.#queue.addAfter('marked' satisfies Work, gather);
  }

  /** Works until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#queue.process(
      (key) => (key === ('all' satisfies Work) ? this.#sweepAll() : this.#delete([passOverMarked])),
      signal,
    );
  }

  async #sweepAll(): Promise<void> {
    const { exec, ownership } = this.#deps;
    const listing = await must(exec, 'conntrack', ['-L', '-f', 'ipv4']);
    const now = await ownership();
    if (now === undefined) return;
    const isStale = judge(now);
    const judged: Judged[] = [];
    for await (const connections of readConnections(listing)) {
      for (const connection of connections) judged.push({ connection, stale: isStale(connection) });
    }
    await this.#delete(deletionPasses(judged));
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
