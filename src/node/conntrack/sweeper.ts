/**
 * Ends connections that must not continue, in the background. They are found in the kernel's table each time, by the
 * owner in their mark, so an agent that was killed or a missed change leaves nothing behind. Until a connection is
 * gone, nft drops its packets.
 */
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import type { Logger } from '../../io/log.ts';
import { type Exec, must } from '../../io/programs/exec.ts';
import { ctMark } from '../ovs/pipeline.ts';
import { mostLooks, type Selection, selectionArgs } from './affected.ts';
import { readConnections } from './connection.ts';
import { deleteConnections } from './delete.ts';
import { deletionPasses, type Judged, mostPasses, passOver } from './passes.ts';
import { type PortUse, SourcePorts } from './source-ports.ts';
import { judge, type Ownership } from './stale.ts';
import { Touched } from './touched.ts';

export interface SweeperDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  /** Which sources owners may use now; undefined until that is known. */
  readonly ownership: () => Promise<Ownership | undefined>;
  /** Called with the number of connections that were ended. */
  readonly onEnded: (count: number) => void;
  /** Called with the most used source ports of this node's egress IPs, whenever the whole table was read. */
  readonly onPorts: (uses: readonly PortUse[]) => void;
}

/** Deletions without a look: connections with a source that their owner lost; those that nft marked. */
type Urgent = 'lost' | 'marked';
/** Looks at the table: at all of it, or at what changes touched. */
type Look = 'all' | 'touched';

const passOverMarked = ['-D', '-f', 'ipv4', '--mark', String(ctMark.ended)];
/** Milliseconds in which further marks by nft are gathered into one pass. */
const gather = 30;
/** Milliseconds in which further changes are gathered into one pass. */
const gatherChanges = 200;

export class Sweeper {
  readonly #deps: SweeperDeps;
  /** What needs no look at the table, and waits for none. */
  readonly #urgent: WorkQueue;
  readonly #looks: WorkQueue;
  readonly #touched = new Touched();
  /** Counts the plans. */
  #plans = 0;

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
    const options = { logger: deps.logger, baseDelay: 100, maxDelay: 5_000 };
    this.#urgent = createQueue(options);
    this.#looks = createQueue(options);
  }

  /** Schedules a pass over the whole table. */
  sweep(): void {
    this.#looks.add('all' satisfies Look);
  }

  /** Notes what a plan touches, before it is applied. */
  note(ownership: Ownership): void {
    this.#plans += 1;
    this.#touched.note(ownership);
  }

  /** Schedules a pass over what the noted plans touched; connections with a source that their owner lost go at once. */
  sweepTouched(): void {
    if (this.#touched.isEmpty()) return;
    this.#urgent.add('lost' satisfies Urgent);
    this.#looks.addAfter('touched' satisfies Look, gatherChanges);
  }

  /** Schedules the deletion of what nft marked. */
  sweepMarked(): void {
    this.#urgent.addAfter('marked' satisfies Urgent, gather);
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#urgent.process(
        (key) => (key === ('marked' satisfies Urgent) ? this.#deleteMarked() : this.#deleteLost()),
        signal,
      ),
      this.#looks.process(
        (key) => (key === ('touched' satisfies Look) ? this.#judgeTouched() : this.#judgeAll()),
        signal,
      ),
    ]);
  }

  async #deleteMarked(): Promise<void> {
    await this.#delete([passOverMarked]);
  }

  /** If this fails, the pass that follows finds the connections. */
  async #deleteLost(): Promise<void> {
    const lost = this.#touched.takeLost();
    if (lost.length <= mostLooks) await this.#delete(lost.map(passOver));
  }

  async #judgeAll(): Promise<void> {
    await this.#look();
  }

  async #judgeTouched(): Promise<void> {
    const selections = this.#touched.takeSelections();
    try {
      if (selections === 'all') await this.#judgeAll();
      else {
        let left = mostPasses;
        for (const selection of selections) left -= await this.#look(selection, left);
      }
    } catch (error) {
      this.#touched.add(selections);
      throw error;
    }
  }

  /**
   * Looks at the table, or at a selection of it, and deletes what must end; returns the number of passes. Judges by the
   * state after the table was read, so that no connection is newer than the state it is judged by. If there is a new
   * plan before the last pass, the rest is judged again.
   */
  async #look(selection?: Selection, most = mostPasses): Promise<number> {
    const { exec, ownership } = this.#deps;
    const args = selection === undefined ? [] : selectionArgs(selection);
    const listing = await must(exec, 'conntrack', ['-L', '-f', 'ipv4', ...args]);
    const plans = this.#plans;
    const now = await ownership();
    if (now === undefined) return 0;
    const isStale = judge(now);
    const ports = new SourcePorts(now.hosted);
    const judged: Judged[] = [];
    for await (const connections of readConnections(listing)) {
      for (const connection of connections) {
        judged.push({ connection, stale: isStale(connection) });
        ports.note(connection);
      }
    }
    if (selection === undefined) this.#deps.onPorts(ports.top());
    const passes = deletionPasses(judged, selection, most);
    const isDone = await this.#delete(passes, () => this.#plans === plans);
    if (!isDone) this.#looks.add('all' satisfies Look);
    return passes.length;
  }

  /** Makes the passes while they are wanted; returns whether all of them were. */
  async #delete(passes: readonly (readonly string[])[], isWanted: () => boolean = () => true): Promise<boolean> {
    const { exec, logger, onEnded } = this.#deps;
    let ended = 0;
    let made = 0;
    for (const args of passes) {
      if (!isWanted()) break;
      ended += await deleteConnections(exec, args);
      made += 1;
    }
    if (ended > 0) {
      onEnded(ended);
      logger.info({ connections: ended, passes: made }, 'connections ended whose packets may not leave as they did');
    }
    return made === passes.length;
  }
}
