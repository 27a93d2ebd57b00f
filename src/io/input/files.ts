/** Finds and opens the files of an input: single files, folders, symbolic links, archives, each also gzipped. */
import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { constants, gunzip, gunzipSync } from 'node:zlib';
import partition from 'lodash/partition.js';
import { type TarHeader, unpackTar } from 'modern-tar';
import { compareText } from '../../model/values/names.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { looksLikeObjects, packedWith } from './look.ts';

const extensions = /\.(ya?ml|json|ndjson)(\.gz)?$/i;
const archives = /\.(tar|tar\.gz|tgz)$/i;

/** Whether the file is called like one that holds objects. */
export function isCalledLikeOne(file: string): boolean {
  return extensions.test(file) || archives.test(file);
}

/** A file that is read whole, or why it cannot be. */
export interface TextFile {
  /** Its path; within an archive `ARCHIVE:PATH`. */
  readonly file: string;
  readonly text: Result<string>;
  /** Whether nothing says that it holds objects, so that it need not stop those that do. */
  readonly isDoubtful?: true;
}

/**
 * The files of a path, sorted: itself, or those of a folder whose names end in .yaml, .yml, .json, .ndjson, .tar, .tgz,
 * also with .gz, or that begin like a file of objects or one that is packed. Symbolic links are followed, each folder
 * once. Throws if the path cannot be read.
 */
export async function filesOf(path: string): Promise<readonly string[]> {
  if (path === '-' || !(await stat(path)).isDirectory()) return [path];
  const found: string[] = [];
  await collectFiles(path, found, new Set());
  return found.sort(compareText);
}

async function collectFiles(folder: string, found: string[], seen: Set<string>): Promise<void> {
  const real = await realpath(folder);
  if (seen.has(real)) return;
  seen.add(real);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await collectFiles(path, found, seen);
    else if (entry.isFile() && (isCalledLikeOne(entry.name) || (await beginsLikeOne(path)))) found.push(path);
    else if (entry.isSymbolicLink()) await followLink(path, { found, seen });
  }
}

interface Search {
  readonly found: string[];
  readonly seen: Set<string>;
}

/** A dangling link counts as a file if its name is one's, so that reading it says what is wrong. */
async function followLink(path: string, { found, seen }: Search): Promise<void> {
  const target = await stat(path).catch(() => undefined);
  if (target?.isDirectory() === true) await collectFiles(path, found, seen);
  else if (isCalledLikeOne(path) || (target?.isFile() === true && (await beginsLikeOne(path)))) found.push(path);
}

/** How much of a file is looked at to see what it is. */
const headSize = 65_536;

/** Whether a file with another name may hold objects. One that cannot be looked at may. */
async function beginsLikeOne(path: string): Promise<boolean> {
  try {
    const file = await open(path);
    try {
      const { buffer: bytes, bytesRead } = await file.read(Buffer.alloc(headSize), 0, headSize, 0);
      return mayHoldObjects(bytes.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch {
    return true;
  }
}

/** Whether a file that begins so may hold objects. */
function mayHoldObjects(bytes: Buffer): boolean {
  const head = bytes.subarray(0, headSize);
  const plain = isGzip(head) ? gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH }) : head;
  if (isTar(plain) || packedWith(plain) !== undefined) return true;
  const text = decoded(plain);
  return text.ok && looksLikeObjects(text.value);
}

/** Reads the file, or all files of the archive that it is and that may hold objects. Never throws. */
export async function readTexts(file: string): Promise<readonly TextFile[]> {
  try {
    return await textsOf(file, file === '-' ? await buffer(process.stdin) : await readFile(file));
  } catch (error) {
    return [{ file, text: err(reasonOf(error)) }];
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function textsOf(file: string, bytes: Buffer): Promise<readonly TextFile[]> {
  const plain = await unzipped(bytes);
  if (isTar(plain)) return archiveTexts(file, plain);
  const packing = packedWith(plain);
  if (packing === undefined) return [{ file, text: decoded(plain) }];
  return [{ file, text: err(`is packed with ${packing}, which is not read: unpack it`), isDoubtful: true }];
}

async function archiveTexts(archive: string, bytes: Buffer): Promise<readonly TextFile[]> {
  const entries = await unpackTar(bytes);
  const paths = new Set(entries.flatMap(({ header }) => withFolders(plainPath(header.name))));
  const [links, files] = partition(entries, ({ header: { type } }) => type === 'symlink' || type === 'link');
  const texts = await Promise.all(files.map(({ header, data }) => entryTexts(`${archive}:${header.name}`, data)));
  return [...links.flatMap(({ header }) => linkTexts(archive, header, paths)), ...texts.flat()].sort((a, b) =>
    compareText(a.file, b.file),
  );
}

async function entryTexts(file: string, data: Uint8Array | undefined): Promise<readonly TextFile[]> {
  if (data === undefined) return [];
  try {
    const bytes = Buffer.from(data);
    return isCalledLikeOne(file) || mayHoldObjects(bytes) ? await textsOf(file, bytes) : [];
  } catch (error) {
    return [{ file, text: err(reasonOf(error)) }];
  }
}

/** What is in the archive is read where it is; a link to anything else may stand for objects. */
function linkTexts(
  archive: string,
  { name, type, linkname = '' }: TarHeader,
  paths: ReadonlySet<string>,
): readonly TextFile[] {
  const target = type === 'link' ? linkname : posix.join(posix.dirname(name), linkname);
  if (!linkname.startsWith('/') && paths.has(plainPath(target))) return [];
  if (!isCalledLikeOne(name) && posix.basename(name).includes('.')) return [];
  const text = err(`is a link to ${linkname}, which is not in the archive`);
  return [{ file: `${archive}:${name}`, text, isDoubtful: true }];
}

function plainPath(path: string): string {
  return posix.normalize(path).replace(/\/$/, '');
}

/** The path and the folders that it is in. */
function withFolders(path: string): readonly string[] {
  const steps = path.split('/');
  return steps.map((_, index) => steps.slice(0, index + 1).join('/'));
}

/** Unzips what has the magic number of gzip (RFC 1952). */
function unzipped(bytes: Buffer): Promise<Buffer> | Buffer {
  return isGzip(bytes) ? promisify(gunzip)(bytes) : bytes;
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Checks the magic number of the first header (POSIX ustar). */
function isTar(bytes: Buffer): boolean {
  return bytes.toString('latin1', 257, 262) === 'ustar';
}

/** UTF-8, or UTF-16 with a byte order mark, as Windows' shell redirects output. */
function decoded(bytes: Buffer): Result<string> {
  const mark = bytes.toString('latin1', 0, 2);
  const encoding = mark === '\xff\xfe' ? 'utf-16le' : mark === '\xfe\xff' ? 'utf-16be' : 'utf-8';
  if (encoding === 'utf-8' && bytes.includes(0))
    return err('is no text: it has null bytes, as UTF-16 without a byte order mark');
  return ok(new TextDecoder(encoding).decode(bytes));
}
