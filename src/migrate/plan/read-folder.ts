/** Reads a plan's folder. People edit plans at times: whatever is invalid is refused with file, line and field. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import { type InputProblem, problemAt, problemText } from '../../io/input/manifests.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { objectShape } from '../../model/objects/shapes.ts';
import { isJsonObject, isRecord, parseJson } from '../../model/values/json.ts';
import { compareText } from '../../model/values/names.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { objectRef, refKey, refText } from '../ref.ts';
import { deletesOwn } from '../targets.ts';
import { refOf } from '../translation.ts';
import { formatVersion } from './folder.ts';
import { freshFolder, settled } from './lock.ts';
import { parseFindings, parsePlacement, parsePlan } from './parse.ts';
import { type Plan } from './plan.ts';

/** `steps` leaves out findings and placement, which are large and which not everybody needs: they are empty then. */
export type PlanExtent = 'all' | 'steps';

/** Reads the plan in the folder and calls `progress` with each file. The reason names file, line and field if known. */
export async function readPlan(
  folder: string,
  progress: (what: string) => void = () => undefined,
  extent: PlanExtent = 'all',
): Promise<Result<Plan>> {
  await settled(folder);
  try {
    return ok(await read(folder, progress, extent));
  } catch (error) {
    if (error instanceof Unreadable) return err(error.message);
    throw error;
  }
}

/** A problem with a file of the folder. */
class Unreadable extends Error {}

function refuse(problem: InputProblem): never {
  throw new Unreadable(problemText(problem));
}

async function read(folder: string, progress: (what: string) => void, extent: PlanExtent): Promise<Plan> {
  const file = join(folder, 'plan.yaml');
  const { text, value } = yamlFile(file, `${folder} holds no plan${hint(folder)}`);
  const version = isRecord(value) ? value['formatVersion'] : undefined;
  const source = { file, text, document: 0, path: [] };
  if (version !== 1 && version !== formatVersion) {
    refuse(
      problemAt(
        source,
        'formatVersion',
        `${version === undefined ? 'none' : JSON.stringify(version)} is not known: this program reads plans of format versions 1 to ${formatVersion}`,
      ),
    );
  }
  const [objects, backup] = [await objectsIn(folder, 'objects', progress), await objectsIn(folder, 'backup', progress)];
  const seen = (await readdir(folder)).includes('seen') ? await objectsIn(folder, 'seen', progress) : new Map();
  const plan = parsePlan(value, objects);
  if (!plan.ok) refuse(problemAt(source, plan.error.field, plan.error.reason));
  const changes = plan.value.steps.flatMap(({ changes: all }) => all);
  const used = new Set(changes.map((change) => (change.action === 'apply' ? refKey(refOf(change)) : '')));
  for (const [name, object] of objects) {
    if (!used.has(refKey(objectRef(object)))) refuse(fileProblem(join(folder, name), 'no step of plan.yaml names it'));
  }
  const backedUp = byRef(backup, folder);
  const lost = changes.find(
    (change) => change.action !== 'apply' && !deletesOwn(plan.value, change) && !backedUp.has(refKey(refOf(change))),
  );
  if (lost !== undefined)
    refuse(
      fileProblem(
        join(folder, 'backup'),
        `${refText(refOf(lost))} is missing: step ${lost.step} would ${lost.action} it, and there would be no way back`,
      ),
    );
  return {
    ...plan.value,
    backup: backedUp,
    seen: byRef(seen, folder),
    findings: extent === 'steps' ? [] : jsonFile(join(folder, 'findings.json'), parseFindings),
    placement: extent === 'steps' ? new Map() : jsonFile(join(folder, 'placement.json'), parsePlacement),
  };
}

/** An update that was ended between its two renames leaves the new folder beside the place of the old one. */
function hint(folder: string): string {
  const fresh = freshFolder(folder);
  const isCut = !existsSync(folder) && existsSync(join(fresh, 'plan.yaml'));
  return isCut ? ` (an update was ended on the way: rename ${fresh} to ${folder})` : '';
}

function byRef(files: ReadonlyMap<string, KubeObject>, folder: string): ReadonlyMap<string, KubeObject> {
  const found = new Map<string, KubeObject>();
  for (const [name, object] of files) {
    const ref = objectRef(object);
    if (found.has(refKey(ref))) refuse(fileProblem(join(folder, name), `another file holds ${refText(ref)} too`));
    found.set(refKey(ref), object);
  }
  return found;
}

/** The objects of a subfolder by `SUBFOLDER/FILE`, sorted by file name. */
async function objectsIn(
  folder: string,
  sub: string,
  progress: (what: string) => void,
): Promise<ReadonlyMap<string, KubeObject>> {
  const names = await readdir(join(folder, sub)).catch((error: unknown) =>
    refuse(fileProblem(join(folder, sub), reasonOf(error))),
  );
  const found = new Map<string, KubeObject>();
  for (const name of names) {
    const file = join(folder, sub, name);
    progress(`reading ${file}`);
    const { text, value } = yamlFile(file, '');
    const object = objectShape(value);
    const source = { file, text, document: 0, path: [] };
    if (!object.ok) refuse(problemAt(source, object.error.field, object.error.reason));
    for (const field of ['apiVersion', 'kind'] as const) {
      if (typeof object.value[field] !== 'string' || object.value[field] === '')
        refuse(problemAt(source, field, 'is missing'));
    }
    if (object.value.metadata.name === '') refuse(problemAt(source, 'metadata.name', 'is empty'));
    found.set(`${sub}/${name}`, object.value);
  }
  return new Map([...found].sort(([a], [b]) => compareText(a, b)));
}

/** Reads without yielding: with many thousands of small files that takes a fraction of the time. */
function textOf(file: string, instead: string): string {
  try {
    if (!lstatSync(file).isFile()) return refuse(fileProblem(file, 'is no file'));
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    return refuse(fileProblem(file, instead === '' ? reasonOf(error) : `${instead}: ${reasonOf(error)}`));
  }
}

function yamlFile(file: string, instead: string): { readonly text: string; readonly value: unknown } {
  const text = textOf(file, instead);
  try {
    return { text, value: load(text, { schema: CORE_SCHEMA }) };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return refuse({
      file,
      line: error.mark === undefined ? undefined : error.mark.line + 1,
      field: '',
      reason: error.reason,
    });
  }
}

function jsonFile<T>(
  file: string,
  parse: (value: unknown) => Result<T, { readonly field: string; readonly reason: string }>,
): T {
  const text = textOf(file, '');
  const parsed = parse(jsonOf(text, file));
  return parsed.ok
    ? parsed.value
    : refuse(problemAt({ file, text, document: 0, path: [] }, parsed.error.field, parsed.error.reason));
}

function jsonOf(text: string, file: string): unknown {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? { ...value } : value;
  } catch (error) {
    return refuse(fileProblem(file, reasonOf(error)));
  }
}

function fileProblem(file: string, reason: string): InputProblem {
  return { file, line: undefined, field: '', reason };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
