import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { readState, writeState } from '../../src/io/state-file.ts';
import { fieldOf, parseJson } from '../../src/model/values/json.ts';
import { logged } from '../logged.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'state-'));
  file = join(folder, 'state.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What the file says, and the warnings that reading it gives. */
async function read(): Promise<{ readonly value: unknown; readonly warnings: readonly unknown[] }> {
  const warnings: unknown[] = [];
  const lines = new Writable({
    write: (chunk, _encoding, done) => {
      warnings.push(fieldOf(parseJson(String(chunk)), 'msg'));
      done();
    },
  });
  return { value: await readState(file, pino({ level: 'warn' }, lines), 'it cannot be read'), warnings };
}

test('what is written is read again, and only the owner may read it', async () => {
  await writeState(file, ['192.168.7.200']);
  await writeState(file, ['192.168.7.201', { ttl: 30 }]);
  expect(await read()).toEqual({ value: ['192.168.7.201', { ttl: 30 }], warnings: [] });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['state.json']);
});

test('a file that is not there says nothing, and that is no problem', async () => {
  expect(await read()).toEqual({ value: undefined, warnings: [] });
});

test.each(['', '{', '["192.168.7.200"'])('a file that says %j counts as empty, with a warning', async (text) => {
  await writeFile(file, text);
  expect(await read()).toEqual({ value: undefined, warnings: ['it cannot be read'] });
});

test('the warning says why in a sentence, without where in the program', async () => {
  await writeFile(file, 'garbage');
  const { logger, lines } = logged();
  await readState(file, logger, 'it cannot be read');
  expect(lines).toEqual([expect.stringMatching(/^it cannot be read: Unexpected token .* is not valid JSON$/)]);
});

test('something else than a file counts as empty, with a warning', async () => {
  await mkdir(file);
  expect(await read()).toEqual({ value: undefined, warnings: ['it cannot be read'] });
});

test('what was written stays whole if the next cannot be written', async () => {
  await writeState(file, [1]);
  await mkdir(`${file}.new`);
  await expect(writeState(file, [2])).rejects.toThrow('EISDIR');
  expect(await readFile(file, 'utf8')).toBe('[1]');
});
