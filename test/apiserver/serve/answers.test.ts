/** Bindings, tokens of ServiceAccounts, and reviews of tokens and rights: what is answered and not stored. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  clusterRoleBindings,
  clusterRoles,
  namespaces,
  pods,
  serviceAccounts,
  subjectAccessReviews,
  tokenReviews,
} from '../../../api/kinds.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import { openKube } from '../../../src/io/kube/config.ts';
import type { KubeObject, PodObject } from '../../../src/model/objects/raw.ts';
import { logger, start, type Started } from '../started.ts';

let started: Started;
let now = new Date('2026-01-01T00:00:00Z');
beforeEach(async () => {
  now = new Date('2026-01-01T00:00:00Z');
  started = await start({ authorization: 'rbac', now: () => now });
  await started.client.create(namespaces, { metadata: { name: 'shop' } });
});
afterEach(() => started.stop());

interface TokenRequest extends KubeObject {
  readonly spec?: { readonly audiences?: readonly string[]; readonly expirationSeconds?: number };
  readonly status?: { readonly token: string; readonly expirationTimestamp: string };
}

async function tokenOf(name: string, spec: TokenRequest['spec'] = {}): Promise<string> {
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  const body: TokenRequest = { ...request, metadata: { name, namespace: 'shop' } };
  const { status } = await started.client.create<TokenRequest>(serviceAccounts, body, { subresource: 'token' });
  return status?.token ?? '';
}

async function clientWith(token: string): Promise<KubeClient> {
  const path = join(started.folder, `kubeconfig-${String(Math.random())}`);
  await writeFile(path, started.server.kubeconfig.replace(/token: \S+/, `token: ${token}`));
  return openKube({ kubeconfig: path, logger, userAgent: 'test' });
}

/** What becomes of a list of pods with the token. */
async function listing(token: string): Promise<string> {
  const client = await clientWith(token);
  try {
    return await client.list(pods, { namespace: 'shop' }).then(
      () => 'allowed',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
  } finally {
    client.close();
  }
}

const problem = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  );

interface Review extends KubeObject {
  readonly status?: object;
}

async function review(token: string, audiences?: readonly string[]): Promise<object | undefined> {
  const body = { metadata: {}, spec: { token, audiences } };
  return (await started.client.create<Review>(tokenReviews, body)).status;
}

test('each namespace has a ServiceAccount default', async () => {
  expect(await started.client.get(serviceAccounts, { name: 'default', namespace: 'shop' })).toBeDefined();
  expect(await started.client.get(serviceAccounts, { name: 'default', namespace: 'kube-system' })).toBeDefined();
});

test('a token is its ServiceAccount, until it is over or the account is another one', async () => {
  const token = await tokenOf('default', { expirationSeconds: 600 });
  const refused = 'User "system:serviceaccount:shop:default" cannot list resource "pods"';
  expect(await listing(token)).toContain(refused);
  now = new Date('2026-01-01T00:09:59Z');
  expect(await listing(token)).toContain(refused);
  now = new Date('2026-01-01T00:10:00Z');
  expect(await listing(token)).toContain('Unauthorized');
  const second = await tokenOf('default');
  expect(await listing(second)).toContain(refused);
  await started.client.delete(serviceAccounts, { name: 'default', namespace: 'shop' });
  await started.client.create(serviceAccounts, { metadata: { name: 'default', namespace: 'shop' } });
  expect(await listing(second)).toContain('Unauthorized');
});

test('a token that was changed is nobody', async () => {
  const [head = '', , signature = ''] = (await tokenOf('default')).split('.');
  const claims = { aud: ['https://kubernetes.default.svc'], exp: 4e9, 'kubernetes.io': { namespace: 'kube-system' } };
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
  expect(await listing(`${head}.${body}.${signature}`)).toContain('Unauthorized');
  expect(await listing(`${head}.${body}.`)).toContain('Unauthorized');
});

test('a token for others is not for the API server', async () => {
  const token = await tokenOf('default', { audiences: ['vault'] });
  expect(await listing(token)).toContain('Unauthorized');
  expect(await review(token)).toMatchObject({ authenticated: false });
  expect(await review(token, ['vault', 'other'])).toMatchObject({ authenticated: true, audiences: ['vault'] });
});

test('a token of an account that does not exist, or for less than ten minutes, is not given', async () => {
  expect(await problem(tokenOf('nobody'))).toContain('not found');
  expect(await problem(tokenOf('default', { expirationSeconds: 599 }))).toContain('10 minutes');
});

test('a TokenReview names who has the token', async () => {
  const groups = ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'];
  expect(await review(await tokenOf('default'))).toEqual({
    authenticated: true,
    user: { username: 'system:serviceaccount:shop:default', groups },
    audiences: ['https://kubernetes.default.svc'],
  });
  const admin = /token: (\S+)/.exec(await readFile(started.kubeconfig, 'utf8'))?.[1] ?? '';
  expect(await review(admin)).toMatchObject({ authenticated: true, user: { username: 'sdn-compat-admin' } });
  expect(await review('nonsense')).toMatchObject({ authenticated: false });
});

test('a SubjectAccessReview says what the roles allow', async () => {
  const user = 'system:serviceaccount:shop:default';
  const ask = async (spec: object): Promise<object | undefined> =>
    (await started.client.create<Review>(subjectAccessReviews, { metadata: {}, spec } as KubeObject)).status;
  const metrics = { user, nonResourceAttributes: { path: '/metrics', verb: 'get' } };
  const list = { user, resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'shop' } };
  expect([await ask(metrics), await ask(list)]).toEqual([{ allowed: false }, { allowed: false }]);
  const rules = [
    { nonResourceURLs: ['/metrics'], verbs: ['get'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  ];
  await started.client.create(clusterRoles, { metadata: { name: 'reader' }, rules } as KubeObject);
  await started.client.create(clusterRoleBindings, {
    metadata: { name: 'reader' },
    roleRef: { kind: 'ClusterRole', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'shop', name: 'default' }],
  } as KubeObject);
  expect([await ask(metrics), await ask(list)]).toEqual([{ allowed: true }, { allowed: true }]);
  const watch = { ...list.resourceAttributes, verb: 'watch' };
  expect(await ask({ user, resourceAttributes: watch })).toEqual({ allowed: false });
  expect(await problem(ask({ user }))).toContain('resourceAttributes');
});

test('a binding gives a pod its node, once', async () => {
  const { client } = started;
  const spec = { containers: [{ name: 'c', image: 'c' }] };
  await client.create(pods, { metadata: { name: 'web', namespace: 'shop' }, spec } as KubeObject);
  const bind = (node: string): Promise<unknown> => {
    const target = { apiVersion: 'v1', kind: 'Node', name: node };
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web', namespace: 'shop' }, target };
    return client.create(pods, body, { subresource: 'binding' });
  };
  await bind('a');
  const nodeOf = async (): Promise<string | undefined> =>
    (await client.get<PodObject>(pods, { name: 'web', namespace: 'shop' }))?.spec?.nodeName;
  expect(await nodeOf()).toBe('a');
  expect(await problem(bind('b'))).toContain('pod web is already assigned to node "a"');
  expect(await nodeOf()).toBe('a');
});
