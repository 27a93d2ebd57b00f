/** Texts that a command gives out together: as a folder, or as an archive. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { packTar } from 'modern-tar';
import { replaceFile } from '../io/state-file.ts';
import { fieldOf } from '../model/values/json.ts';
import { Failure } from './fail.ts';

export interface TextFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly text: string;
}

const archive = /\.(tar|tar\.gz|tgz)$/;
const packed = /\.(tar\.gz|tgz)$/;
/** Standard output, as a packed archive. */
const standardOutput = '-';
const badInput = 2;

/** Throws Failure unless what is to be written is new, or an empty folder, or standard output. */
export async function refuseOccupied(out: string): Promise<void> {
  if (out === standardOutput) {
    if (process.stdout.isTTY) throw new Failure('an archive is not for a terminal: send it to a file', badInput);
    return;
  }
  const present = await readdir(out).catch((error: unknown) => {
    const code = fieldOf(error, 'code');
    return code === 'ENOENT' ? [] : [String(code)]; // ENOTDIR: it is a file
  });
  if (present.length > 0)
    throw new Failure(`${out}: it is there already: give an empty folder, or a new file`, badInput);
}

/** Writes them where only their owner may read them; what is there afterwards is whole. Throws Failure. */
export async function writeTexts(out: string, texts: readonly TextFile[]): Promise<void> {
  try {
    if (out === standardOutput) await writeOut(await promisify(gzip)(await tarOf(texts)));
    else if (archive.test(out)) await writeArchive(out, texts);
    else await writeFolder(out, texts);
  } catch (error) {
    throw new Failure(`${out} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    // what is left of it would keep a full disk full
    if (out !== standardOutput) await rm(`${out}.new`, { recursive: true, force: true });
  }
}

async function tarOf(texts: readonly TextFile[]): Promise<Uint8Array> {
  const entries = texts.map(({ path, text }) => ({
    header: { name: path, size: Buffer.byteLength(text), type: 'file' as const, mode: 0o600, mtime: new Date() },
    body: text,
  }));
  return packTar(entries);
}

function writeOut(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}

/** Written beside it and then renamed, so that a file of that name is whole. */
async function writeArchive(out: string, texts: readonly TextFile[]): Promise<void> {
  const bytes = await tarOf(texts);
  await mkdir(dirname(out), { recursive: true });
  await replaceFile(out, packed.test(out) ? await promisify(gzip)(bytes) : bytes);
}

async function writeFolder(out: string, texts: readonly TextFile[]): Promise<void> {
  const stage = `${out}.new`;
  await rm(stage, { recursive: true, force: true });
  for (const { path, text } of texts) {
    await mkdir(dirname(join(stage, path)), { recursive: true, mode: 0o700 });
    await writeFile(join(stage, path), text, { mode: 0o600 });
  }
  await rm(out, { recursive: true, force: true });
  await rename(stage, out);
}
