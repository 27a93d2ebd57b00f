/** The raw objects as the API server returns them, typed by the schemas in api/. */
import type { components } from '../../../api/generated.ts';

type Schemas = components['schemas'];

export type ObjectMeta = Schemas['ObjectMeta'];
export type ClusterNetworkObject = Schemas['ClusterNetwork'];
export type HostSubnetObject = Schemas['HostSubnet'];
export type NetNamespaceObject = Schemas['NetNamespace'];
export type EgressPoolObject = Schemas['EgressPool'];
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
  readonly spec?: { readonly unschedulable?: boolean; readonly [field: string]: unknown };
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
  readonly spec?: {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly restartPolicy?: string;
    readonly activeDeadlineSeconds?: number;
    readonly initContainers?: readonly ContainerObject[];
    readonly containers?: readonly ContainerObject[];
  };
  readonly status?: { readonly phase?: string; readonly podIP?: string; readonly conditions?: readonly Condition[] };
}

/** The part of a container that is read. */
export interface ContainerObject {
  readonly name?: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly terminationMessagePath?: string;
  readonly securityContext?: { readonly privileged?: boolean; readonly [field: string]: unknown };
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly protocol?: string;
  }[];
}

/** A label selector as Kubernetes writes it. */
export interface LabelSelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** A peer of a NetworkPolicy rule. */
export interface PolicyPeerObject {
  readonly podSelector?: LabelSelectorObject;
  readonly namespaceSelector?: LabelSelectorObject;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

/** A port of a NetworkPolicy rule. */
export interface PolicyPortObject {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

/** networking.k8s.io/v1 NetworkPolicy. */
export interface NetworkPolicyObject extends KubeObject {
  readonly spec?: {
    readonly podSelector?: LabelSelectorObject;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly {
      readonly from?: readonly PolicyPeerObject[];
      readonly ports?: readonly PolicyPortObject[];
    }[];
    readonly egress?: readonly {
      readonly to?: readonly PolicyPeerObject[];
      readonly ports?: readonly PolicyPortObject[];
    }[];
  };
}
