/** Prints to the terminal. Names and annotations of a cluster may hold control sequences: these are shown, not obeyed. */

/** All control characters but tab and line feed, what turns the direction of text, and half surrogate pairs. */
const unsafe = /(?![\t\n])[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\p{Cs}]/gu;

/** The text with what a terminal would obey as `\u001b`, which JSON and YAML readers understand in their strings too. */
export function harmless(text: string): string {
  return text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Prints a result on standard output. */
export function print(text: string): void {
  process.stdout.write(harmless(text));
}

/** Prints an error, a warning or progress on standard error. */
export function report(text: string): void {
  process.stderr.write(harmless(text));
}
