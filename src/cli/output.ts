/**
 * Prints to the terminal. Names and annotations of a cluster may hold control sequences: these are shown, not obeyed.
 */

import { once } from 'node:events';

/** All control characters but tab and line feed, what turns the direction of text, and half surrogate pairs. */
const unsafe = /(?![\t\n])[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\p{Cs}]/gu;

/** Most text has nothing beyond printable ASCII, and is long at times. */
const beyondASCII = /[^\t\n -~]/;

/**
 * The text with what a terminal would obey as `\u001b`, which JSON and YAML readers understand in their strings too.
 */
export function harmless(text: string): string {
  if (!beyondASCII.test(text)) return text;
  return text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Prints a result on standard output. */
export function print(text: string): void {
  process.stdout.write(harmless(text));
}

/** Prints a long result part by part, as fast as standard output takes it. */
export async function printAll(parts: Iterable<string>): Promise<void> {
  for (const part of parts) if (!process.stdout.write(harmless(part))) await once(process.stdout, 'drain');
}

/** Prints an error, a warning or progress on standard error. */
export function report(text: string): void {
  process.stderr.write(harmless(text));
}

/** The value as JSON or YAML if `output` is that, for programs; else what `text` says of it. */
export async function formatted(value: unknown, output: string, text: () => string): Promise<string> {
  if (output === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  if (output === 'yaml') return (await import('js-yaml')).dump(value, { noRefs: true, lineWidth: -1 });
  return text();
}
