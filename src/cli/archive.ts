/** Texts that a command gives out together: as a folder, or as an archive. */
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { packTar } from 'modern-tar';
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
    else await writeFolder(resolve(out), texts);
  } catch (error) {
    throw new Failure(`${out} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A folder of a name that nothing else has while something is made in it; what is left of it would keep a full disk full. */
async function inStage(prefix: string, make: (stage: string) => Promise<void>): Promise<void> {
  const stage = await mkdtemp(prefix);
  await make(stage).finally(() => rm(stage, { recursive: true, force: true }));
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
  await inStage(`${out}.new-`, async (stage) => {
    const made = join(stage, basename(out));
    await writeFile(made, packed.test(out) ? await promisify(gzip)(bytes) : bytes, { mode: 0o600 });
    await rename(made, out);
  });
}

/** A new folder appears whole. One that is there, perhaps the working directory or a volume, is filled in the end. */
async function writeFolder(out: string, texts: readonly TextFile[]): Promise<void> {
  const isThere = await stat(out).then(
    () => true,
    () => false,
  );
  await mkdir(dirname(out), { recursive: true });
  await inStage(isThere ? join(out, '.new-') : `${out}.new-`, async (stage) => {
    for (const { path, text } of texts) {
      await mkdir(dirname(join(stage, path)), { recursive: true, mode: 0o700 });
      await writeFile(join(stage, path), text, { mode: 0o600 });
    }
    if (!isThere) await rename(stage, out);
    else for (const name of await readdir(stage)) await rename(join(stage, name), join(out, name));
  });
}
