/** Files that are whole at any time, and the small ones in which an agent keeps what a restarted one must know. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fieldOf, type Json, parseJson } from '../model/values/json.ts';
import type { Logger } from './log.ts';

/**
 * Reads the value of a file. Undefined if there is none; also if it cannot be read, which is logged with `problem`: a
 * broken file counts as an empty one.
 */
export async function readState(file: string, logger: Logger, problem: string): Promise<Json | undefined> {
  try {
    return parseJson(await readFile(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (fieldOf(error, 'code') !== 'ENOENT') logger.warn({ file, reason }, problem);
    return undefined;
  }
}

/** Replaces the file in one step; only its owner may read it. Throws if it cannot be written. */
export async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${file}.new`, content, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Replaces the value of a file, as `replaceFile` does. */
export async function writeState(file: string, value: unknown): Promise<void> {
  await replaceFile(file, JSON.stringify(value));
}
