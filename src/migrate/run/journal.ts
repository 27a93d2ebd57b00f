/**
 * Journals what was done with a plan, as lines of JSON in its folder. Each line is on disk before what comes after it,
 * so a run after a kill knows what was begun. Lines are only ever added.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../../model/objects/raw.ts';
import { isRecord } from '../../model/values/json.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { journalName } from '../plan/folder.ts';
import { settled } from '../plan/lock.ts';
import { Unwritable } from '../plan/unwritable.ts';

/**
 * `begin` precedes a write, `done` follows it, `redo` takes a `done` back; `back-done` ends a round, as if the plan had
 * never been begun.
 */
export interface Entry {
  readonly event: 'plan' | 'begin' | 'done' | 'skip' | 'redo' | 'back-begin' | 'back-done';
  /** With `plan`: a hash of the plan that was begun, and the uid of the cluster that it was begun in. */
  readonly plan?: string;
  readonly cluster?: string;
  readonly step?: string;
  readonly action?: string;
  /** refKey of the object. */
  readonly object?: string;
  /** With `begin`: whether the object existed and belonged to somebody else. */
  readonly existed?: boolean;
  /** With `begin` of what is cleared or deleted in the end: the object, if it was not as in the backup. */
  readonly found?: KubeObject;
  /** With `done`: whether anything had to be written, and the object's uid and version then. */
  readonly wrote?: boolean;
  /** With `back-begin`: the boot ID of each node that the new plugin ran on. */
  readonly boots?: Readonly<Record<string, string>>;
  /** With `back-begin`: kinds of OpenShift SDN of which nothing was left, as after the vendor's clearing. */
  readonly purged?: readonly string[];
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** What the entries since the last `back-done` show. */
export interface Progress {
  readonly plan: string | undefined;
  /** The uid of the cluster; undefined if it was not recorded. */
  readonly cluster: string | undefined;
  readonly isGoingBack: boolean;
  /** Whether a way back ended and nothing was begun since. */
  readonly isBack: boolean;
  /** Whether finalize was begun: the cluster then no longer shows what the plan was made from. */
  readonly isFinalizing: boolean;
  /** The entry that began each change, by `changeKey`. */
  readonly begun: ReadonlyMap<string, Entry>;
  readonly done: ReadonlyMap<string, Entry>;
  /** What finalize found that was not as in the backup, by `refKey`. */
  readonly found: ReadonlyMap<string, KubeObject>;
  /** The boot ID that each node had when the way back began; empty if the old plugin ran already. */
  readonly boots: ReadonlyMap<string, string>;
  /** Kinds of OpenShift SDN of which nothing was left when the way back began. */
  readonly purged: ReadonlySet<string>;
  /** What the admin left out, by `refKey`. */
  readonly skipped: ReadonlySet<string>;
  /** What the admin left out of the way back, by `refKey`. */
  readonly leftOnBack: ReadonlySet<string>;
}

/** The step of entries of what the admin left out of the way back. */
export const backStep = 'back';

/** A unique text for each change of a plan. */
export function changeKey(step: string, object: string): string {
  return `${step} ${object}`;
}

/** Computes the progress that the entries show. Pure. */
export function progressOf(entries: readonly Entry[]): Progress {
  const last = entries.findLastIndex(({ event }) => event === 'back-done');
  const current = entries.slice(last + 1);
  const keyOf = ({ step = '', object = '' }: Entry): string => changeKey(step, object);
  const done = new Map<string, Entry>();
  for (const entry of current) {
    if (entry.event === 'done') done.set(keyOf(entry), entry);
    else if (entry.event === 'redo') done.delete(keyOf(entry));
  }
  const plans = current.filter(({ event }) => event === 'plan');
  return {
    // an update of a plan is a new one
    plan: plans.at(-1)?.plan,
    cluster: plans.find(({ cluster }) => cluster !== undefined)?.cluster,
    isBack: last >= 0 && plans.length === 0,
    isGoingBack: current.some(({ event }) => event === 'back-begin'),
    isFinalizing: current.some(({ event, step }) => event === 'begin' && step === 'finalize'),
    // the first entry says whether the object existed before; a later one, that others made it again
    begun: new Map(
      current
        .filter(({ event }) => event === 'begin')
        .toReversed()
        .sort((a, b) => Number(a.existed === true) - Number(b.existed === true))
        .map((one) => [keyOf(one), one]),
    ),
    done,
    found: new Map(
      current.flatMap(({ object, found }) => (object === undefined || found === undefined ? [] : [[object, found]])),
    ),
    boots: new Map(Object.entries(current.find(({ boots = {} }) => Object.keys(boots).length > 0)?.boots ?? {})),
    purged: new Set(current.flatMap(({ purged = [] }) => purged)),
    skipped: leftOut(current.filter(({ step }) => step !== backStep)),
    leftOnBack: leftOut(current.filter(({ step }) => step === backStep)),
  };
}

function leftOut(entries: readonly Entry[]): ReadonlySet<string> {
  return new Set(entries.flatMap(({ event, object }) => (event === 'skip' && object !== undefined ? [object] : [])));
}

/** Reads the entries of the folder's journal; none if there is no journal. Skips lines that a kill cut short. */
export async function readJournal(folder: string): Promise<Result<readonly Entry[]>> {
  const file = join(folder, journalName);
  await settled(folder);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isRecord(error) && error['code'] === 'ENOENT') return '';
    throw error;
  });
  const entries: Entry[] = [];
  for (const [index, whole] of text.split('\n').entries()) {
    const line = whole.trim(); // an editor may have changed the line ends
    if (line === '' || isTorn(line)) continue;
    const entry = entryOf(line);
    if (entry === undefined) return err(`${file}:${index + 1}: this is no entry of a journal`);
    entries.push(entry);
  }
  return ok(entries);
}

/** Whether a kill cut the line short. Every entry begins alike. */
function isTorn(line: string): boolean {
  const start = '{"event":"';
  return !line.endsWith('}') && line.slice(0, start.length) === start.slice(0, line.length);
}

function isEntry(value: unknown): value is Entry {
  return (
    isRecord(value) &&
    (value['found'] === undefined || (isRecord(value['found']) && isRecord(value['found']['metadata']))) &&
    ['plan', 'begin', 'done', 'skip', 'redo', 'back-begin', 'back-done'].includes(String(value['event']))
  );
}

function entryOf(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The text of a journal with these entries. */
export function journalText(entries: readonly Entry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

/** Adds entries. Those that arrive together share one wait for the disk. */
export class Journal {
  readonly #name: string;
  readonly #file: FileHandle;
  /** Bytes that are whole lines. */
  #size: number;
  #waiting: string[] = [];
  #flush: Promise<void> | undefined;

  private constructor(name: string, file: FileHandle, size: number) {
    this.#name = name;
    this.#file = file;
    this.#size = size;
  }

  /** Opens the folder's journal for adding. Creates it, mode 0600, if there is none. */
  static async open(folder: string): Promise<Journal> {
    const name = join(folder, journalName);
    const file = await open(name, 'a', 0o600).catch((error: unknown) => {
      throw new Unwritable(name, error);
    });
    try {
      await file.appendFile('\n'); // ends a line that a kill cut short
    } catch (error) {
      await file.close();
      throw new Unwritable(name, error);
    }
    const directory = await open(folder);
    await directory.sync().finally(() => directory.close());
    return new Journal(name, file, (await file.stat()).size);
  }

  /** Resolves when the entry is on the disk. */
  async add(entry: Entry): Promise<void> {
    this.#waiting.push(`${JSON.stringify(entry)}\n`);
    while (this.#flush !== undefined) await this.#flush;
    if (this.#waiting.length === 0) return;
    this.#flush = this.#write().finally(() => (this.#flush = undefined));
    await this.#flush;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    const text = lines.join('');
    try {
      await this.#file.appendFile(text);
      await this.#file.datasync();
      this.#size += Buffer.byteLength(text);
    } catch (error) {
      // a full disk leaves half a line, and the next entry would be glued to it
      await this.#file.truncate(this.#size).catch(() => undefined);
      throw new Unwritable(this.#name, error);
    }
  }
}
