/** Watches what the facade reads besides the kinds of the controllers: OVN-Kubernetes' own. */
import { egressFirewalls, egressIPs } from '../../api/kinds.ts';
import { type Caches, openCaches } from '../controllers/caches.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { type ObjectCache, watchKind } from '../io/kube/watch.ts';
import type { Logger } from '../io/log.ts';
import type { KubeObject } from '../model/objects/raw.ts';

export interface FacadeCaches extends Caches {
  readonly egressIPs: ObjectCache<KubeObject>;
  readonly egressFirewalls: ObjectCache<KubeObject>;
}

/** Watches all kinds until the signal aborts. Resolves when each has been read; rejects if the signal aborts first. */
export async function openFacadeCaches(client: KubeClient, logger: Logger, signal: AbortSignal): Promise<FacadeCaches> {
  const own = {
    egressIPs: watchKind(client, egressIPs, { logger }, signal),
    egressFirewalls: watchKind(client, egressFirewalls, { logger }, signal),
  };
  const [sdn] = await Promise.all([
    openCaches(client, logger, signal),
    ...Object.values(own).map(({ synced }) => synced),
  ]);
  return { ...sdn, ...own };
}
