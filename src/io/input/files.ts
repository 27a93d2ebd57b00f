/** Finds and opens the files of an input: single files, folders, symbolic links, archives, each also gzipped. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { unpackTar } from 'modern-tar';
import { compareText } from '../../model/values/names.ts';
import { err, ok, type Result } from '../../model/values/result.ts';

const extensions = /\.(ya?ml|json)(\.gz)?$/;
const archives = /\.(tar|tar\.gz|tgz)$/;

/** A file that is read whole, or why it cannot be. */
export interface TextFile {
  /** Its path; within an archive `ARCHIVE:PATH`. */
  readonly file: string;
  readonly text: Result<string>;
}

/**
 * The files of a path, sorted: itself, or those of a folder whose names end in .yaml, .yml, .json, .tar, .tgz, also
 * with .gz. Symbolic links are followed, each folder once. Throws if the path cannot be read.
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
    const isWanted = extensions.test(entry.name) || archives.test(entry.name);
    if (entry.isDirectory()) await collectFiles(path, found, seen);
    else if (entry.isFile() && isWanted) found.push(path);
    else if (entry.isSymbolicLink()) await followLink(path, isWanted, { found, seen });
  }
}

interface Search {
  readonly found: string[];
  readonly seen: Set<string>;
}

/** A dangling link counts as a file if its name is one's, so that reading it says what is wrong. */
async function followLink(path: string, isWanted: boolean, { found, seen }: Search): Promise<void> {
  const target = await stat(path).catch(() => undefined);
  if (target?.isDirectory() === true) await collectFiles(path, found, seen);
  else if (isWanted) found.push(path);
}

/** Reads the file, or all YAML and JSON files of the archive that it is. Never throws. */
export async function readTexts(file: string): Promise<readonly TextFile[]> {
  try {
    const plain = await unzipped(file === '-' ? await buffer(process.stdin) : await readFile(file));
    return isTar(plain) ? await archiveTexts(file, plain) : [{ file, text: decoded(plain) }];
  } catch (error) {
    return [{ file, text: err(error instanceof Error ? error.message : String(error)) }];
  }
}

async function archiveTexts(archive: string, bytes: Buffer): Promise<readonly TextFile[]> {
  const entries = await unpackTar(bytes, { filter: ({ name }) => extensions.test(name) });
  const files = entries.flatMap(({ header, data }) => (data === undefined ? [] : [{ name: header.name, data }]));
  const texts = files.map(async ({ name, data }) => ({
    file: `${archive}:${name}`,
    text: decoded(await unzipped(Buffer.from(data))),
  }));
  return (await Promise.all(texts)).sort((a, b) => compareText(a.file, b.file));
}

/** Unzips what has the magic number of gzip (RFC 1952). */
function unzipped(bytes: Buffer): Promise<Buffer> | Buffer {
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? promisify(gunzip)(bytes) : bytes;
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
