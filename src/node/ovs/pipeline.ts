/**
 * All numbers of the data path: OpenFlow tables, priorities of flows and of nft chains, ports and cookies. They are
 * defined only here; the bits of marks are in src/model/values/mark.ts.
 *
 * A pod's packet goes from table 0 (dispatch) to 20 (checks the pod's address, sets its VNID in reg0), 27
 * (NetworkPolicy egress), 30 and 31 (routing). From there it goes to 70, 80 and 81 (a local pod: check whether it may
 * be reached, then conntrack), to 90 (a remote pod), to 60 (a Service, through tun0), or to 99, 100 and 101 (outside:
 * DNS exemption, EgressNetworkPolicy, egress IP), of a VNID with finer rules then to 102 (what they cover: which egress
 * IP) or 103 (what they do not: as the node). A packet from VXLAN goes from 0 to 10 (checks that the sender is a
 * known node) and 30; a packet from tun0 goes from 0 to 25 (a pod's packet back from a Service: sets its VNID again) or
 * 30. Table numbers are OpenShift SDN's, which support tools and operators know; 81, 102 and 103 are ours.
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
  egressHop: 102,
  asNode: 103,
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

/** The cookie of all our flows, by which a restarted agent recognizes them. */
export const cookie = 0x5d4c0001;

/** Version of the rules below; a bridge whose note in table 253 has another version is rebuilt. */
export const ruleVersion = 3;

/** The priority of a flow that is written without one. */
export const defaultPriority = 32768;

/** Priorities by table, highest first. A table without an entry of its own has `match` and `otherwise`. */
export const priority = {
  match: 100,
  otherwise: 0,
  dispatch: {
    /** Not in conntrack yet: look it up once. */
    untracked: 1000,
    /** From the node itself. */
    gateway: 400,
    /** A pod's packet back from a Service. */
    service: 300,
    /** Multicast that the node sends. */
    nodeMulticast: 250,
    /** What a known port may send. */
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
    /** To Services: the policy is evaluated again after their rewrite. */
    services: 300,
    replies: 200,
  },
  /** NetworkPolicies, in tables 27 and 80. */
  policy: { allow: 150, selected: 100, unselected: 50 },
  route: {
    /** Another node's pod answers what this node opened, and has not answered before. */
    firstAnswer: 330,
    /** The same as in table 101, for replies to the node, which may have masqueraded who opened the connection. */
    ownReply: 320,
    otherReply: 310,
    /** To the node, of a connection that is recorded. */
    gatewayRecorded: 305,
    gateway: 300,
    /** A reply to a pod's connection that a Service sent to another pod. */
    serviceReply: 260,
    /** A reply to a pod here in which no rewrite must be undone. */
    plainReply: 255,
    /** Any other reply to a pod here, on the kernel's datapath. */
    reply: 250,
    local: 200,
    /** The same as the next two, of a connection that is recorded. */
    nodeRemoteRecorded: 135,
    /** A connection of the node itself to another node's pod. */
    nodeRemote: 130,
    serviceRemoteRecorded: 125,
    /** A pod's connection that a Service sends to another node's pod. */
    serviceRemote: 120,
    /** A connection to another node's pod, which is recorded. */
    notedRemote: 110,
    remote: 100,
    multicastFromVxlan: 50,
    multicast: 25,
  },
  toService: {
    /** Of a connection that is recorded. */
    recorded: 201,
    any: 200,
  },
  isolation: { gateway: 300, open: 200, sameVnid: 100 },
  deliver: {
    replies: 200,
    /** Of a connection that is recorded as let in to this VNID. */
    recorded: 190,
    /** From a pod of this node, through a Service. */
    served: 160,
    /** Opened through tun0. */
    opened: 150,
    betweenPods: 100,
  },
  dns: 200,
  egressPolicy: {
    /** From VXLAN: its pod's node has already checked it. */
    checked: 65535,
    /** Replies of a VNID with rules, to a connection that came in to this VNID. */
    ownReply: 65534,
    /** Everything of a VNID with conflicting policies; the rules of others count up from here. */
    all: 1,
  },
  egressIP: {
    /**
     * Replies of a VNID that requests egress IPs, to a connection that came in to this VNID: they leave as they came.
     */
    ownReply: 150,
    /** Any other reply of such a VNID, or of another node's pod: dropped. */
    otherReply: 140,
    /** The same as the next, of a connection that is recorded with this owner and egress IP. */
    hostedRecorded: 121,
    /** From another node, for a VNID whose egress IP is here. */
    hosted: 120,
    /** From another node, for any other VNID: dropped. */
    notHosted: 110,
    /** A connection that is recorded with the owner and the egress IP of a hop of the VNID: to that hop. */
    recorded: 106,
    /** A connection of a VNID with several hops stays on its hop: its ct_label is that hop's egress IP. */
    kept: 105,
    /** A pod that finer rules of its VNID do not select: all of it as the node. */
    notSelected: 107,
    /** What finer rules of a VNID except: as the node. */
    excepted: 104,
    /** What finer rules of a VNID name as all that takes an egress IP: to table 102. */
    covered: 103,
    /** A packet to which the group of its VNID has just given a hop: reg3 is that hop's egress IP. */
    chosen: 101,
    /** The state of a VNID; with finer rules, where what they do not name goes. */
    vnid: 100,
    /** What is left of a VNID while the flows that use its meter are gone with that: dropped. */
    withoutMeter: 99,
    /** Replies of the other VNIDs. */
    reply: 50,
    /** A connection that is recorded as of a VNID that requests none. */
    unaskedRecorded: 40,
  },
  /** Of VNIDs with finer rules; `recorded`, `kept` and `vnid` are as in table 101. */
  egressHop: {
    /** Networks with an egress IP of their own: two priorities for each bit of the prefix, so that the longest wins. */
    ofNetwork: 200,
    recorded: 106,
    kept: 105,
    vnid: 100,
  },
  asNode: { recorded: 110 },
  version: defaultPriority,
} as const;

/** Priorities of our nft chains at their hooks: nft's name of the kernel's priority, and the distance from it. */
export const hookPriority = {
  /** Before conntrack, which must not track VXLAN, nor what arrives where it must not. */
  untracked: 'raw',
  /** After conntrack, and before others change marks: owners. */
  arriving: 'mangle - 40',
  /** Where others filter too; the order does not matter, because each of them can only drop. */
  filter: 'filter',
  /** Source NAT to egress IPs that drain elsewhere, whose ports are limited. */
  drainNat: 'srcnat - 101',
  /** What is forwarded to egress IPs that drain, before others see it. */
  drainFilter: 'filter - 1',
  /** Source NAT before anybody else's. */
  sourceNat: 'srcnat - 100',
  /** After all source NAT: checks the source that a packet leaves with. */
  afterNat: 'srcnat + 100',
  /** After all that others do with the mark. */
  last: '300',
} as const;

/**
 * The bits that our nft table changes in the mark of all packets from tun0 and to pods: `set` proves that the table saw
 * the packet, `clear` distinguishes it from VNID 0's mark, in which bits 24 to 31 are all set. The routing rule that
 * guards against a lost table checks both.
 */
export const seenBit = { set: 0x20000000, clear: 0x08000000 } as const;

/**
 * The conntrack mark of a connection records its owner.
 *
 * A pod's connection to the outside has bit 29 and not bit 27 (the seen bits). The owner is the mark of its VNID if
 * that requests egress IPs; otherwise `unasked` with the mark of its VNID, or `unasked.unknown` if that is not known.
 *
 * A connection to a pod has both seen bits, and the VNID of the pod in the lowest 24 bits.
 */
export const ctMark = {
  /** A connection to a pod that was let in, so that its replies count as replies; the VNID is added. */
  accepted: 0x28000000,
  /**
   * The same for a pod's connection that a Service sent here: on the userspace datapath its replies go through the
   * node's kernel, which undoes the rewrite.
   */
  served: 0x29000000,
  /**
   * Set on the userspace datapath, in the kernel's table, once a pod whose VNID requests egress IPs has answered, and
   * Open vSwitch knew that it may.
   */
  answered: 0x04000000,
  /** The bits that tell connections to a pod, of any VNID, from others. */
  letIn: 0xfa000000,
  /** The bits that tell `served`, of any VNID, from `accepted` and others. */
  kind: 0xff000000,
  /** The bits of the VNID. */
  vnid: 0x00ffffff,
  /** A connection with packets that are not its owner's, or with a source that its owner may not use: it must end. */
  ended: 0x2a000000,
} as const;

/** Owners whose VNID requests no egress IP: `value` and the mark of the VNID. Bit 30 is only in VNID 0's own mark. */
export const unasked = {
  value: 0x24000000,
  mask: 0x6c000000,
  /** Set if a Service sent the connection to an address of the cluster itself, to which it leaves as the node. */
  served: 0x02000000,
  /** The owner if the VNID is not known, and of connections that older agents saw. */
  unknown: 0x20000000,
} as const;

/** Numbers in `ip rule` and `ip route`: the guard against a lost nft table uses this priority and the next two. */
export const guard = { rulePriority: 90, routeTable: 10490, protocol: 157 } as const;

/**
 * The group of the interfaces of pods: what arrives there is for Open vSwitch alone, and none of it for the node's
 * kernel.
 */
export const podGroup = 157;

/** The first two bytes of the source MAC that carries a mark through a userspace datapath. */
export const markMacPrefix = '0a:fe';

/**
 * What the node's kernel knows about an IP packet for a userspace datapath: the last packet mark from nft, and the
 * source MAC on tun0 that it becomes. Open vSwitch's own conntrack forgets an idle connection sooner than the kernel's,
 * and all connections when it restarts; the kernel still knows who opened them.
 */
export const direction = {
  opens: { mark: 0x28000011, mac: '0a:fd:00:00:00:01' },
  answers: { mark: 0x28000012, mac: '0a:fd:00:00:00:02' },
} as const;

/** The numbers of meters begin here, with that of VNID 0: OpenFlow has no meter 0. */
export const firstMeter = 1;

/** The default bit with which kube-proxy and kubelet mark what they masquerade. */
export const defaultMasqueradeBit = 14;
