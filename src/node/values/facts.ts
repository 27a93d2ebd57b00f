/** What the data path of one node is made from, beside the cluster's objects. */
import type { Cidr, Ip } from '../../model/address.ts';
import type { IsolationMode } from '../../model/clusternetwork.ts';
import type { Vnid } from '../../model/vnid.ts';

/** The kernel's datapath carries a mark beside the packet; the userspace one only in the source MAC. */
export type Datapath = 'system' | 'netdev';

export interface NodeFacts {
  readonly name: string;
  /** hostIP of this node's HostSubnet. */
  readonly nodeIP: Ip;
  readonly subnet: Cidr;
  /** First address of the subnet, on tun0. */
  readonly gateway: Ip;
  readonly tunMac: string;
  readonly datapath: Datapath;
  /** Undefined when kube-proxy masquerades nothing. */
  readonly masqueradeBit: number | undefined;
  /** First listed online node only, instead of spreading over all. */
  readonly firstAvailable: boolean;
}

export interface Networks {
  readonly cluster: readonly Cidr[];
  readonly service: Cidr;
  readonly mode: IsolationMode;
  readonly vxlanPort: number;
}

/** Another node, as its HostSubnet tells. */
export interface RemoteNode {
  readonly name: string;
  readonly nodeIP: Ip;
  readonly subnet: Cidr;
}

/** A pod attached to this node's bridge whose namespace's VNID is known. */
export interface LocalPod {
  readonly ip: Ip;
  readonly ofport: number;
  readonly vnid: Vnid;
  readonly namespace: string;
  /** Empty when the bridge was made anew and its veth alone told of the pod. */
  readonly name: string;
}
