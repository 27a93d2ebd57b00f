/** The state in a folder. */
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  asStored,
  type ChangeLog,
  FolderInUse,
  type Identity,
  keptIdentity,
  openChangeLog,
} from '../../../src/apiserver/store/change-log.ts';
import { Entry, LogRecord } from '../../../src/apiserver/store/store.ts';
import { storedThing } from '../things.ts';

let folder = '';
const opened: ChangeLog[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-test-'));
});
afterEach(async () => {
  for (const log of opened.splice(0)) log.close();
  await rm(folder, { recursive: true, force: true });
});

const open = async (at = folder): ReturnType<typeof openChangeLog> => {
  const both = await openChangeLog(at);
  opened.push(both.changeLog);
  return both;
};
const close = (): void => opened.pop()?.close();
const record = (
  type: 'ADDED' | 'MODIFIED' | 'DELETED',
  name: string,
  version: number,
  namespace?: string,
): LogRecord => {
  const metadata = { resourceVersion: String(version), ...(namespace === undefined ? {} : { namespace }) };
  return new LogRecord(type, new Entry(storedThing(name, { version }, metadata)), undefined);
};
const keys = ({ objects }: Awaited<ReturnType<typeof openChangeLog>>['state']): string[] =>
  objects.map(
    ({ id, object }) =>
      `${id} ${object.metadata.namespace ?? ''}/${object.metadata.name}@${object.metadata.resourceVersion}`,
  );
const log = (): string => join(folder, 'objects.ndjson');

it('begins with nothing, in a folder that it makes', async () => {
  const deep = join(folder, 'a', 'b');
  const { state } = await open(deep);
  expect(state).toEqual({ objects: [], version: 1 });
  expect((await stat(deep)).mode & 0o777).toBe(0o700);
  expect((await stat(join(deep, 'objects.ndjson'))).mode & 0o777).toBe(0o600);
});

it('gives back the last state of each object, and the version of the latest change, even if that was a removal', async () => {
  const { changeLog } = await open();
  changeLog.note('things', record('ADDED', 'a', 2));
  changeLog.note('things', record('ADDED', 'b', 3));
  changeLog.note('others', record('ADDED', 'a', 4));
  changeLog.note('things', record('ADDED', 'a', 5, 'ns'));
  changeLog.note('things', record('MODIFIED', 'a', 6));
  changeLog.note('things', record('DELETED', 'b', 9));
  close();
  const { state } = await open();
  expect(keys(state)).toEqual(['things /a@6', 'others /a@4', 'things ns/a@5']);
  expect(state.version).toBe(9);
});

it('writes its log again at each start, without what is gone', async () => {
  const { changeLog } = await open();
  changeLog.note('things', record('ADDED', 'a', 2));
  changeLog.note('things', record('MODIFIED', 'a', 3));
  expect((await readFile(log(), 'utf8')).split('\n')).toHaveLength(3);
  close();
  await open();
  expect((await readFile(log(), 'utf8')).split('\n')).toHaveLength(2);
  expect(await readdir(folder)).toEqual(['objects.ndjson']);
});

test.each<readonly [string, string]>([
  ['a line that was cut off', '{"id":"things","object":{"apiVersion":"exa'],
  ['a list', '[1]\n'],
  ['an object without a name', '{"id":"things","object":{"apiVersion":"v1","kind":"X","metadata":{"uid":"u"}}}\n'],
  ['an entry without an object', '{"id":"things"}\n'],
  ['empty lines', '\n\n'],
])('passes over %s and keeps the rest', async (_what, line) => {
  const { changeLog } = await open();
  changeLog.note('things', record('ADDED', 'a', 2));
  close();
  await appendFile(log(), line);
  const { state } = await open();
  expect(keys(state)).toEqual(['things /a@2']);
});

it('goes on after a line that was cut off', async () => {
  await writeFile(log(), '{"id":"things","object":{"apiV');
  const { changeLog } = await open();
  changeLog.note('things', record('ADDED', 'a', 2));
  close();
  expect(keys((await open()).state)).toEqual(['things /a@2']);
});

it('lets only one server use a folder at a time, under any of its names', async () => {
  await open();
  await expect(open()).rejects.toThrow(FolderInUse);
  await expect(open(`${folder}/.`)).rejects.toThrow('is used by another API server that is running');
  close();
  await open();
});

describe('an object in the log', () => {
  const { metadata, ...rest } = storedThing('x', { spec: { a: 1 } }, { namespace: 'ns' });

  it('is read as it is', () => {
    expect(asStored({ ...rest, metadata })).toEqual({ ...rest, metadata });
  });

  test.each(['name', 'uid', 'resourceVersion', 'creationTimestamp'])('needs metadata.%s', (key) => {
    expect(asStored({ ...rest, metadata: { ...metadata, [key]: 1 } })).toBeUndefined();
  });

  test.each(['apiVersion', 'kind'])('needs %s', (key) => {
    expect(asStored({ ...rest, metadata, [key]: undefined })).toBeUndefined();
  });
});

describe('the identity', () => {
  const one: Identity = { key: 'k', certificate: 'c', token: 't' };
  const other = { ...one, token: 'another' };

  it('is made once and kept, for its owner only', async () => {
    expect(await keptIdentity(folder, () => Promise.resolve(one))).toEqual(one);
    expect(await keptIdentity(folder, () => Promise.resolve(other))).toEqual(one);
    expect((await stat(join(folder, 'identity.json'))).mode & 0o777).toBe(0o600);
  });

  test.each(['key', 'certificate', 'token'])('is made again when its %s is missing', async (key) => {
    await writeFile(join(folder, 'identity.json'), JSON.stringify({ ...one, [key]: undefined }));
    expect(await keptIdentity(folder, () => Promise.resolve(other))).toEqual(other);
  });

  it('is made again when the file is broken', async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'identity.json'), '{"key":');
    expect(await keptIdentity(folder, () => Promise.resolve(other))).toEqual(other);
  });
});
