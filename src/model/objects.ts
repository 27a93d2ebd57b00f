/** The raw objects as the API server gives them, by the schemas in api/. */
import type { components } from '../../api/generated.ts';

type Schemas = components['schemas'];

export type ObjectMeta = Schemas['ObjectMeta'];
export type ClusterNetworkObject = Schemas['ClusterNetwork'];
export type HostSubnetObject = Schemas['HostSubnet'];
export type NetNamespaceObject = Schemas['NetNamespace'];
export type EgressNetworkPolicyObject = Schemas['EgressNetworkPolicy'];

/** What every Kubernetes object has. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}
