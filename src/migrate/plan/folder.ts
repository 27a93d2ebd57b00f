/**
 * Writes the folder of a plan: plan.yaml, objects/ and backup/ with one file for each object, findings.json,
 * placement.json. The same plan gives the same bytes. Folder 0700, files 0600: they reveal a lot about a cluster.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync, writevSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { KubeObject } from '../../model/objects/raw.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { type ObjectRef, objectRef, refKey } from '../ref.ts';
import { type Change, refOf } from '../translation.ts';
import { alone, freshFolder, isTaken, lockName } from './lock.ts';
import { type Plan } from './plan.ts';
import { Unwritable } from './unwritable.ts';
import { objectYAML, plainYAML } from './yaml.ts';

/** Version of the folder's format. A program refuses versions that it does not know. */
export const formatVersion = 2;

/** Its plans have no id. An update of one stays one, because its writes are known by the field manager without id. */
const withoutId = 1;

/** Records what was done with a plan, in its folder; journal.ts writes it. */
export const journalName = 'journal.ndjson';

/** In the order in which they are moved into place. */
const own = ['objects', 'backup', 'seen', 'findings.json', 'placement.json', 'report.html', 'report.md', 'plan.yaml'];
const staging = '.new';
/** As many buffers as one call accepts. */
const partsAtOnce = 1_000;
const longestStem = 180;

/**
 * Writes the plan. Creates the folder if needed, and replaces a plan in it that nobody began to apply. Everything is
 * written to a subfolder and then moved, plan.yaml last: a folder without it holds no plan. Refuses a folder with other
 * things in it, one whose plan was begun, and one whose plan another command works with. `reports` are more files, by
 * name. Throws, naming the folder, if the system refuses, as on a full disk.
 */
export async function writePlan(
  folder: string,
  plan: Plan,
  reports: ReadonlyMap<string, string> = new Map(),
): Promise<Result<void>> {
  const work = (): Promise<Result<void>> =>
    replaced(folder, plan, reports).catch((error: unknown) => {
      throw error instanceof Unwritable ? error : new Unwritable(folder, error);
    });
  if (!existsSync(join(folder, 'plan.yaml'))) return work();
  return (await alone(folder, work)) ?? err(`${folder}: ${isTaken}`);
}

async function replaced(folder: string, plan: Plan, reports: ReadonlyMap<string, string>): Promise<Result<void>> {
  const opened = await contents(folder);
  if (!opened.ok) return opened;
  const present = opened.value;
  if (present.includes(journalName))
    return err(`${folder}: its plan was begun (${journalName} is there): give another folder`);
  const foreign = present.filter((name) => name !== staging && name !== lockName && !own.includes(name)).sort();
  if (foreign.length > 0)
    return err(`${folder}: it holds ${foreign.slice(0, 3).join(', ')}, which is of no plan: give an empty folder`);
  await chmod(folder, 0o700);
  const stage = join(folder, staging);
  await rm(stage, { recursive: true, force: true });
  try {
    await mkdir(stage, { mode: 0o700 });
    writeFiles(stage, plan, reports);
    for (const name of [...own].reverse()) await rm(join(folder, name), { recursive: true, force: true });
    const made = new Set(await readdir(stage));
    for (const name of own.filter((one) => made.has(one))) await rename(join(stage, name), join(folder, name));
  } finally {
    // what is left of it would keep a full disk full
    await rm(stage, { recursive: true, force: true });
  }
  return ok(undefined);
}

/**
 * Replaces a plan that was begun, with its journal, by another. The new folder is written beside the old one, which is
 * then renamed and stays: a kill leaves both whole. Returns the name that the old folder has now.
 */
export async function replacePlan(
  folder: string,
  plan: Plan,
  { reports, journal }: { readonly reports: ReadonlyMap<string, string>; readonly journal: string },
): Promise<Result<string>> {
  const whole = resolve(folder);
  const fresh = freshFolder(folder);
  try {
    await rm(fresh, { recursive: true, force: true });
    const written = await writePlan(fresh, plan, reports);
    if (!written.ok) return written;
    await writeFile(join(fresh, journalName), journal, { mode: 0o600, flush: true });
    const old = await freeName(whole);
    await rename(whole, old);
    await rename(fresh, whole).catch(async (error: unknown) => {
      await rename(old, whole);
      throw error;
    });
    // its holder loses sight of it
    await rm(join(old, lockName), { force: true });
    return ok(old);
  } catch (error) {
    return err(`${folder} cannot be updated: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    if (existsSync(whole)) await rm(fresh, { recursive: true, force: true });
  }
}

async function freeName(folder: string): Promise<string> {
  const names = new Set(await readdir(dirname(folder)));
  for (let count = 1; ; count++) {
    const name = `${basename(folder)}.before-${count}`;
    if (!names.has(name)) return join(dirname(folder), name);
  }
}

/** What is in the folder, which is created if needed; the reason if it cannot be created or read. */
async function contents(folder: string): Promise<Result<readonly string[]>> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return ok(await readdir(folder));
  } catch (error) {
    return err(`${folder} cannot be the plan's folder: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Writes without yielding: with many thousands of small files that takes a fraction of the time. */
function writeFiles(stage: string, plan: Plan, reports: ReadonlyMap<string, string>): void {
  writeObjects(join(stage, 'backup'), [...plan.backup.values()]);
  if (plan.seen.size > 0) writeObjects(join(stage, 'seen'), [...plan.seen.values()]);
  const applied = plan.steps.flatMap(({ changes }) =>
    changes.flatMap((change) => (change.action === 'apply' ? [change.object] : [])),
  );
  const files = writeObjects(join(stage, 'objects'), applied);
  write(join(stage, 'findings.json'), `${JSON.stringify(plan.findings, null, 2)}\n`);
  writePlacement(join(stage, 'placement.json'), plan.placement);
  for (const [name, text] of reports) write(join(stage, name), text);
  write(join(stage, 'plan.yaml'), plainYAML(plainPlan(plan, files)));
}

/** Writes one line for each egress IP. Equal lists of nodes are encoded once, because they can be long and many. */
function writePlacement(file: string, placement: Plan['placement']): void {
  const known = new Map<readonly string[], Buffer>();
  const bytesOf = (names: readonly string[]): Buffer => {
    const bytes = known.get(names) ?? Buffer.from(JSON.stringify(names));
    known.set(names, bytes);
    return bytes;
  };
  const parts = [...placement].flatMap(([ip, { today, allowed, expected }], index) => {
    const start = `${index === 0 ? '{\n' : ',\n'}${JSON.stringify(ip)}: {"today": ${JSON.stringify(today)}, "allowed": `;
    const end = expected === undefined ? '}' : `, "expected": ${JSON.stringify(expected)}}`;
    return [Buffer.from(start), bytesOf(allowed), Buffer.from(end)];
  });
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    for (let at = 0; at < parts.length; at += partsAtOnce) writeAll(descriptor, parts.slice(at, at + partsAtOnce));
    writeAll(descriptor, [Buffer.from(parts.length === 0 ? '{}\n' : '\n}\n')]);
  } finally {
    closeSync(descriptor);
  }
}

function writeAll(descriptor: number, parts: readonly Buffer[]): void {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const written = writevSync(descriptor, parts);
  if (written < size) writeFileSync(descriptor, Buffer.concat(parts).subarray(written)); // reports a full disk
}

function plainPlan(
  { id, cluster, tool, target, options, strict, incomplete, gone = new Set(), steps }: Plan,
  files: ReadonlyMap<string, string>,
): Readonly<Record<string, unknown>> {
  return {
    ...(id === '' ? { formatVersion: withoutId } : { formatVersion, id }),
    ...(cluster === undefined ? {} : { cluster }),
    tool,
    target,
    options,
    strict,
    ...(incomplete.length === 0 ? {} : { incomplete }),
    ...(gone.size === 0 ? {} : { gone: [...gone].sort() }),
    steps: steps.map(({ name, description, changes }) => ({
      name,
      description,
      changes: changes.map((change) => plainChange(change, files)),
    })),
  };
}

function plainChange(change: Change, files: ReadonlyMap<string, string>): object {
  switch (change.action) {
    case 'apply':
      return { action: change.action, file: `objects/${files.get(refKey(refOf(change))) ?? ''}`, from: change.from };
    case 'delete':
      return { action: change.action, object: change.object, from: change.from };
    case 'clear':
      return { action: change.action, object: change.object, patch: change.patch };
  }
}

function writeObjects(folder: string, objects: readonly KubeObject[]): ReadonlyMap<string, string> {
  mkdirSync(folder, { mode: 0o700 });
  const names = fileNames(objects.map(objectRef));
  for (const object of objects) write(`${folder}/${names.get(refKey(objectRef(object))) ?? ''}`, objectYAML(object));
  return names;
}

function write(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
}

/**
 * The file of each object, by refKey: `KIND-NAMESPACE-NAME.yaml`, or `KIND-NAME.yaml`. Objects whose files would have
 * the same name, even on file systems that ignore case, each get `~` and a hash, which no object's name has.
 */
export function fileNames(refs: readonly ObjectRef[]): ReadonlyMap<string, string> {
  const stems = refs.map((ref) => ({ ref, key: refKey(ref), stem: stemOf(ref) }));
  const count = new Map<string, number>();
  for (const { stem } of stems) count.set(stem.toLowerCase(), (count.get(stem.toLowerCase()) ?? 0) + 1);
  return new Map(
    stems.map(({ key, stem }) => {
      const isPlain = count.get(stem.toLowerCase()) === 1 && stem.length <= longestStem;
      const hash = isPlain ? '' : `~${createHash('sha256').update(key).digest('hex').slice(0, 12)}`;
      return [key, `${stem.slice(0, longestStem)}${hash}.yaml`];
    }),
  );
}

function stemOf({ kind, namespace, name }: ObjectRef): string {
  return [kind, ...(namespace === undefined ? [] : [namespace]), name]
    .map((part) => encodeURIComponent(part.toWellFormed()).replaceAll('~', '%7E'))
    .join('-');
}
