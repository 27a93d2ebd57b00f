/** The parts of Services and EndpointSlices that are read and written here. */
import type { KubeObject } from '../objects/raw.ts';

export interface ServicePortObject {
  readonly name?: string;
  readonly protocol?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly nodePort?: number;
}

export interface ServiceObject extends KubeObject {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    /** One of each family that the Service has. */
    readonly clusterIPs?: readonly string[];
    readonly externalIPs?: readonly string[];
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly ServicePortObject[];
    readonly sessionAffinity?: string;
    readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
    readonly externalTrafficPolicy?: string;
    readonly internalTrafficPolicy?: string;
    readonly publishNotReadyAddresses?: boolean;
    /** Who may use the addresses of its load balancer; everybody, if there is none. */
    readonly loadBalancerSourceRanges?: readonly string[];
  };
  readonly status?: {
    readonly loadBalancer?: {
      /** With the mode Proxy what comes to the address is not what nodes rewrite. */
      readonly ingress?: readonly { readonly ip?: string; readonly ipMode?: string }[];
    };
  };
}

export interface EndpointObject {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly nodeName?: string;
  readonly targetRef?: { readonly kind: string; readonly namespace: string; readonly name: string };
  readonly hints?: object;
}

export interface EndpointSliceObject extends KubeObject {
  readonly addressType: string;
  /** A list without entries may arrive as null, as Go writes it; so may that of the ports. */
  readonly endpoints?: readonly EndpointObject[] | null;
  readonly ports?: readonly { readonly name?: string; readonly protocol?: string; readonly port?: number }[] | null;
}

/** The label of an EndpointSlice with the name of its Service. */
export const serviceNameLabel = 'kubernetes.io/service-name';

/** Services and where they lead to, or why that is not known. */
export type ServiceObjects =
  | {
      readonly services: readonly ServiceObject[];
      readonly slices: readonly EndpointSliceObject[];
      /** Whether these are all that there are; files may lack some. */
      readonly isWhole: boolean;
    }
  | { readonly unread: string };
