/** Findings of the way back from other plugins than OVN-Kubernetes: what NetNamespaces and HostSubnets cannot say. */
import { listText } from '../../model/values/list-text.ts';
import { type On, on } from './back.ts';
import { makes } from './finding.ts';

interface Field extends On {
  /** Its path, as in `spec.bandwidth`. */
  readonly field: string;
  /** What becomes of the traffic that it is about, as a sentence. */
  readonly tomorrow: string;
  readonly action: string;
}

/** Something that NetNamespaces and HostSubnets have no field for. */
export const fieldLost = makes('FieldLost', ({ field, tomorrow, action, ...object }: Field) => ({
  ...on(object),
  today: `It has ${field}.`,
  tomorrow,
  action,
}));

/** The address is known of the status alone. */
export const addressFixed = makes(
  'AddressFixed',
  ({ ip, pool, ...object }: On & { readonly ip: string; readonly pool: string }) => ({
    ...on(object),
    today: `Its address, ${ip}, comes from ${pool}, and may be another tomorrow.`,
    tomorrow: 'Its namespaces request exactly this address.',
    action: 'Nothing, if that is the address that the outside knows.',
  }),
);

/** Nothing tells with which address pods leave. */
export const addressUnknown = makes('AddressUnknown', ({ why, ...object }: On & { readonly why: string }) => ({
  ...on(object),
  today: `${why}.`,
  tomorrow: 'Nothing is requested for it: its namespaces leave with node addresses.',
  action: 'List the address in the NetNamespaces and in a HostSubnet yourself.',
}));

/** The address belongs to a node itself. */
export const claimsNodeAddress = makes(
  'EgressIPIsNodeAddress',
  ({ ip, node, ...object }: On & { readonly ip: string; readonly node: string }) => ({
    ...on(object),
    severity: 'blocker',
    today: `${ip} is the address of node ${node} itself.`,
    tomorrow: 'OpenShift SDN takes no address of a node for an egress IP: it is left out.',
    action: 'Give the namespaces another address.',
  }),
);

/** OpenShift SDN drops a namespace of which one node has two addresses: the first stays. */
export const addressesOnOneNode = makes(
  'AddressesOnOneNode',
  ({
    namespace,
    node,
    ips,
  }: {
    readonly namespace: string;
    readonly node: string;
    readonly ips: readonly string[];
  }) => ({
    kind: 'Namespace',
    name: namespace,
    today: `Node ${node} has ${listText(ips)} for the namespace.`,
    tomorrow: `OpenShift SDN drops a namespace with two egress IPs on one node: of these it gets ${ips[0] ?? ''} alone.`,
    action: 'List the others in HostSubnets of other nodes, and in the NetNamespace.',
  }),
);

/** Addresses that nothing uses; OpenShift SDN hands out none. */
export const poolLost = makes('PoolLost', ({ entries, ...object }: On & { readonly entries: readonly string[] }) => ({
  ...on(object),
  today: `It holds ${listText(entries)}, which no object takes.`,
  tomorrow: 'Nothing is made of them: an admin lists addresses in NetNamespaces and HostSubnets.',
  action: 'Keep a note of them, or make an EgressPool of them.',
}));

/** Nobody but the plugin knows on which nodes the address may be. */
export const nodesUnknown = makes(
  'NodesUnknown',
  ({ ip, plugin, ...object }: On & { readonly ip: string; readonly plugin: string }) => ({
    ...on(object),
    today: `${plugin} elects a node for ${ip}, of those that run it, which no object shows.`,
    tomorrow: 'Every node gets it into its egressCIDRs.',
    action: 'Take it out of the HostSubnets of nodes that must not have it.',
  }),
);
