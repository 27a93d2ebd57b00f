import { readFileSync, writeFileSync } from 'node:fs';

/** Compares text with a file of this folder; with UPDATE_GOLDEN=1 it writes the file instead. */
export function expectGolden(path: string, text: string): void {
  expectGoldenAt(new URL(path, import.meta.url), text);
}

/** Compares text with that file; with UPDATE_GOLDEN=1 it writes the file instead. */
export function expectGoldenAt(file: URL, text: string): void {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}
