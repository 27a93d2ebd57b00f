/** Files of every sort, in a real folder. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { filesOf, readTexts } from '../../../src/io/input/files.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(path: string, content: string | Uint8Array = ''): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, content);
  return file;
}
const found = async (): Promise<string[]> => (await filesOf(folder)).map((file) => file.slice(folder.length + 1));
const tar = (files: Readonly<Record<string, string | Buffer>>): Promise<Uint8Array> =>
  packTar(
    Object.entries(files).map(([name, body]) => ({
      header: { name, size: Buffer.byteLength(body), type: 'file' as const },
      body,
    })),
  );

describe('the files of a path', () => {
  it('are those of a tree that may hold objects, in order of their paths', async () => {
    const wanted = ['a.json', 'a.json.gz', 'b/c.yaml', 'b/c.yml', 'b/d/e.yaml.gz', 'f.tar', 'f.tar.gz', 'f.tgz'];
    for (const path of [...wanted].reverse()) await put(path);
    for (const path of ['readme.txt', 'a.json.bak', 'b/yaml', 'x.gz', 'json', 'a.tar.xz']) await put(path);
    expect(await found()).toEqual(wanted);
  });

  it('are itself, whatever it is called', async () => {
    const file = await put('notes.txt');
    expect(await filesOf(file)).toEqual([file]);
    expect(await filesOf('-')).toEqual(['-']);
  });

  it('include those behind symbolic links, each folder once', async () => {
    await put('real/a.yaml');
    await put('other.txt');
    await symlink(join(folder, 'real'), join(folder, 'linked'));
    await symlink(folder, join(folder, 'real', 'up'));
    await symlink(join(folder, 'real', 'a.yaml'), join(folder, 'b.yaml'));
    await symlink(join(folder, 'other.txt'), join(folder, 'c.txt'));
    const files = await found();
    expect(files.filter((file) => file.endsWith('a.yaml'))).toHaveLength(1);
    expect(files.filter((file) => !file.endsWith('a.yaml'))).toEqual(['b.yaml']);
  });

  it('include a link to nowhere if it is called like one, so that reading it says what is wrong', async () => {
    await symlink(join(folder, 'nowhere'), join(folder, 'a.yaml'));
    await symlink(join(folder, 'nowhere'), join(folder, 'a.txt'));
    expect(await found()).toEqual(['a.yaml']);
    const [text] = await readTexts(join(folder, 'a.yaml'));
    expect(text?.text).toMatchObject({ ok: false });
  });

  it('are those too that begin like one or are packed, whatever they are called', async () => {
    const object = 'apiVersion: v1\nkind: Namespace\n';
    const wanted: Readonly<Record<string, string | Buffer>> = {
      'a.YAML': '',
      'b.txt': `# from oc\n---\n${object}`,
      'c.gz': gzipSync(object),
      'd.yaml.GZ': '',
      'e.yaml.bz2': 'BZh91AY',
      'f.yaml.xz': Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
      'g.ndjson': '',
      'h.zip': 'PK\x03\x04',
      i: '[{"apiVersion":"v1","kind":"Namespace"}]',
      'j.log.gz': gzipSync(Buffer.from(await tar({ 'a.yaml': object }))),
    };
    for (const [path, content] of Object.entries(wanted)) await put(path, content);
    await put('x.log', `I1129 06:21:25 reading apiVersion: v1 kind: Namespace\n${object}`);
    await put('y.txt', 'kind: of a note\n');
    await put('z.bin', Buffer.from([0, 1, 2]));
    expect(await found()).toEqual(Object.keys(wanted).sort());
  });

  it('are none of a path that is not there', async () => {
    await expect(filesOf(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('an archive', () => {
  it('names links to what it does not have, and reads what they lead to in it where it is', async () => {
    const link = (name: string, linkname: string, type: 'symlink' | 'link' = 'symlink') => ({
      header: { name, type, linkname, size: 0 },
    });
    const body = 'apiVersion: v1\nkind: Namespace\n';
    const packed = await packTar([
      { header: { name: 'x/data', type: 'file', size: body.length }, body },
      { header: { name: 'x/notes.txt', type: 'file', size: 2 }, body: 'no' },
      link('a.yaml', 'x/data'),
      link('x/b.yaml', 'data'),
      link('x/up', '../x'),
      link('hard.yaml', 'x/data', 'link'),
      link('out.yaml', '../../elsewhere.yaml'),
      link('absolute', '/x/data'),
      link('x/gone.yaml', 'nowhere.yaml'),
      link('x/current.log', 'nowhere.log'),
    ]);
    const archive = await put('a.tar', packed);
    const texts = await readTexts(archive);
    expect(texts.map(({ file, text }) => [file.slice(archive.length + 1), text.ok ? text.value : text.error])).toEqual([
      ['absolute', 'is a link to /x/data, which is not in the archive'],
      ['out.yaml', 'is a link to ../../elsewhere.yaml, which is not in the archive'],
      ['x/data', body],
      ['x/gone.yaml', 'is a link to nowhere.yaml, which is not in the archive'],
    ]);
  });

  it('in an archive is read too', async () => {
    const inner = Buffer.from(await tar({ 'b.yaml': 'a: 1' }));
    const archive = await put('a.tar', await tar({ 'x/inner.tar.gz': gzipSync(inner) }));
    expect(await readTexts(archive)).toEqual([
      { file: `${archive}:x/inner.tar.gz:b.yaml`, text: { ok: true, value: 'a: 1' } },
    ]);
  });
});

describe('a text', () => {
  const read = async (content: string | Uint8Array): Promise<unknown> => {
    const file = await put('a', content);
    const texts = await readTexts(file);
    expect(texts.map((one) => one.file)).toEqual([file]);
    return texts[0]?.text;
  };
  const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');

  test.each<readonly [string, string | Uint8Array]>([
    ['UTF-8', 'a: ä\n'],
    ['UTF-8 with a byte order mark', '\ufeffa: ä\n'],
    ['UTF-16, as Windows writes it', utf16('a: ä\n')],
    ['UTF-16 the other way round', utf16('a: ä\n').swap16()],
    ['gzip', gzipSync('a: ä\n')],
    ['gzip of UTF-16', gzipSync(utf16('a: ä\n'))],
  ])('is read from %s', async (_what, content) => {
    expect(await read(content)).toEqual({ ok: true, value: 'a: ä\n' });
  });

  it('may be empty', async () => {
    expect(await read('')).toEqual({ ok: true, value: '' });
  });

  it('is not what has null bytes', async () => {
    expect(await read(Buffer.from('a: b', 'utf16le'))).toEqual({
      ok: false,
      error: 'is no text: it has null bytes, as UTF-16 without a byte order mark',
    });
  });

  it('is not what is broken, and that is said of the file alone', async () => {
    expect(await read(gzipSync('a: b').subarray(0, 12))).toMatchObject({ ok: false });
    const [text] = await readTexts(join(folder, 'none.yaml'));
    expect(text?.text).toMatchObject({ ok: false });
  });
});

describe('an archive', () => {
  const files = { 'b/two.yaml': 'two', 'a/one.json': 'one', 'readme.txt': 'no', 'c.yaml.gz': gzipSync('three') };

  test.each<readonly [string, (bytes: Uint8Array) => Uint8Array]>([
    ['plain', (bytes) => bytes],
    ['zipped', gzipSync],
  ])('that is %s is read file by file, in order, without other files', async (_what, pack) => {
    const archive = await put('x.tar', pack(await tar(files)));
    expect(await readTexts(archive)).toEqual([
      { file: `${archive}:a/one.json`, text: { ok: true, value: 'one' } },
      { file: `${archive}:b/two.yaml`, text: { ok: true, value: 'two' } },
      { file: `${archive}:c.yaml.gz`, text: { ok: true, value: 'three' } },
    ]);
  });

  it('is known by what is in it, not by its name', async () => {
    expect(await readTexts(await put('x.yaml', await tar({ 'a.yaml': 'one' })))).toMatchObject([
      { text: { value: 'one' } },
    ]);
    expect(await readTexts(await put('x.tar', 'one'))).toMatchObject([{ text: { value: 'one' } }]);
  });
});
