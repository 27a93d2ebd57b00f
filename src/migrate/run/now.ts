/** Reads a cluster as it is now: all that a plan was made from, and what plans touch. */
import { type Kind, networkConfigs } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { ApiError } from '../../io/kube/error.ts';
import { readServer } from '../input/server.ts';
import type { NetworkConfigItem } from '../kinds/network.ts';
import { type Known, knownOf, unreadReason } from '../known.ts';
import { type Live, liveOf } from '../live.ts';
import { resourceName } from '../ref.ts';
import type { Snapshot } from '../snapshot.ts';
import { plannedKinds } from '../targets.ts';

export interface Now {
  readonly snapshot: Snapshot;
  readonly live: Live;
  /** Network.config.openshift.io `cluster`. */
  readonly networkConfig: Known<NetworkConfigItem>;
}

/**
 * Reads the cluster. With `since`, egress routers are taken as they were then. Throws if a kind that plans touch cannot
 * be read; names a missing right.
 */
export async function readNow(client: KubeClient, signal: AbortSignal, since?: Snapshot): Promise<Now> {
  const snapshot = await readServer(client, { signal, ...(since === undefined ? {} : { since }) });
  const missing = snapshot.unread.find(({ kind }) => plannedKinds.includes(kind));
  if (missing !== undefined) throw new Error(unreadReason(missing));
  const config = snapshot.networkConfigs.find(({ name }) => name === 'cluster');
  return {
    snapshot,
    live: liveOf(snapshot, plannedKinds),
    networkConfig: knownOf(snapshot, networkConfigs, config),
  };
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
