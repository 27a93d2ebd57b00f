/** Who the lab's agents and its controller are on an API server that is already there: ServiceAccounts of config/. */
import { serviceAccounts } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { replaceFile } from '../../io/state-file.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { isRecord } from '../../model/values/json.ts';
import { files, type Layout } from '../layout.ts';
import { relayedConfig } from './given.ts';

/** The processes that have a ServiceAccount of their own. */
export const accounts = ['controller', 'node'] as const;
export type Account = (typeof accounts)[number];

/** Where the ServiceAccounts of config/ are. */
export const ownNamespace = 'sdn-compat';

/** How long a token is asked for, in seconds; a server may give it for less. */
const wanted = 24 * 3_600;

interface TokenRequest extends KubeObject {
  readonly spec: { readonly expirationSeconds: number };
  readonly status?: unknown;
}

/**
 * Asks for a new token of the ServiceAccount and writes the kubeconfig of its processes; returns after how many
 * milliseconds it is time for the next one, which is when a fifth of its time is left, as for the kubelet.
 */
export async function writeAccount(client: KubeClient, layout: Layout, account: Account): Promise<number> {
  const metadata = { name: `sdn-compat-${account}`, namespace: ownNamespace };
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata };
  const asked: TokenRequest = { ...request, spec: { expirationSeconds: wanted } };
  const { status } = await client.create<TokenRequest>(serviceAccounts, asked, { subresource: 'token' });
  const token = isRecord(status) ? status['token'] : undefined;
  const until = isRecord(status) ? status['expirationTimestamp'] : undefined;
  if (typeof token !== 'string' || typeof until !== 'string')
    throw new Error(`the API server gave no token of the ServiceAccount ${metadata.name}`);
  await replaceFile(files.account(layout, account), await relayedConfig(layout, token));
  return Math.max(60_000, 0.8 * (Date.parse(until) - Date.now()));
}
