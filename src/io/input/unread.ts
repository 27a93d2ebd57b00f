/** Lists of kinds of which some cannot be read: what is not known therefore. */
import {
  clusterNetworks,
  egressFirewalls,
  egressIPs,
  egressPools,
  hostSubnets,
  type Kind,
  leases,
  namespaces as namespaceKind,
  netNamespaces,
  nodes,
} from '../../../api/kinds.ts';
import { isForbidden, isNotFound } from '../kube/error.ts';

/** What is not known without a kind. */
const meanings = new Map<Kind, string>([
  [hostSubnets, 'which nodes have which egress IPs'],
  [netNamespaces, 'which namespaces request which egress IPs'],
  [nodes, 'which nodes are Ready, and what a cloud lets them have'],
  [clusterNetworks, 'which networks are those of pods and Services'],
  [egressIPs, 'which node has each egress IP where OVN-Kubernetes forwards'],
  [egressFirewalls, 'which namespaces without an egress IP are closed'],
  [egressPools, 'which addresses namespaces may ask for'],
  [namespaceKind, 'which namespaces ask for addresses of EgressPools'],
  [leases, 'which egress IPs the agents refuse to carry, and what they have applied'],
]);

/** The objects of a kind; none if they could not be read, with the line for `unread` and what was wrong. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly unread?: readonly [Kind, string];
  readonly error?: unknown;
}

export async function listed<T>(kind: Kind, listing: Promise<{ readonly items: readonly T[] }>): Promise<Listed<T>> {
  try {
    return { items: (await listing).items };
  } catch (error) {
    return { items: [], unread: [kind, unreadText(kind, error)], error };
  }
}

/** The line for a kind that could not be read because of this error. */
export function unreadText(kind: Kind, error: unknown): string {
  const why = whyUnread(error) ?? `cannot be read (${error instanceof Error ? error.message : String(error)})`;
  const name = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
  return `${name} ${why}: it is not known ${meanings.get(kind) ?? ''}`;
}

/** Why the server lists no objects of a kind that it could list; undefined for any other error. */
export function whyUnread(error: unknown): string | undefined {
  if (isNotFound(error)) return 'are not served';
  return isForbidden(error) ? 'may not be listed' : undefined;
}
