/** Pods that want a macvlan interface, as OpenShift SDN gave to its egress routers. */
import type { Labels } from '../../model/objects/selector.ts';

/** The Pod annotation with which an egress router asked OpenShift SDN for a second interface. */
export const macvlanAnnotation = 'pod.network.openshift.io/assign-macvlan';

/**
 * Why the pod cannot be attached, if it wants a macvlan interface: without it the pod would leave with another address
 * than the one that it was made for. `false` and an empty text ask for none.
 */
export function macvlanRefusal(annotations: Labels): string | undefined {
  const value = annotations[macvlanAnnotation] ?? '';
  if (value === '' || value === 'false') return undefined;
  return `its annotation ${macvlanAnnotation}=${JSON.stringify(value)} asks for a macvlan interface, which this agent does not make: an egress router needs an attachment of Multus (sdn-compat migrate inspect lists them)`;
}
