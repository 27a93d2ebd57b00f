/** ServiceAccounts of a server that judges by roles, and clients with their tokens, for tests. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clusterRoleBindings, clusterRoles, type Kind, serviceAccounts } from '../../api/kinds.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { openKube } from '../../src/io/kube/config.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { logger, type Started } from './started.ts';

/** Makes an account in a namespace that is there, with a ClusterRole of these rules. */
export async function allow(
  { client }: Started,
  namespace: string,
  name: string,
  rules: readonly object[],
): Promise<void> {
  const create = (kind: Kind, rest: object): Promise<KubeObject> =>
    client.create(kind, { metadata: { name }, ...rest });
  await client.create(serviceAccounts, { metadata: { name, namespace } });
  await create(clusterRoles, { rules });
  await create(clusterRoleBindings, {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
}

/** A fresh token of an account. */
export async function tokenOf({ client }: Started, namespace: string, name: string): Promise<string> {
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const body: KubeObject & { status?: { token: string } } = { ...request, metadata: { name, namespace } };
  const made = await client.create(serviceAccounts, body, { subresource: 'token' });
  return made.status?.token ?? '';
}

/** A client that is the account. */
export async function clientOf(started: Started, namespace: string, name: string): Promise<KubeClient> {
  const path = join(started.folder, `kubeconfig-${name}`);
  const token = await tokenOf(started, namespace, name);
  await writeFile(path, started.server.kubeconfig.replace(/token: \S+/, `token: ${token}`));
  return openKube({ kubeconfig: path, logger, userAgent: 'test' });
}
