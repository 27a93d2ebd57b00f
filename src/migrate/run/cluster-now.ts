/** Reads the current objects of a cluster, of the kinds that plans touch. */
import { apiVersionOf, type Kind, networkConfigs } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { ApiError, isNotFound } from '../../io/kube/error.ts';
import { fieldOf } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import type { Live } from '../live.ts';
import { objectRef, refKey, resourceName } from '../ref.ts';
import { plannedKinds } from '../targets.ts';

/** Reads all objects of the kinds that plans touch. Throws if a kind cannot be read; names a missing right. */
export async function readLive(client: KubeClient, signal: AbortSignal): Promise<Live> {
  const objects = new Map<string, KubeObject>();
  const unserved = new Set<string>();
  await Promise.all(
    plannedKinds.map(async (kind) => {
      const named = { apiVersion: apiVersionOf(kind), kind: kind.kind };
      try {
        const { items } = await client.list(kind, { signal });
        for (const item of items) objects.set(refKey({ ...objectRef(item), ...named }), { ...item, ...named });
      } catch (error) {
        if (isNotFound(error)) unserved.add(`${named.apiVersion}/${named.kind}`);
        else throw withRight(error, 'list', kind);
      }
    }),
  );
  return { objects, unserved };
}

/** Returns the error, or for a refusal one that names the missing right. */
export function withRight(error: unknown, verb: string, kind: Kind): unknown {
  if (!(error instanceof ApiError) || !isMissingRight(error)) return error;
  return new Error(`missing right: ${verb} ${resourceName(kind)} (${error.message})`);
}

/** Whether a right is missing. Quotas, webhooks and terminating namespaces also answer 403. */
export function isMissingRight(error: unknown): boolean {
  return error instanceof ApiError && error.code === 403 && /\bcannot \w+ resource\b/.test(error.message);
}

/** `status.networkType` of the cluster's Network configuration; undefined if it is absent or may not be read. */
export async function readNetworkType(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  try {
    const type = fieldOf(await client.get(networkConfigs, { name: 'cluster' }, { signal }), 'status', 'networkType');
    return typeof type === 'string' && type !== '' ? type : undefined;
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return undefined;
    throw error;
  }
}
