/** The sessions of documents, typed in a lab as they stand there: every command, its exit status, and what is shown. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must, program, run } from './lab.ts';

const root = join(import.meta.dirname, '../..');

interface Typed {
  readonly command: string;
  readonly status: number;
  readonly shown: readonly string[];
}

/** The commands of the block that brings up the lab of that name. */
async function session(document: string, lab: string): Promise<readonly Typed[]> {
  const text = await readFile(join(root, document), 'utf8');
  const blocks = [...text.matchAll(/^```console\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  const block = blocks.find((one) => one.includes(`lab up --name ${lab}`)) ?? '';
  return block.split(/^\$ /m).flatMap((part): readonly Typed[] => {
    const [line = '', ...shown] = part.trimEnd().split('\n');
    const [, command = '', status = '0'] = /^(.*?)(?: +# exit status (\d))?$/.exec(line) ?? [];
    return command === '' ? [] : [{ command, status: Number(status), shown }];
  });
}

const plain = (text: string): string => text.replace(/\s+/g, ' ');

/** Types them all in a lab of the name that the document gives it. */
export async function typeSession(document: string, lab: string): Promise<void> {
  // runs at once need labs of their own
  const name = `${lab}${process.pid}`;
  const named = new RegExp(`(?<=--name |\\.lab/)${lab}\\b`, 'g');
  const typed = (await session(document, lab)).map((one) => ({ ...one, command: one.command.replace(named, name) }));
  expect(typed.length).toBeGreaterThan(6);
  const env: Record<string, string> = { PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}` };
  try {
    for (const { command, status, shown } of typed) {
      const exported = /^export (\w+)=(.*)$/.exec(command);
      if (exported !== null) {
        env[exported[1] ?? ''] = join(root, exported[2] ?? '');
        continue;
      }
      const ran = await run('sh', ['-c', `cd "$1" && ${command}`, 'sh', root], { env });
      expect({
        command,
        status: ran.status,
        said: ran.status === status ? '' : `${ran.stdout}${ran.stderr}`,
      }).toEqual({
        ...{ command, status, said: '' },
      });
      for (const line of shown) expect(plain(ran.stdout)).toContain(plain(line.trim()));
    }
  } finally {
    await must(program, ['lab', 'down', '--name', name]).catch(() => '');
  }
}
