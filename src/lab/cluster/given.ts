/** The kubeconfig of an API server that is already there, which a lab is given and keeps a copy of. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { KubeConfigError } from '../../io/kube/error.ts';
import { files, type Layout } from '../layout.ts';

/** Whether the lab runs on an API server that is not its own. */
export function isGiven(layout: Layout): boolean {
  return existsSync(files.given(layout));
}

type Cluster = NonNullable<ReturnType<KubeConfig['getCurrentCluster']>>;
type User = NonNullable<ReturnType<KubeConfig['getCurrentUser']>>;

interface Given {
  readonly config: KubeConfig;
  readonly cluster: Cluster;
  readonly user: User;
  readonly url: URL;
}

async function load(path: string): Promise<Given> {
  const { KubeConfig } = await import('../../io/kube/kubeconfig.ts');
  await readFile(path); // the error names the file
  const config = new KubeConfig();
  config.loadFromFile(path);
  const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
  if (cluster === null || user === null)
    throw new Error(`it has no cluster and user for its context "${config.getCurrentContext()}"`);
  return { config, cluster, user, url: new URL(cluster.server) };
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

/** Keeps a copy of the kubeconfig and writes the lab's own one, which reaches the server by the lab's relay. */
export async function takeConfig(layout: Layout, path: string): Promise<void> {
  const { config } = await load(path).catch((error: unknown) => {
    throw new KubeConfigError(path, error);
  });
  await writeFile(files.given(layout), config.exportConfig(), { mode: 0o600 });
  await writeFile(files.kubeconfig(layout), await relayedConfig(layout), { mode: 0o600 });
}

/** The address of the server itself. */
export async function serverOf(layout: Layout): Promise<{ readonly host: string; readonly port: number }> {
  const { url } = await load(files.given(layout));
  const byDefault = url.protocol === 'http:' ? 80 : 443;
  return { host: hostOf(url), port: url.port === '' ? byDefault : Number(url.port) };
}

/** A kubeconfig that reaches the server by the relay, with this token or the credentials that the lab was given. */
export async function relayedConfig(layout: Layout, token?: string): Promise<string> {
  const { cluster, user, url, config } = await load(files.given(layout));
  const name = 'sdn-compat-lab';
  const at = `${url.protocol}//127.0.0.1:${String(layout.port)}${url.pathname.replace(/\/$/, '')}`;
  // the certificate is for the name by which the server is reached without the relay
  const tlsServerName = cluster.tlsServerName ?? hostOf(url);
  config.loadFromOptions({
    clusters: [{ ...cluster, name, server: at, ...(tlsServerName === '127.0.0.1' ? {} : { tlsServerName }) }],
    users: [token === undefined ? { ...user, name } : { name, token }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  return config.exportConfig();
}
