import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { hostSubnets, netNamespaces, nodes } from '../../../api/kinds.ts';
import { problemAt, problemText, readManifests } from '../../../src/io/input/manifests.ts';

const kinds = [hostSubnets, netNamespaces, nodes];
const folder = mkdtempSync(join(tmpdir(), 'manifests-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function namesIn(...paths: string[]): Promise<readonly string[]> {
  const read = await readManifests(paths, kinds);
  if (!read.ok) throw new Error(problemText(read.error));
  return read.value.map(({ object }) => `${String(object['kind'])}/${(object['metadata'] as { name: string }).name}`);
}

const yaml = (kind: string, name: string): string =>
  `apiVersion: network.openshift.io/v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n`;
const json = (kind: string, name: string): object => ({
  apiVersion: 'network.openshift.io/v1',
  kind,
  metadata: { name },
});

test('documents, lists of both sorts, JSON, gzip', async () => {
  const documents = file(
    'a/docs.yaml',
    `---\n${yaml('HostSubnet', 'w0')}---\n${yaml('NetNamespace', 'one')}---\n# nothing\n`,
  );
  const list = file(
    'a/list.json',
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [json('HostSubnet', 'w1'), { kind: 'ConfigMap' }] }),
  );
  const typed = file(
    'a/typed.yaml',
    `apiVersion: network.openshift.io/v1\nkind: NetNamespaceList\nitems:\n- metadata:\n    name: two\n`,
  );
  const packed = file('a/packed.json.gz', gzipSync(JSON.stringify(json('HostSubnet', 'w2'))));
  expect(await namesIn(documents, list, typed, packed)).toEqual([
    'HostSubnet/w0',
    'NetNamespace/one',
    'HostSubnet/w1',
    'NetNamespace/two',
    'HostSubnet/w2',
  ]);
});

test('a tree is read in order of path; other kinds, other groups and other files are passed over', async () => {
  file('gather/cluster/network.openshift.io/hostsubnets/b.yaml', yaml('HostSubnet', 'b'));
  file('gather/cluster/network.openshift.io/hostsubnets/a.yaml', yaml('HostSubnet', 'a'));
  file(
    'gather/cluster/config/nodes.yaml',
    'apiVersion: config.openshift.io/v1\nkind: Node\nmetadata:\n  name: not-a-node\n',
  );
  file('gather/cluster/core/nodes/a.yaml', 'apiVersion: v1\nkind: Node\nmetadata:\n  name: a\n');
  file('gather/broken-but-not-ours.yaml', 'kind: Pod\n  x: [\n');
  file('gather/pod.log', 'kind: HostSubnet [[[');
  expect(await namesIn(join(folder, 'gather'))).toEqual(['Node/a', 'HostSubnet/a', 'HostSubnet/b']);
});

test('a file that cannot be parsed is named with its line', async () => {
  const broken = file('broken.yaml', `${yaml('HostSubnet', 'w0')}egressIPs: [\n  a\nhost: x\n`);
  const read = await readManifests([broken], kinds);
  expect(read).toMatchObject({ ok: false, error: { file: broken, field: '' } });
  expect(read.ok ? 0 : read.error.line).toBeGreaterThanOrEqual(5);
  const cut = file('cut.json', '{\n"kind": "HostSubnet",\n"metadata": {');
  expect(await readManifests([cut], kinds)).toMatchObject({ ok: false, error: { file: cut, line: 3 } });
  expect(await readManifests([join(folder, 'absent')], kinds)).toMatchObject({
    ok: false,
    error: { file: join(folder, 'absent'), line: undefined },
  });
});

test.each([
  [
    'list.yaml',
    `apiVersion: v1\nkind: List\nitems:\n- ${yaml('HostSubnet', 'w0').replaceAll('\n', '\n  ')}\n  egressIPs:\n  - 10.0.0.1\n  - 7\n`,
    11,
    'items[0].egressIPs[1]',
  ],
  [
    'second.yaml',
    `${yaml('NetNamespace', 'x').replace('NetNamespace', 'Pod')}---\n${yaml('HostSubnet', 'w0')}egressIPs: [10.0.0.1,\n  7]\n`,
    11,
    'egressIPs[1]',
  ],
  [
    'pretty.json',
    JSON.stringify({ ...json('HostSubnet', 'w0'), egressIPs: ['10.0.0.1', 7] }, null, 1),
    9,
    'egressIPs[1]',
  ],
])('a field of %s is found at its line', async (name, content, line, field) => {
  const read = await readManifests([file(name, content)], kinds);
  const [manifest] = read.ok ? read.value : [];
  expect(manifest).toBeDefined();
  const problem = problemAt(manifest!.source, 'egressIPs[1]', 'is not a text');
  expect(problem).toEqual({ file: join(folder, name), line, field, reason: 'is not a text' });
  expect(problemText(problem)).toBe(`${join(folder, name)}:${line}: ${field}: is not a text`);
});

test('an absent field is shown at the object that lacks it', async () => {
  const read = await readManifests([file('lacks.yaml', `---\n${yaml('HostSubnet', 'w0')}`)], kinds);
  const [manifest] = read.ok ? read.value : [];
  expect(problemAt(manifest!.source, 'host', 'is missing')).toMatchObject({ line: 2, field: 'host' });
});
