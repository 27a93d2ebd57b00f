/**
 * The one home of every number of the data path: OpenFlow tables, priorities, ports, cookies and marks.
 *
 * A packet of a pod goes 0 (dispatch) -> 20 (is it the pod's address? its VNID into reg0) -> 27 (NetworkPolicy
 * egress) -> 30 -> 31 (routing). From there to 70, 80 and 81 (a local pod, whether it may be reached, and into
 * conntrack), 90 (a remote pod), 60 (a Service, by way of tun0), or 99 -> 100 -> 101 (outside: DNS exemption,
 * EgressNetworkPolicy, egress IP). What comes over VXLAN goes 0 -> 10 (is the sender a known node?)
 * -> 30; what comes from tun0 goes 0 -> 25 (a pod's packet back from a Service: its VNID again) or 30.
 * Table numbers are OpenShift SDN's, which support tools and operators know; 81 is ours.
 */

/** OpenFlow table numbers. */
export const table = {
  dispatch: 0,
  fromVxlan: 10,
  fromPod: 20,
  fromService: 25,
  policyEgress: 27,
  commit: 30,
  route: 31,
  arpLocal: 40,
  arpRemote: 50,
  toService: 60,
  toLocalPod: 70,
  isolation: 80,
  deliver: 81,
  toRemotePod: 90,
  outside: 99,
  egressPolicy: 100,
  egressIP: 101,
  multicast: 110,
  multicastRemote: 111,
  multicastLocal: 120,
  version: 253,
} as const;

/** OpenFlow port numbers on br0; pods get theirs from `firstPod`. */
export const port = { vxlan0: 1, tun0: 2, firstPod: 3 } as const;

export const bridge = 'br0';
export const tunDevice = 'tun0';
export const vxlanDevice = 'vxlan0';

/** On every flow of ours: what a restarted agent knows its own by. */
export const cookie = 0x5d4c0001;

/** Version of the rules below; a bridge whose note in table 253 has another one is rebuilt. */
export const ruleVersion = 2;

/** Priorities by table, highest first. A table without an entry of its own has `match` and `otherwise`. */
export const priority = {
  match: 100,
  otherwise: 0,
  dispatch: {
    /** Not in conntrack yet: it is looked up once. */
    untracked: 1000,
    /** From the node itself. */
    gateway: 400,
    /** A pod's packet back from a Service. */
    service: 300,
    /** Multicast that the node sends. */
    nodeMulticast: 250,
    /** What a port may send. */
    known: 200,
    /** Anything else from VXLAN or tun0. */
    unknown: 150,
    pods: 100,
  },
  fromPod: {
    /** VXLAN inside VXLAN. */
    vxlan: 300,
  },
  policyEgress: {
    /** Everything, in the modes without NetworkPolicy. */
    open: 500,
    /** To Services: the policy is asked once more behind their rewrite. */
    services: 300,
    replies: 200,
  },
  /** What NetworkPolicies say, in tables 27 and 80. */
  policy: { allow: 150, selected: 100, unselected: 50 },
  route: {
    gateway: 300,
    /** A reply to a pod's connection that a Service sent to another pod. */
    serviceReply: 260,
    reply: 250,
    local: 200,
    /** A pod's connection that a Service sends to another node's pod. */
    serviceRemote: 120,
    /** A connection to another node's pod, which is noted. */
    notedRemote: 110,
    remote: 100,
    multicastFromVxlan: 50,
    multicast: 25,
  },
  toService: 200,
  isolation: { gateway: 300, open: 200, sameVnid: 100 },
  deliver: {
    replies: 200,
    /** From a pod of this node, by way of a Service. */
    served: 160,
    /** Opened by way of tun0. */
    opened: 150,
    betweenPods: 100,
  },
  dns: 200,
  egressPolicy: {
    /** What comes over VXLAN was checked on its pod's node. */
    checked: 65535,
    /** All of a VNID whose policies contradict one another; the rules of others count up from here. */
    all: 1,
  },
  egressIP: {
    /** Replies to connections that came in from outside leave as they came. */
    reply: 150,
    /** From another node, for a VNID whose egress IP is here. */
    hosted: 120,
    /** From another node, for any other VNID: dropped. */
    notHosted: 110,
    /** A connection of a VNID with several hops, on the hop it was given: its ct_label is that hop's egress IP. */
    kept: 105,
    /** The state of a VNID. */
    vnid: 100,
  },
  version: 32768,
} as const;

/**
 * The bits that our nft table changes in the mark of all that comes from tun0, and of all that goes to a pod: `set`
 * proves that the table saw the packet, `clear` tells it from VNID 0's mark, which has every bit from 24 to 31. The
 * routing rule that guards against a lost table looks at both.
 */
export const seenBit = { set: 0x20000000, clear: 0x08000000 } as const;

/** Which bits of a conntrack mark tell `accepted` and `served` from any other. */
export const acceptedMask = 0xfffffffd;

/**
 * The conntrack mark of a connection says whose it is: that of a pod to the outside has its owner's, which is the mark
 * of its VNID, or of none, with the seen bits. These two have both of the seen bits, as no owner has.
 */
export const ctMark = {
  /** A connection to a pod that was let in, so that its replies are replies. */
  accepted: 0x28000001,
  /** The same of a pod's connection that a Service sent here: on the userspace datapath its replies go by the node's kernel, which undoes that. */
  served: 0x28000003,
  /** A connection with packets that are not its owner's, or a source that its owner may not have: it must end. */
  ended: 0x28000002,
} as const;

/** Numbers in `ip rule` and `ip route`: the guard against a lost nft table has the priority given and the next two. */
export const guard = { rulePriority: 90, routeTable: 10490, protocol: 157 } as const;

/** Group of the interfaces of pods: what comes by them is Open vSwitch's alone, and nothing of it the node's kernel's. */
export const podGroup = 157;

/** First two bytes of the source MAC that carries a mark through a userspace datapath. */
export const markMacPrefix = '0a:fe';

/**
 * What the node's kernel says of an IP packet that it hands to a userspace datapath: the packet mark that nft gives it
 * last, and the source MAC that this becomes on tun0. Open vSwitch's own conntrack forgets an idle connection sooner
 * than the kernel's, and all of them when it restarts; the kernel still knows who opened it.
 */
export const direction = {
  opens: { mark: 0x28000011, mac: '0a:fd:00:00:00:01' },
  answers: { mark: 0x28000012, mac: '0a:fd:00:00:00:02' },
} as const;

/** The default bit that kube-proxy and kubelet mark what they masquerade with. */
export const defaultMasqueradeBit = 14;
