/** Labels and annotations of Kubernetes and OpenShift that several parts of the program use. */

/** The label with which Kubernetes puts a namespace's name on the Namespace. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';

/** The NetNamespace annotation that turns multicast on when its value is exactly `true`. */
export const multicastAnnotation = 'netnamespace.network.openshift.io/multicast-enabled';
