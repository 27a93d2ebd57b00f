/** HostSubnet egressIPs written with a prefix, as in the published walkthrough, become bare addresses. */
import { hostSubnets } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import type { HostSubnetObject } from '../../model/objects.ts';

/** The list without prefix lengths; undefined when no item has one. */
export function withoutPrefixes(egressIPs: HostSubnetObject['egressIPs']): readonly string[] | undefined {
  if (egressIPs?.some((item) => item.includes('/')) !== true) return undefined;
  return egressIPs.map((item) => item.replace(/\/.*$/, ''));
}

/** Writes the bare addresses back where a HostSubnet has prefixes; a conflict is retried from fresh state. */
export async function normalizeEgressIPs(client: KubeClient, present: HostSubnetObject, signal: AbortSignal): Promise<void> {
  const egressIPs = withoutPrefixes(present.egressIPs);
  if (egressIPs === undefined) return;
  const { name = '', resourceVersion } = present.metadata;
  await client.patch(hostSubnets, { name }, { metadata: { resourceVersion }, egressIPs }, { type: 'merge', signal });
}
