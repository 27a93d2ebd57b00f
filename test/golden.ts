import { readFileSync, writeFileSync } from 'node:fs';

/** Compares text with a file of this folder; with UPDATE_GOLDEN=1 it writes the file instead. */
export function expectGolden(path: string, text: string): void {
  const file = new URL(path, import.meta.url);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}
