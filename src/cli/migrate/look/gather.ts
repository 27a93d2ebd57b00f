/** `sdn-compat migrate gather`: writes what a plan is made from, as a folder or an archive. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { dump } from 'js-yaml';
import { packTar } from 'modern-tar';
import { replaceFile } from '../../../io/state-file.ts';
import { type GatheredFile, gatheredFiles, type GatheredKind, gatheredKinds } from '../../../migrate/input/gather.ts';
import { readServer } from '../../../migrate/input/server.ts';
import { Unwritable } from '../../../migrate/plan/unwritable.ts';
import { wanted } from '../../../migrate/targets.ts';
import { fieldOf } from '../../../model/values/json.ts';
import { aligned } from '../../aligned.ts';
import { Failure } from '../../fail.ts';
import { print } from '../../output.ts';
import { programVersion } from '../../version.ts';
import { badInput, openClient, progressLines } from '../source.ts';

export interface GatherFlags {
  readonly kubeconfig?: string;
  readonly out: string;
}

interface Text {
  readonly path: string;
  readonly text: string;
}

const archive = /\.(tar|tar\.gz|tgz)$/;
const packed = /\.(tar\.gz|tgz)$/;

/**
 * Reads the cluster and writes the files. Exit status 1 if a kind could not be read; the rest is written all the same.
 */
export async function runGather({ kubeconfig, out }: GatherFlags): Promise<void> {
  await refuseOccupied(out);
  const client = await openClient(kubeconfig);
  const snapshot = await readServer(client, { ...wanted, progress: progressLines() }).finally(() => client.close());
  const kinds = gatheredKinds(snapshot, wanted);
  const texts: readonly Text[] = [
    { path: 'version', text: `sdn-compat ${programVersion}\n` },
    { path: 'index.json', text: `${JSON.stringify(kinds, null, 2)}\n` },
    ...gatheredFiles(snapshot, wanted).map(textOf),
  ];
  try {
    await (archive.test(out) ? writeArchive(out, texts) : writeFolder(out, texts));
  } catch (error) {
    throw new Unwritable(out, error);
  } finally {
    // what is left of it would keep a full disk full
    await rm(`${out}.new`, { recursive: true, force: true });
  }
  print(tableOf(kinds, out));
  if (kinds.some(({ unread }) => unread !== undefined)) process.exitCode = 1;
}

async function refuseOccupied(out: string): Promise<void> {
  const present = await readdir(out).catch((error: unknown) => {
    const code = fieldOf(error, 'code');
    return code === 'ENOENT' ? [] : [String(code)]; // ENOTDIR: it is a file
  });
  if (present.length > 0)
    throw new Failure(`${out}: it is there already: give an empty folder, or a new file`, badInput);
}

function textOf({ path, content }: GatheredFile): Text {
  return { path, text: dump(content, { noRefs: true, lineWidth: -1, sortKeys: false }) };
}

/** Written beside it and then renamed, so that a file of that name is whole. */
async function writeArchive(out: string, texts: readonly Text[]): Promise<void> {
  const entries = texts.map(({ path, text }) => ({
    header: { name: path, size: Buffer.byteLength(text), type: 'file' as const, mode: 0o600, mtime: new Date() },
    body: text,
  }));
  const bytes = await packTar(entries);
  await mkdir(dirname(out), { recursive: true });
  await replaceFile(out, packed.test(out) ? await promisify(gzip)(bytes) : bytes);
}

async function writeFolder(out: string, texts: readonly Text[]): Promise<void> {
  const stage = `${out}.new`;
  await rm(stage, { recursive: true, force: true });
  for (const { path, text } of texts) {
    await mkdir(dirname(join(stage, path)), { recursive: true, mode: 0o700 });
    await writeFile(join(stage, path), text, { mode: 0o600 });
  }
  await rm(out, { recursive: true, force: true });
  await rename(stage, out);
}

function tableOf(kinds: readonly GatheredKind[], out: string): string {
  const rows = kinds.map(({ kind, apiVersion, count, unread, absent }) => [
    kind,
    apiVersion,
    absent ? 'not served' : unread === undefined ? String(count) : `NOT READ: ${unread}`,
  ]);
  return `${aligned([['KIND', 'APIVERSION', 'COUNT'], ...rows])}\nwritten to ${out}; \`migrate plan -f ${out}\` reads it\n`;
}
