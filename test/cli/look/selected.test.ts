import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namespaces } from '../../../api/kinds.ts';
import { selectedByServer, selectedInFiles } from '../../../src/cli/look/selected.ts';
import { type Server, startServer } from '../../controllers/server.ts';

const labelled = (name: string, labels: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});
const all = [labelled('a', { team: 'x', tier: 'front' }), labelled('b', { team: 'y' }), labelled('c', {})];

let server: Server;
let folder: string;
let file: string;
beforeAll(async () => {
  server = await startServer();
  for (const one of all) await server.client.create(namespaces, one);
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-selected-'));
  file = join(folder, 'namespaces.json');
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: all }));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

test.each([
  ['team=x', ['a']],
  ['team in (x,y),tier!=front', ['b']],
  ['!team', ['c']],
  ['team=nobody', []],
])('%s selects the same from a server and in files', async (selector, names) => {
  const ours = (found: ReadonlySet<string>): readonly string[] => [...found].filter((name) => name.length === 1).sort();
  expect(ours(await selectedByServer(server.client, selector))).toEqual(names);
  expect(ours(await selectedInFiles([file], selector))).toEqual(names);
});

test('what is no selector is told with the flag', async () => {
  await expect(selectedByServer(server.client, 'team=x=y')).rejects.toThrow(/^--selector team=x=y: /);
  await expect(selectedInFiles([file], 'team=x=y')).rejects.toThrow(/^--selector team=x=y: /);
});
