/** The sessions of documents that need nothing of the kernel. */
import { typeSession } from './typed.ts';

test.each([
  ['docs/operations.md', 'office'],
  ['docs/finer-rules.md', 'rules'],
] as const)(
  'every command of %s does what it says',
  async (document, lab) => {
    await typeSession(document, lab);
  },
  600_000,
);
