import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '../../../src/io/programs/exec.ts';
import { type Entry, Journal, progressOf, readJournal } from '../../../src/migrate/run/journal.ts';
import { make } from '../snapshots.ts';

let folder = '';
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'sdn-compat-journal-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const entry = (index: number): Entry => ({
  event: 'done',
  step: 'egress-ips',
  action: 'apply',
  object: `o${index}`,
  wrote: true,
});

test('what is added at once is there in full, after a reopening too', async () => {
  expect(await readJournal(folder)).toEqual({ ok: true, value: [] });
  for (const round of [0, 1]) {
    const journal = await Journal.open(folder);
    await Promise.all(Array.from({ length: 50 }, (_, index) => journal.add(entry(100 * round + index))));
    await journal.close();
  }
  const read = await readJournal(folder);
  expect(read.ok && read.value.map(({ object }) => object)).toEqual(
    [0, 1].flatMap((round) => Array.from({ length: 50 }, (_, index) => `o${100 * round + index}`)),
  );
});

test('torn at any byte the journal is read without its last line, and goes on', async () => {
  const journal = await Journal.open(folder);
  await journal.add(entry(1));
  await journal.add(entry(2));
  await journal.close();
  const file = join(folder, 'journal.ndjson');
  const whole = await readFile(file, 'utf8');
  const second = whole.indexOf('\n', whole.indexOf('o1')) + 1;
  for (let length = second; length < whole.length - 1; length++) {
    await writeFile(file, whole.slice(0, length));
    const again = await Journal.open(folder);
    await again.add(entry(3));
    await again.close();
    const read = await readJournal(folder);
    expect({ length, objects: read.ok && read.value.map(({ object }) => object) }).toEqual({
      length,
      objects: ['o1', 'o3'],
    });
  }
});

test('a line that is no entry is refused, with its number', async () => {
  await appendFile(join(folder, 'journal.ndjson'), `${JSON.stringify(entry(1))}\n{"event":"lunch"}\n`);
  expect(await readJournal(folder)).toEqual({
    ok: false,
    error: expect.stringMatching(/journal.ndjson:2: this is no entry/) as string,
  });
});

test.each(['garbage', '[]', '\0\0\0\0', 'event'])(
  'a line %j is refused too, and not taken for one cut short',
  async (line) => {
    await appendFile(join(folder, 'journal.ndjson'), `${JSON.stringify(entry(1))}\n${line}`);
    expect(await readJournal(folder)).toMatchObject({ ok: false });
  },
);

test('line ends of an editor change nothing', async () => {
  const lines = [1, 2].map((index) => `${JSON.stringify(entry(index))}\r\n`);
  await appendFile(join(folder, 'journal.ndjson'), lines.join(''));
  expect(await readJournal(folder)).toEqual({ ok: true, value: [entry(1), entry(2)] });
});

test('after a way back that ended nothing counts as begun', () => {
  const entries: readonly Entry[] = [
    { event: 'plan', plan: 'x' },
    { event: 'begin', step: 'a', object: 'o' },
    { event: 'back-begin' },
  ];
  expect(progressOf(entries)).toMatchObject({ plan: 'x', isGoingBack: true, begun: new Map([['a o', entries[1]]]) });
  expect(progressOf([...entries, { event: 'back-done' }])).toEqual({
    plan: undefined,
    cluster: undefined,
    isGoingBack: false,
    isBack: true,
    isFinalizing: false,
    boots: new Map(),
    purged: new Set(),
    skipped: new Set(),
    leftOnBack: new Set(),
    begun: new Map(),
    done: new Map(),
    found: new Map(),
  });
});

test('what is left out of the way back is not left out of the plan', () => {
  const entries: readonly Entry[] = [
    { event: 'skip', object: 'o' },
    { event: 'back-begin' },
    { event: 'skip', step: 'back', object: 'p' },
  ];
  expect(progressOf(entries)).toMatchObject({ skipped: new Set(['o']), leftOnBack: new Set(['p']) });
});

test('what finalize found is known by its object, as it was found last', () => {
  const found = (netid: number) => make.netNamespace('shop', netid);
  const begin = (more: Partial<Entry>): Entry => ({ event: 'begin', step: 'finalize', object: 'o', ...more });
  expect(progressOf([begin({}), begin({ found: found(1) }), begin({ found: found(2) })]).found).toEqual(
    new Map([['o', found(2)]]),
  );
});

test('a full disk leaves no half line behind', async () => {
  const journal = join(import.meta.dirname, '../../../src/migrate/run/journal.ts');
  const script = `
    import { Journal } from ${JSON.stringify(journal)};
    const one = await Journal.open(${JSON.stringify(folder)});
    const add = (step) => one.add({ event: 'done', step, object: 'o' }).catch(({ message }) => console.log(message));
    await add('a');
    await add('x'.repeat(2000));
    await add('b');
    await one.close();`;
  const argv = ['--fsize=1000', process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module'];
  const ran = await exec('prlimit', [...argv, '-e', script]);
  expect([ran.stdout, ran.stderr]).toEqual([
    `${join(folder, 'journal.ndjson')} cannot be written: EFBIG: file too large, write\n`,
    '',
  ]);
  const entries = await readJournal(folder);
  expect(entries).toEqual({
    ok: true,
    value: ['a', 'b'].map((step) => ({ event: 'done', step, object: 'o' })),
  });
});
