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

/** The part of a Namespace that is read. */
export interface NamespaceObject extends KubeObject {
  readonly status?: { readonly phase?: string };
}

/** The part of a Node that is read. */
export interface NodeObject extends KubeObject {
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly Condition[];
  };
}

/** A condition in the status of a Node or Pod. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** The part of a Pod that is read. */
export interface PodObject extends KubeObject {
  readonly spec?: { readonly nodeName?: string; readonly hostNetwork?: boolean };
  readonly status?: { readonly phase?: string; readonly podIP?: string; readonly conditions?: readonly Condition[] };
}
