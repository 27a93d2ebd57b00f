/**
 * Reads Kubernetes objects from files: JSON, YAML with several documents, lists, and directory trees like a
 * must-gather, each also gzipped. A problem names the file, the line and the field.
 */
import { CORE_SCHEMA, load, loadAll, mergeTag, YAMLException } from 'js-yaml';
import partition from 'lodash/partition.js';
import { apiVersionOf, type Kind } from '../../../api/kinds.ts';
import type { FieldProblem } from '../../model/objects/fields.ts';
import { isRecord } from '../../model/values/json.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { filesOf, isCalledLikeOne, readTexts, type TextFile } from './files.ts';
import { lineOf, type Steps } from './lines.ts';
import { loadLongList } from './long-list.ts';

/** A problem and its place in the input. */
export interface InputProblem {
  readonly file: string;
  /** Counted from 1; undefined for the file as a whole. */
  readonly line: number | undefined;
  /** A path like `items[3].egressIPs[0]`; empty for no particular field. */
  readonly field: string;
  readonly reason: string;
}

/** An object of a file; apiVersion and kind are filled in from its list. */
export interface Manifest {
  readonly object: Readonly<Record<string, unknown>>;
  readonly source: Source;
}

/** The place of an object; `path` leads to it from the document. */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly document: number;
  readonly path: Steps;
}

/** Formats a problem as `file:line: field: reason`, like compilers do. */
export function problemText({ file, line, field, reason }: InputProblem): string {
  return `${file}${line === undefined ? '' : `:${line}`}: ${field === '' ? '' : `${field}: `}${reason}`;
}

const schema = CORE_SCHEMA.withTags(mergeTag);

export interface ManifestOptions {
  /**
   * Additional kinds, read only from files that contain the text `mark`, because there may be very many other objects
   * of them.
   */
  readonly kinds?: readonly Kind[];
  readonly mark?: string;
  /** Called with each file before it is read. */
  readonly progress?: (what: string) => void;
  /** Gets each of the kinds of which there is a list, also an empty one: the input shows that there are no others. */
  readonly listed?: Set<Kind>;
  /** Gets the files that may hold objects and cannot be read, and that nobody named: they do not stop the others. */
  readonly unread?: InputProblem[];
  /** Gets the objects that are of one of the kinds but for its spelling or version. */
  readonly misnamed?: Misnamed[];
}

/** An object that is of a kind but for its spelling or version. */
export interface Misnamed extends Manifest {
  readonly kind: Kind;
}

/**
 * Reads all objects of these kinds in the files and directories (`-` is standard input), in order of path and position.
 * Ignores other kinds. Returns the problem of a file that cannot be read or parsed. Searches directories and
 * archives for files that are called or begin like one that holds objects.
 */
export async function readManifests(
  paths: readonly string[],
  kinds: readonly Kind[],
  options: ManifestOptions = {},
): Promise<Result<readonly Manifest[], InputProblem>> {
  const { kinds: marked, mark, progress, listed, unread, misnamed } = { ...defaults(), ...options };
  const found: Manifest[] = [];
  const all = [...kinds, ...marked];
  const [wanted, wantedIfMarked] = [mentions(kinds), mentions(all)];
  const isWanted = (text: string): boolean => (mark !== '' && text.includes(mark) ? wantedIfMarked : wanted).test(text);
  const into = { found, listed, kinds: all, unread };
  for (const path of paths) {
    try {
      for (const file of await filesOf(path)) {
        progress?.(`reading ${file}`);
        const problem = await readFileInto({ path, file }, isWanted, into);
        if (problem !== undefined) return err(problem);
      }
    } catch (error) {
      return err(unreadable(path, error));
    }
  }
  const [own, others] = partition(found, ({ object }) => all.some((kind) => isOfKind(object, kind)));
  for (const manifest of others) {
    const kind = all.find((one) => isNearKind(manifest.object, one));
    if (kind !== undefined) misnamed.push({ ...manifest, kind });
  }
  return ok(own);
}

function defaults() {
  return {
    kinds: new Array<Kind>(),
    mark: '',
    progress: undefined,
    listed: new Set<Kind>(),
    unread: new Array<InputProblem>(),
    misnamed: new Array<Misnamed>(),
  };
}

/** Where objects, the kinds of lists, and files that do not stop the others go. */
interface Collected {
  readonly found: Manifest[];
  readonly listed: Set<Kind>;
  readonly kinds: readonly Kind[];
  readonly unread: InputProblem[];
}

/** Reads the file, or the archive that it is. Returns the problem of what is named like a file of objects. */
async function readFileInto(
  { path, file }: { readonly path: string; readonly file: string },
  isWanted: (text: string) => boolean,
  into: Collected,
): Promise<InputProblem | undefined> {
  for (const text of await readTexts(file)) {
    const problem = readInto(text, isWanted, into);
    if (problem === undefined) continue;
    // what the admin named, or what is called like one, must be readable
    if (text.file === path || (text.isDoubtful !== true && isCalledLikeOne(text.file))) return problem;
    into.unread.push(problem);
  }
  return undefined;
}

function readInto(
  { file, text }: TextFile,
  isWanted: (text: string) => boolean,
  into: Collected,
): InputProblem | undefined {
  if (!text.ok) return { file, line: undefined, field: '', reason: text.error };
  if (!isWanted(text.value)) return undefined;
  const documents = parse(text.value, file);
  if (!documents.ok) return documents.error;
  for (const [document, value] of documents.value.entries())
    collect(value, { file, text: text.value, document, path: [] }, into);
  return undefined;
}

/** Matches texts that may contain an object of one of the kinds. */
function mentions(kinds: readonly Kind[]): RegExp {
  return new RegExp(
    `kind['"]?\\s*:\\s*['"]?(${kinds.map(({ kind }) => kind).join('|')})(List)?['"]?\\s*([,}\\n\\r#]|$)`,
    'i',
  );
}

/**
 * A problem with a field of an object, at its line. `field` is a path like `egressIPs[0]`; for an absent field it is
 * the line of its parent.
 */
export function problemAt({ file, text, document, path }: Source, field: string, reason: string): InputProblem {
  const steps = [...path, ...stepsOf(field)];
  return { file, line: lineAt(text, document, steps), field: pathText(steps), reason };
}

/** The line; undefined where the text is no YAML, such as lines of JSON. */
function lineAt(text: string, document: number, steps: Steps): number | undefined {
  try {
    return lineOf(text, document, steps);
  } catch (error) {
    if (error instanceof YAMLException) return undefined;
    throw error;
  }
}

/** Parses `a.b[2]` into steps. */
function stepsOf(field: string): Steps {
  return [...field.matchAll(/[^.[\]]+/g)].map(([step]) => (/^\d+$/.test(step) ? Number(step) : step));
}

function pathText(steps: Steps): string {
  return steps
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`))
    .join('');
}

function unreadable(file: string, error: unknown): InputProblem {
  return { file, line: undefined, field: '', reason: error instanceof Error ? error.message : String(error) };
}

function parse(text: string, file: string): Result<readonly unknown[], InputProblem> {
  const json = /^\s*[[{]/.test(text) ? (asJson(text) ?? asJsonLines(text)) : undefined;
  if (json !== undefined) return ok(json);
  const list = loadLongList(text, (one) => load(one, { schema }));
  if (list !== undefined) return ok([list]);
  try {
    return ok(loadAll(text, { schema }));
  } catch (error) {
    if (!(error instanceof YAMLException)) return err(unreadable(file, error));
    return err({
      file,
      line: error.mark === undefined ? undefined : error.mark.line + 1,
      field: '',
      reason: error.reason,
    });
  }
}

/**
 * The value, or undefined if the text is not JSON. Then the YAML parser reports where it is wrong, since JSON is YAML.
 */
function asJson(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return [value];
  } catch {
    return undefined;
  }
}

/** The values of the lines, each of which is JSON; undefined if one is not. */
function asJsonLines(text: string): readonly unknown[] | undefined {
  const values: unknown[] = [];
  for (const line of text.split('\n')) {
    const value = line.trim() === '' ? [] : asJson(line);
    if (value === undefined) return undefined;
    values.push(...value);
  }
  return values;
}

/** Adds the object, or the objects of the list, which may also be a plain one. */
function collect(value: unknown, source: Source, into: Collected): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item, { ...source, path: [...source.path, index] }, into);
    return;
  }
  if (!isRecord(value)) return;
  const { kind, apiVersion, items } = value;
  if (!Array.isArray(items)) {
    into.found.push({ object: value, source });
    return;
  }
  const itemKind = typeof kind === 'string' ? kind.replace(/List$/, '') : '';
  for (const one of into.kinds) if (isOfKind({ apiVersion, kind: itemKind }, one)) into.listed.add(one);
  for (const [index, item] of items.entries()) {
    if (!isRecord(item)) continue;
    const filled = itemKind === '' || 'kind' in item ? item : { apiVersion, kind: itemKind, ...item };
    collect(filled, { ...source, path: [...source.path, 'items', index] }, into);
  }
}

/** Whether the object is meant to be of this kind: but for upper case, and the version or all of its apiVersion. */
function isNearKind({ kind, apiVersion }: Readonly<Record<string, unknown>>, wanted: Kind): boolean {
  if (typeof kind !== 'string' || kind.toLowerCase() !== wanted.kind.toLowerCase()) return false;
  if (typeof apiVersion !== 'string') return true;
  const [group = '', version] = apiVersion.split('/');
  return (version === undefined ? '' : group.toLowerCase()) === wanted.group;
}

/** Whether the object is of this kind. Our kinds were also served as `v1` in the past. */
export function isOfKind(object: Readonly<Record<string, unknown>>, kind: Kind): boolean {
  if (object['kind'] !== kind.kind) return false;
  return (
    object['apiVersion'] === apiVersionOf(kind) ||
    (kind.group === 'network.openshift.io' && object['apiVersion'] === 'v1')
  );
}

/** The objects, each held to the shape; the first that does not fit is the problem. */
export function shaped<T>(
  manifests: readonly Manifest[],
  shape: (value: unknown) => Result<T, FieldProblem>,
): Result<readonly T[], InputProblem> {
  const values: T[] = [];
  for (const { object, source } of manifests) {
    const value = shape(object);
    if (!value.ok) return err(problemAt(source, value.error.field, value.error.reason));
    values.push(value.value);
  }
  return ok(values);
}
