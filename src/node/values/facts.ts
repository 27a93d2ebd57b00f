/** The input of a node's data path, besides the cluster's objects. */
import type { IsolationMode } from '../../model/objects/clusternetwork.ts';
import type { PortRange } from '../../model/objects/well-known.ts';
import type { Cidr, Ip } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';

/** The kernel's datapath carries a mark beside the packet; the userspace datapath only in the source MAC. */
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
  /** Undefined if kube-proxy masquerades nothing. */
  readonly masqueradeBit: number | undefined;
  /** What the API server gives to Services on every node (`--service-node-port-range`). */
  readonly nodePorts: PortRange;
  /** Use only the first listed online node, instead of spreading over all. */
  readonly firstAvailable: boolean;
}

export interface Networks {
  readonly cluster: readonly Cidr[];
  readonly service: Cidr;
  readonly mode: IsolationMode;
  readonly vxlanPort: number;
}

/** Another node, from its HostSubnet. */
export interface RemoteNode {
  readonly name: string;
  readonly nodeIP: Ip;
  readonly subnet: Cidr;
  /** The VNID of all packets to its pods; undefined if each has its sender's. */
  readonly fixedVnid?: Vnid | undefined;
}

/** A pod on this node's bridge, with its namespace's known VNID. */
export interface LocalPod {
  readonly ip: Ip;
  readonly ofport: number;
  readonly vnid: Vnid;
  readonly namespace: string;
  /** Empty if the bridge was recreated and the pod is known only by its veth. */
  readonly name: string;
  /** The uid of its Pod object, by which its labels are known; '' if nobody told it. */
  readonly uid: string;
}

/** The owners of a pod's connections, as conntrack marks. */
export interface PodOwners {
  /** Of those that come in. */
  readonly inbound: number;
  /** Of those to the outside, while its VNID requests no egress IP. */
  readonly unasked: number;
}

/** A source that connections of an owner go on to have on a node which has it no more, because it drains. */
export interface DrainedSource {
  readonly owner: number;
  readonly source: Ip;
}
