import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { refuseOccupied, writeTexts } from '../../src/cli/archive.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-archive-'));
});
afterEach(() => rm(folder, { recursive: true }));

const texts = ['a/b/c.yaml', 'a/d.yaml', 'version'].map((path) => ({ path, text: path }));
const files = async (of: string): Promise<readonly string[]> =>
  (await readdir(of, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map(({ parentPath, name }) => relative(of, join(parentPath, name)))
    .sort();

test.each(['bundle', 'bundle.tar', 'bundle.tar.gz'])('what is beside %s stays, whatever its name is', async (name) => {
  await mkdir(join(folder, `${name}.new`));
  await writeFile(join(folder, `${name}.new`, 'notes'), 'mine');
  await writeTexts(join(folder, name), texts);
  expect(await readFile(join(folder, `${name}.new`, 'notes'), 'utf8')).toBe('mine');
  expect((await readdir(folder)).sort()).toEqual([name, `${name}.new`]);
});

test.each(['new/', 'deep/er/new', 'empty', 'empty/', 'empty/.'])('%s is filled', async (name) => {
  await mkdir(join(folder, 'empty'));
  const out = `${folder}/${name}`;
  await refuseOccupied(out);
  await writeTexts(out, texts);
  expect(await files(join(folder, name))).toEqual(['a/b/c.yaml', 'a/d.yaml', 'version']);
});

test('two at a time end with one whole bundle, of one of them', async () => {
  for (let round = 0; round < 20; round++) {
    const out = join(folder, `bundle${round}`);
    const both = ['one', 'other'].map((text) =>
      writeTexts(
        out,
        texts.map(({ path }) => ({ path, text })),
      ),
    );
    const ends = await Promise.allSettled(both);
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const all = await Promise.all((await files(out)).map((path) => readFile(join(out, path), 'utf8')));
    expect(all).toHaveLength(3);
    expect(new Set(all).size).toBe(1);
  }
  expect(await readdir(folder)).toHaveLength(20);
});

test('a disk that cannot take it keeps nothing of it', async () => {
  await writeFile(join(folder, 'file'), '');
  const broken = [...texts, { path: 'version/impossible', text: '' }];
  await expect(writeTexts(join(folder, 'bundle'), broken)).rejects.toThrow('bundle cannot be written: ');
  await expect(writeTexts(join(folder, 'file', 'x.tar'), texts)).rejects.toThrow('cannot be written: ');
  expect(await readdir(folder)).toEqual(['file']);
});
