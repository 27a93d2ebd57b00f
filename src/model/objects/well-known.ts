/** Labels and annotations of Kubernetes and OpenShift that several parts of the program use. */

/** The label with which Kubernetes puts a namespace's name on the Namespace. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';

/** The NetNamespace annotation that turns multicast on when its value is exactly `true`. */
export const multicastAnnotation = 'netnamespace.network.openshift.io/multicast-enabled';

/** The HostSubnet annotation, `true` on one that an admin made for a host outside the cluster: it is given a subnet. */
export const assignSubnetAnnotation = 'pod.network.openshift.io/assign-subnet';
