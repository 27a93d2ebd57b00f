/** Reads a cluster as it is now: all that a plan was made from, and what plans touch. */
import { networkConfigs } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { readServer } from '../input/server.ts';
import type { NetworkConfigItem } from '../kinds/network.ts';
import { type Known, knownOf, unreadReason } from '../known.ts';
import { type Live, liveOf } from '../live.ts';
import type { Snapshot } from '../snapshot.ts';
import { kindsOf, wantedFor } from '../targets.ts';

export interface Now {
  readonly snapshot: Snapshot;
  readonly live: Live;
  /** Network.config.openshift.io `cluster`. */
  readonly networkConfig: Known<NetworkConfigItem>;
}

/**
 * Reads the cluster as the plan is concerned. With `since`, egress routers are taken as they were then. Throws if a kind that plans touch cannot
 * be read; names a missing right.
 */
export async function readNow(
  client: KubeClient,
  plan: { readonly target: string },
  signal: AbortSignal,
  since?: Snapshot,
): Promise<Now> {
  const kinds = kindsOf(plan);
  const snapshot = await readServer(client, { ...wantedFor(plan), signal, ...(since === undefined ? {} : { since }) });
  const missing = snapshot.unread.find(({ kind }) => kinds.includes(kind));
  if (missing !== undefined) throw new Error(unreadReason(missing));
  const config = snapshot.networkConfigs.find(({ name }) => name === 'cluster');
  return {
    snapshot,
    live: liveOf(snapshot, kinds),
    networkConfig: knownOf(snapshot, networkConfigs, config),
  };
}
