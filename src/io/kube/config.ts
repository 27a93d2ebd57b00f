/** The API server's address and our credentials, from a kubeconfig or the service account inside a cluster. */
import { readFile } from 'node:fs/promises';
import type https from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from '../log.ts';
import { createClient, type KubeClient } from './client.ts';
import { KubeConfigError } from './error.ts';
import { useTokenFiles } from './token-files.ts';
import { createTransport, type Credentials, type CredentialSource } from './transport.ts';

export interface KubeOptions {
  /** Path of a kubeconfig; by default $KUBECONFIG, ~/.kube/config and the cluster we run in, in this order. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** The cluster of the kubeconfig to use in place of the context's. */
  readonly cluster?: string;
  /** Whom to be instead: the API server must allow it (impersonation). */
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly logger: Logger;
  readonly userAgent: string;
}

/** How long credentials are used before they are read again, in milliseconds, because tokens in files rotate. */
const credentialAge = 30_000;

async function loadConfig(options: KubeOptions): Promise<KubeConfig> {
  return readConfig(options).catch((error: unknown) => {
    // the library stumbles over what is YAML of another form
    const reason = error instanceof TypeError ? new Error('it is no kubeconfig, or has an entry that is none') : error;
    throw new KubeConfigError(options.kubeconfig, reason);
  });
}

async function readConfig(options: KubeOptions): Promise<KubeConfig> {
  const { KubeConfig } = await import('./kubeconfig.ts');
  const config = new KubeConfig();
  if (options.kubeconfig === undefined) config.loadFromDefault();
  else {
    await readFile(options.kubeconfig); // the error names the file
    config.loadFromFile(options.kubeconfig);
  }
  await useTokenFiles(config, options.kubeconfig);
  if (options.context !== undefined) {
    if (config.getContextObject(options.context) === null)
      throw new Error(`the kubeconfig has no context "${options.context}"`);
    config.setCurrentContext(options.context);
  }
  if (options.cluster !== undefined) chooseCluster(config, options.cluster);
  serverOf(config);
  return config;
}

function chooseCluster(config: KubeConfig, name: string): void {
  if (config.getCluster(name) === null) throw new Error(`the kubeconfig has no cluster "${name}"`);
  const context = config.getContextObject(config.getCurrentContext());
  if (context === null) throw new Error('the kubeconfig has no current context: --context names one');
  config.contexts = config.contexts.map((one) => (one === context ? { ...one, cluster: name } : one));
}

function withoutCluster(config: KubeConfig): string {
  const context: unknown = config.getCurrentContext();
  if (typeof context !== 'string' || context === '')
    return 'the kubeconfig has no current context: --context names one';
  return `the kubeconfig has no cluster for context "${context}"`;
}

function serverOf(config: KubeConfig): URL {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(withoutCluster(config));
  if (cluster.proxyUrl !== undefined) throw new Error('proxy-url in a kubeconfig is not supported');
  if (!URL.canParse(cluster.server)) throw new Error(`the kubeconfig's server "${cluster.server}" is no URL`);
  return new URL(cluster.server);
}

function textHeaders(headers: https.RequestOptions['headers']): Record<string, string> {
  const entries = Object.entries(headers ?? {});
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name.toLowerCase(), value.trim()]] : [])),
  );
}

/** The headers by which the API server takes requests for another user's, as Kubernetes has them. */
function impersonation({ as, asGroup = [] }: KubeOptions): Record<string, string | string[]> {
  if (as === undefined && asGroup.length > 0) throw new Error('--as-group goes with --as');
  if (as === undefined) return {};
  return { 'impersonate-user': as, ...(asGroup.length === 0 ? {} : { 'impersonate-group': [...asGroup] }) };
}

async function readCredentials(config: KubeConfig, kube: KubeOptions): Promise<Credentials> {
  if (serverOf(config).protocol === 'http:') return { headers: impersonation(kube), tls: {} };
  const options: https.RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, servername, rejectUnauthorized, auth } = options;
  const given = { ca, cert, key, servername, rejectUnauthorized };
  const basic = typeof auth === 'string' ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  return {
    headers: { ...textHeaders(options.headers), ...basic, ...impersonation(kube) },
    tls: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}

/**
 * Reads credentials at most every 30 s, and again from the files after a 401. A new TLS identity means new connections.
 */
function credentialSource(options: KubeOptions, first: KubeConfig): CredentialSource {
  let config = first;
  let current: { readonly value: Credentials; readonly at: number } | undefined;
  let reading: Promise<Credentials> | undefined;

  const read = async (renew: boolean): Promise<Credentials> => {
    if (renew) {
      options.logger.info('the API server refused our credentials: reading them again');
      config = await loadConfig(options);
    }
    const fresh = await readCredentials(config, options);
    const known = current?.value;
    const same = known !== undefined && isDeepStrictEqual(known.tls, fresh.tls);
    const value = same ? { headers: fresh.headers, tls: known.tls } : fresh;
    current = { value, at: performance.now() };
    return value;
  };

  return async (renew) => {
    if (!renew && current !== undefined && performance.now() - current.at < credentialAge) return current.value;
    reading ??= read(renew).finally(() => (reading = undefined));
    return reading;
  };
}

/**
 * Creates a client for the API server in the kubeconfig; throws KubeConfigError if there is no usable configuration.
 */
export async function openKube(options: KubeOptions): Promise<KubeClient> {
  const config = await loadConfig(options);
  const server = serverOf(config);
  return createClient(
    createTransport({ server, credentials: credentialSource(options, config), userAgent: options.userAgent }),
  );
}
