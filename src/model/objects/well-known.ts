/** Labels, annotations and numbers of Kubernetes and OpenShift that several parts of the program use. */

/** Ports from one to another, both among them. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** The ports that Kubernetes gives to Services on every node, unless its API server is told others. */
export const nodePorts: PortRange = { first: 30_000, last: 32_767 };

/** The label with which Kubernetes puts a namespace's name on the Namespace. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';

/** The label that names what made an object. */
export const managedByLabel = 'app.kubernetes.io/managed-by';

/** Set on the objects that we make. */
export const managedBy = { [managedByLabel]: 'sdn-compat' } as const;

/** The NetNamespace annotation that turns multicast on when its value is exactly `true`. */
export const multicastAnnotation = 'netnamespace.network.openshift.io/multicast-enabled';

/** With what the annotations begin by which a NetNamespace asks for more than OpenShift SDN could do. */
export const ourAnnotations = 'egress.sdn-compat.io/';

/** The Pod annotation with which an egress router asks for a macvlan interface: `true`, or the name of a NIC. */
export const macvlanAnnotation = 'pod.network.openshift.io/assign-macvlan';

/** The HostSubnet annotation, `true` on one that an admin made for a host outside the cluster: it is given a subnet. */
export const assignSubnetAnnotation = 'pod.network.openshift.io/assign-subnet';

/** The HostSubnet annotation with the VNID of all packets to that host, which may not know those of namespaces. */
export const fixedVnidAnnotation = 'pod.network.openshift.io/fixed-vnid-host';

/** The HostSubnet annotation with the uid of its Node. */
export const nodeUidAnnotation = 'pod.network.openshift.io/node-uid';

/**
 * The namespace that stands for the nodes themselves: a NetworkPolicy that selects it means VNID 0. OpenShift labels it
 * `policy-group.network.openshift.io/host-network`, and `policy-group.network.openshift.io/ingress` if its routers run on
 * the nodes' network.
 */
export const hostNetworkNamespace = 'openshift-host-network';
