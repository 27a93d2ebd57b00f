/** Watches what the facade reads besides the kinds of the controllers: OVN-Kubernetes' own. */
import { egressFirewalls, egressIPs, networkPolicies } from '../../api/kinds.ts';
import { type Caches, openCaches } from '../controllers/caches.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { type ObjectCache, watchKind } from '../io/kube/watch.ts';
import type { Logger } from '../io/log.ts';
import { isolationPolicy } from '../migrate/targets/ovn/marks/origin.ts';
import type { KubeObject, NetworkPolicyObject } from '../model/objects/raw.ts';

export interface FacadeCaches extends Caches {
  readonly egressIPs: ObjectCache<KubeObject>;
  readonly egressFirewalls: ObjectCache<KubeObject>;
  /** The NetworkPolicies that isolate namespaces; no others. */
  readonly isolation: ObjectCache<NetworkPolicyObject>;
}

/** Watches all kinds until the signal aborts. Resolves when each has been read; rejects if the signal aborts first. */
export async function openFacadeCaches(client: KubeClient, logger: Logger, signal: AbortSignal): Promise<FacadeCaches> {
  const own = {
    egressIPs: watchKind(client, egressIPs, { logger }, signal),
    egressFirewalls: watchKind(client, egressFirewalls, { logger }, signal),
    isolation: watchKind<NetworkPolicyObject>(
      client,
      networkPolicies,
      { logger, fieldSelector: `metadata.name=${isolationPolicy}` },
      signal,
    ),
  };
  const [sdn] = await Promise.all([
    openCaches(client, logger, signal),
    ...Object.values(own).map(({ synced }) => synced),
  ]);
  return { ...sdn, ...own };
}
