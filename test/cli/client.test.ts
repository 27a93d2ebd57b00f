/** The client's options against a real server that judges by roles: another context, another cluster, another user. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { load } from 'js-yaml';
import { namespaces, nodes } from '../../api/kinds.ts';
import { addClientOptions, type ClientFlags, openClient } from '../../src/cli/client.ts';
import { allow, clientOf } from '../apiserver/accounts.ts';
import { start, type Started } from '../apiserver/started.ts';

let api: Started;
let path: string;
beforeAll(async () => {
  api = await start({ authorization: 'rbac' });
  await api.client.create(namespaces, { metadata: { name: 'shop' } });
  await allow(api, 'shop', 'viewer', [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }]);
  (await clientOf(api, 'shop', 'viewer')).close();
  const config = load(await readFile(api.kubeconfig, 'utf8')) as {
    clusters: { name: string; cluster: object }[];
    contexts: { name: string; context: { cluster: string; user: string } }[];
    'current-context': string;
  };
  const [cluster, context] = [config.clusters[0]!, config.contexts[0]!];
  config.clusters.push({ name: 'away', cluster: { server: 'https://127.0.0.1:1' } });
  config.contexts.push({ name: 'elsewhere', context: { ...context.context, cluster: 'away' } });
  config['current-context'] = 'elsewhere';
  path = join(api.folder, 'several');
  await writeFile(path, JSON.stringify(config).replaceAll(`"${cluster.name}"`, '"home"'));
});
afterAll(() => api.stop());

const flags = (...args: readonly string[]): ClientFlags =>
  addClientOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }))
    .parse(['--kubeconfig', path, ...args], { from: 'user' })
    .opts<ClientFlags>();

async function seen(kind: typeof nodes, ...args: readonly string[]): Promise<string> {
  try {
    const client = await openClient(flags(...args), 'test');
    return await client
      .list(kind)
      .then(
        () => 'yes',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      .finally(() => client.close());
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('the current context is the default, --context another, --cluster another of the same user', async () => {
  expect(await seen(nodes)).toContain('ECONNREFUSED');
  expect(await seen(nodes, '--cluster', 'home')).toBe('yes');
  expect(await seen(nodes, '--context', 'nowhere')).toContain('the kubeconfig has no context "nowhere"');
  expect(await seen(nodes, '--cluster', 'nowhere')).toContain('the kubeconfig has no cluster "nowhere"');
});

test('--as is another user, with the rights of that one, and its groups by --as-group', async () => {
  const viewer = 'system:serviceaccount:shop:viewer';
  expect(await seen(nodes, '--cluster', 'home', '--as', viewer)).toBe('yes');
  expect(await seen(namespaces, '--cluster', 'home', '--as', viewer)).toContain(`User "${viewer}" cannot list`);
  const groups = ['--as-group', 'one', '--as-group', 'system:masters'];
  expect(await seen(namespaces, '--cluster', 'home', '--as', 'root', ...groups)).toBe('yes');
  expect(await seen(namespaces, '--cluster', 'home', '--as-group', 'one')).toContain('--as-group goes with --as');
});

test('who may not be another is told', async () => {
  path = join(api.folder, 'kubeconfig-viewer');
  expect(await seen(nodes, '--as', 'root')).toContain(
    'User "system:serviceaccount:shop:viewer" cannot impersonate resource "users"',
  );
});
