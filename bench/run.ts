/** `npm run bench -- NAME…`: runs bench/NAME.ts for each name, or all of them, and prints their tables. */
import { readdir } from 'node:fs/promises';

interface Bench {
  /** Prints a table; returns false if a figure misses its target. */
  readonly bench: () => Promise<boolean> | boolean;
}

const all = (await readdir(import.meta.dirname))
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length));
const names = process.argv.length > 2 ? process.argv.slice(2) : all.sort();
for (const name of names) {
  if (!all.includes(name)) {
    console.error(`no bench named ${name}; there are: ${all.sort().join(', ')}`);
    process.exitCode = 2;
    continue;
  }
  const { bench } = (await import(`./${name}.bench.ts`)) as Bench;
  if (!(await bench())) process.exitCode = 1;
}
