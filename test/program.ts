import { join } from 'node:path';

/** What Node.js is given to start the program from its sources. */
export const program: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  '--import',
  join(import.meta.dirname, 'kubernetes-client.mjs'),
  join(import.meta.dirname, '../src/cli/start.ts'),
];
