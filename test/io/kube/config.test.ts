import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namespaces } from '../../../api/kinds.ts';
import { openKube } from '../../../src/io/kube/config.ts';
import { credentialsOf, logger, start, type Started } from '../../apiserver/started.ts';

let started: Started;
let folder = '';
let token = '';
let authority = '';
beforeAll(async () => {
  started = await start();
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-config-'));
  ({ token, authority } = await credentialsOf(started.kubeconfig));
});
afterAll(async () => {
  await started.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A kubeconfig whose user proves itself in another way. */
async function kubeconfig(name: string, user: object, cluster: object = {}): Promise<string> {
  const path = join(folder, name);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'c', cluster: { server: started.server.url, 'certificate-authority-data': authority, ...cluster } },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

const open = (path: string, context?: string): ReturnType<typeof openKube> =>
  openKube({ kubeconfig: path, logger, userAgent: 'test', ...(context === undefined ? {} : { context }) });

test('a token in a file is read again after the server refused it', async () => {
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'rotated-away');
  const client = await open(
    await kubeconfig('file', { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } }),
  );
  await expect(client.get(namespaces, { name: 'default' })).rejects.toMatchObject({
    code: 401,
    message: 'Unauthorized',
  });
  await writeFile(tokenFile, `${token}\n`);
  expect((await client.get(namespaces, { name: 'default' }))?.metadata.name).toBe('default');
  client.close();
});

test("a user's tokenFile counts, before a token and relative to its kubeconfig, and is read again when it is refused", async () => {
  await writeFile(join(folder, 'mounted'), `${token}\n`);
  const path = await kubeconfig('token-file', { tokenFile: 'mounted', token: 'old' });
  const client = await open(path);
  expect((await client.get(namespaces, { name: 'default' }))?.metadata.name).toBe('default');
  client.close();
  const before = process.env['KUBECONFIG'];
  process.env['KUBECONFIG'] = path;
  try {
    await writeFile(join(folder, 'mounted'), 'rotated-away');
    const byDefault = await openKube({ logger, userAgent: 'test' });
    await expect(byDefault.get(namespaces, { name: 'default' })).rejects.toMatchObject({ code: 401 });
    await writeFile(join(folder, 'mounted'), token);
    expect((await byDefault.get(namespaces, { name: 'default' }))?.metadata.name).toBe('default');
    byDefault.close();
  } finally {
    if (before === undefined) delete process.env['KUBECONFIG'];
    else process.env['KUBECONFIG'] = before;
  }
});

test('an exec plugin is asked once while its token is good, and again when it is refused', async () => {
  const plugin = join(folder, 'plugin');
  const calls = join(folder, 'calls');
  const secret = join(folder, 'secret');
  await writeFile(secret, token);
  await writeFile(
    plugin,
    `#!/bin/sh
echo call >>${calls}
printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}' "$(cat ${secret})"
`,
  );
  await chmod(plugin, 0o700);
  const run = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
  const client = await open(await kubeconfig('exec', { exec: run }));
  for (let index = 0; index < 5; index += 1) await client.get(namespaces, { name: 'default' });
  expect((await readFile(calls, 'utf8')).split('\n')).toHaveLength(2);
  await writeFile(secret, 'wrong');
  client.close();
});

test('what cannot be used is named in one line', async () => {
  await expect(open(join(folder, 'nowhere'))).rejects.toThrow(/ENOENT.*nowhere/);
  await expect(open(started.kubeconfig, 'other')).rejects.toThrow('the kubeconfig has no context "other"');
  await expect(open(await kubeconfig('bad', {}, { server: 'not a url' }))).rejects.toThrow(
    'the kubeconfig\'s server "not a url" is no URL',
  );
  await expect(open(await kubeconfig('proxy', {}, { 'proxy-url': 'http://127.0.0.1:1' }))).rejects.toThrow('proxy-url');
});

test.each([
  ['null', 'it is no kubeconfig, or has an entry that is none'],
  ['contexts: [null]\ncurrent-context: a', 'it is no kubeconfig, or has an entry that is none'],
  ['[]', 'the kubeconfig has no current context: --context names one'],
  ['current-context: a', 'the kubeconfig has no cluster for context "a"'],
])('a file that is no kubeconfig is said to be none: %j', async (text, reason) => {
  const path = join(folder, 'none');
  await writeFile(path, text);
  await expect(open(path)).rejects.toThrow(`${path} cannot be used: ${reason}`);
});

test('a server that the authority does not vouch for is refused', async () => {
  const path = await kubeconfig(
    'stranger',
    { token },
    { 'certificate-authority-data': Buffer.from('').toString('base64') },
  );
  const client = await open(path);
  await expect(client.get(namespaces, { name: 'default' })).rejects.toThrow(/self-signed certificate/);
  client.close();
});
