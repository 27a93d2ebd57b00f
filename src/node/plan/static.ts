/**
 * The flows that every node has, whatever its pods and peers, table by table. The other flows of these tables are in
 * the file of their concern: pods.ts, remotes.ts, networkpolicy.ts, egresspolicy.ts, multicast.ts, and egress.ts for
 * tables 101 and 102.
 */
import type { IsolationMode } from '../../model/objects/clusternetwork.ts';
import {
  type Action,
  ctCommit,
  established,
  type Flow,
  goto,
  hex,
  type Match,
  outputReg2,
  set,
  vnidFromTunnel,
  vnidOfSource,
} from '../ovs/flow.ts';
import { noneAsked } from '../ovs/owner.ts';
import { ctMark, direction, port, priority, ruleVersion, table } from '../ovs/pipeline.ts';
import type { Networks, NodeFacts } from '../values/facts.ts';
import { memoizedPair } from '../values/memo.ts';
import { arpToTun0, handOver, packetToTun0, recordedToTun0 } from './tun0.ts';

const multicastRange = '224.0.0.0/4';
const { vxlan0, tun0 } = port;

/** Makes a flow of one table; without actions it drops. */
type Row = (at: number, match: Match, actions?: readonly Action[]) => Flow;
const rowsOf =
  (number: number): Row =>
  (at, match, actions = []) => ({ table: number, priority: at, match, actions });

/** Tables whose flows are all planned elsewhere; the rest is dropped. */
const plannedElsewhere = [
  table.fromVxlan,
  table.fromPod,
  table.fromService,
  table.policyEgress,
  table.arpLocal,
  table.arpRemote,
  table.toLocalPod,
  table.isolation,
  table.toRemotePod,
  table.egressHop,
  table.multicast,
  table.multicastLocal,
] as const;

/** Table 0: looks up conntrack once, then dispatches by input port. */
function dispatch({ subnet, gateway }: NodeFacts, { cluster }: Networks): Flow[] {
  const row = rowsOf(table.dispatch);
  const { untracked, gateway: fromGateway, service, nodeMulticast, known, unknown, pods } = priority.dispatch;
  const fromVxlan = [vnidFromTunnel, goto(table.fromVxlan)];
  const onward = [goto(table.commit)];
  return [
    row(untracked, { ct_state: '-trk', proto: 'ip' }, [{ kind: 'ct', commit: false, table: table.dispatch }]),
    row(fromGateway, { proto: 'ip', in_port: tun0, nw_src: gateway }, onward),
    row(nodeMulticast, { proto: 'ip', in_port: tun0, nw_dst: multicastRange }),
    ...cluster.flatMap(({ text }) => [
      row(service, { proto: 'ip', in_port: tun0, nw_src: subnet.text, nw_dst: text }, [goto(table.fromService)]),
      row(known, { proto: 'arp', in_port: vxlan0, arp_spa: text, arp_tpa: subnet.text }, fromVxlan),
      row(known, { proto: 'ip', in_port: vxlan0, nw_src: text }, fromVxlan),
      row(known, { proto: 'ip', in_port: vxlan0, nw_dst: text }, fromVxlan),
      row(known, { proto: 'arp', in_port: tun0, arp_spa: gateway, arp_tpa: text }, onward),
    ]),
    row(known, { proto: 'ip', in_port: tun0 }, onward),
    row(unknown, { in_port: vxlan0 }),
    row(unknown, { in_port: tun0 }),
    row(pods, { proto: 'arp' }, [goto(table.fromPod)]),
    row(pods, { proto: 'ip' }, [goto(table.fromPod)]),
    row(priority.otherwise, {}),
  ];
}

/** Table 20: a pod may not send VXLAN; the rest is in pods.ts. */
function fromPods({ vxlanPort }: Networks): Flow[] {
  return [rowsOf(table.fromPod)(priority.fromPod.vxlan, { proto: 'udp', tp_dst: String(vxlanPort) })];
}

/** Table 27: what pods may send, except for replies (pods.ts) and NetworkPolicies. */
function policyEgress({ mode, service }: Networks): Flow[] {
  const row = rowsOf(table.policyEgress);
  const { open, services } = priority.policyEgress;
  const pass = [goto(table.commit)];
  return mode === 'networkpolicy'
    ? [row(services, { proto: 'ip', nw_dst: service.text }, pass)]
    : [row(open, {}, pass)];
}

/** Table 30: on to routing. */
function commit(): Flow[] {
  return [rowsOf(table.commit)(priority.otherwise, {}, [goto(table.route)])];
}

/** Table 31: routing. */
function route(facts: NodeFacts, networks: Networks): Flow[] {
  const row = rowsOf(table.route);
  const { gateway, gatewayRecorded, local, remote, multicastFromVxlan, multicast } = priority.route;
  const subnet = facts.subnet.text;
  return [
    row(gateway, { proto: 'arp', arp_tpa: facts.gateway }, arpToTun0(facts)),
    ...handOver(facts, row(gateway, { proto: 'ip', nw_dst: facts.gateway }), gatewayRecorded),
    row(local, { proto: 'arp', arp_tpa: subnet }, [goto(table.arpLocal)]),
    row(local, { proto: 'ip', nw_dst: subnet }, [goto(table.toLocalPod)]),
    row(remote, { proto: 'ip', nw_dst: networks.service.text }, [goto(table.toService)]),
    ...networks.cluster.flatMap(({ text }) => [
      row(remote, { proto: 'arp', arp_tpa: text }, [goto(table.arpRemote)]),
      row(remote, { proto: 'ip', nw_dst: text }, [goto(table.toRemotePod)]),
    ]),
    row(multicastFromVxlan, { proto: 'ip', in_port: vxlan0, nw_dst: multicastRange }, [goto(table.multicastLocal)]),
    row(multicast, { proto: 'ip', nw_dst: multicastRange }, [goto(table.multicast)]),
    row(priority.otherwise, { proto: 'ip' }, [goto(table.outside)]),
    row(priority.otherwise, { proto: 'arp' }),
    ...routeAnswers(facts),
    ...routeReplies(facts, networks),
    ...routeServices(facts, networks),
    ...routeNoted(networks),
  ];
}

/**
 * Table 31, what this node opened to another node's pod, itself or for somebody whom it masquerades. Its record says
 * nothing about the pod until that answers. From then on it has the VNID that answered, so that no pod of another VNID
 * sends by it after that one. A message about it (ICMP error) may come before any answer, and records nothing.
 */
function routeAnswers(facts: NodeFacts): Flow[] {
  const row = rowsOf(table.route);
  const { firstAnswer } = priority.route;
  const unanswered = { ct_mark: '0', proto: 'ip', in_port: vxlan0, nw_dst: facts.gateway } as const;
  const toNode = recordedToTun0(facts, 0);
  return [
    row(firstAnswer, { ct_state: '-rel+rpl', ...unanswered }, [
      vnidOfSource,
      { ...ctCommit, mark: ctMark.accepted, vnid: true },
      ...toNode,
    ]),
    row(firstAnswer, { ct_state: '+rel+rpl', ...unanswered }, toNode),
  ];
}

/**
 * Table 31, replies to a pod here, of which a Service may have rewritten the connection: the node's kernel did it, and
 * its conntrack can undo it on the kernel's datapath. That is another pass through conntrack and the flows, which a reply
 * does not need that came through the node's kernel, or whose connection was opened to a pod's own address.
 */
function routeReplies({ datapath, subnet }: NodeFacts, { cluster }: Networks): Flow[] {
  if (datapath === 'netdev') return [];
  const row = rowsOf(table.route);
  const { plainReply, reply } = priority.route;
  const replies = { ct_state: '+rpl', proto: 'ip', nw_dst: subnet.text } as const;
  const plain = [goto(table.toLocalPod)];
  return [
    row(plainReply, { ...replies, in_port: tun0 }, plain),
    ...cluster.map(({ text }) => row(plainReply, { ...replies, ct_nw_dst: text }, plain)),
    row(reply, replies, [{ kind: 'ct', commit: false, table: table.toLocalPod, nat: true }]),
  ];
}

/**
 * Table 31, packets that a Service rewrote. The node's kernel rewrites a pod's connection, and only the kernel can undo
 * it in replies. On the userspace datapath replies go through tun0 for that, wherever the other pod is. What the node
 * itself opens there is recorded as nobody's.
 */
function routeServices(facts: NodeFacts, { cluster }: Networks): Flow[] {
  const { datapath, subnet, gateway, tunMac } = facts;
  if (datapath === 'system') return [];
  const row = rowsOf(table.route);
  const { serviceReply, nodeRemoteRecorded, nodeRemote, serviceRemoteRecorded, serviceRemote } = priority.route;
  const remote = { ct_state: '-rpl', proto: 'ip', in_port: tun0, nw_src: subnet.text } as const;
  const recorded = { ...remote, ct_state: `${established}-rpl` } as const;
  const onward = [goto(table.toRemotePod)];
  return [
    row(serviceReply, { ct_state: '+rpl', ct_mark: `${hex(ctMark.served)}/${hex(ctMark.kind)}`, proto: 'ip' }, [
      set('eth_dst', tunMac),
      ...recordedToTun0(facts, 0),
    ]),
    ...cluster.flatMap(({ text }) => [
      row(nodeRemoteRecorded, { ...recorded, nw_src: gateway, nw_dst: text }, onward),
      row(serviceRemoteRecorded, { ...recorded, ct_mark: hex(ctMark.served), nw_dst: text }, onward),
      row(nodeRemote, { ...remote, nw_src: gateway, nw_dst: text }, [{ ...ctCommit, table: table.toRemotePod }]),
      row(serviceRemote, { ...remote, nw_dst: text }, [{ ...ctCommit, mark: ctMark.served, table: table.toRemotePod }]),
    ]),
  ];
}

/**
 * Table 31 with NetworkPolicy: the other node's table 81 records whether a connection was let in; here it is recorded
 * with its first packets, so that its replies are known.
 */
function routeNoted(networks: Networks): Flow[] {
  if (networks.mode !== 'networkpolicy') return [];
  const row = rowsOf(table.route);
  return pairs(networks).map((pair) =>
    row(priority.route.notedRemote, { ct_state: '+new-rpl', proto: 'ip', ...pair }, [
      { ...ctCommit, table: table.toRemotePod },
    ]),
  );
}

/** Every pair of pod networks. */
function pairs({ cluster }: Networks): Match[] {
  return cluster.flatMap((from) => cluster.map((to): Match => ({ nw_src: from.text, nw_dst: to.text })));
}

/** Table 60: the node's kernel handles Services. */
function toService(facts: NodeFacts): Flow[] {
  const { any, recorded } = priority.toService;
  return handOver(facts, rowsOf(table.toService)(any, { proto: 'ip' }), recorded);
}

/** Table 80: who reaches the pods here, except for NetworkPolicies. The gateway always does. */
function isolation({ gateway, datapath }: NodeFacts, { mode }: Networks): Flow[] {
  const row = rowsOf(table.isolation);
  const { gateway: fromGateway, open } = priority.isolation;
  const pass = [goto(table.deliver)];
  // Open vSwitch may have forgotten the connection; the node's kernel has not
  const known: Match[] = datapath === 'system' ? [] : [{ proto: 'ip', in_port: tun0, dl_src: direction.answers.mac }];
  const openTo = {
    subnet: [{}],
    multitenant: [{ reg0: '0' }, { reg1: '0' }],
    networkpolicy: [{ ct_state: '+rpl', proto: 'ip' }, ...known],
  } as const satisfies Record<IsolationMode, readonly Match[]>;
  return [
    row(fromGateway, { proto: 'ip', nw_src: gateway }, pass),
    ...openTo[mode].map((match: Match) => row(open, match, pass)),
  ];
}

/**
 * Table 81: delivery to a pod here. A connection is recorded only now, after the policies let it in: a record of one
 * that they did not would turn the pod's packets to its opener into replies, which policies and table 101 let pass. The
 * record has the VNID of the pod, so that no pod with its address after it, of another VNID, inherits the connection.
 * From tun0 only packets that open a connection are recorded; on the userspace datapath the node's kernel tells which
 * do (see `direction`). A message about a connection (ICMP error) records nothing: it may be about any connection.
 */
function deliver({ datapath, subnet }: NodeFacts, networks: Networks): Flow[] {
  const row = rowsOf(table.deliver);
  const { replies, served, opened, betweenPods } = priority.deliver;
  const noted = (mark: number): Action[] => [{ ...ctCommit, mark, vnid: true }, outputReg2];
  const opens: Match =
    datapath === 'system' ? { ct_state: '-rel-rpl' } : { ct_state: '-rel', dl_src: direction.opens.mac };
  const byTun0: Match = { ...opens, proto: 'ip', in_port: tun0 };
  return [
    row(replies, { ct_state: '+rpl', proto: 'ip' }, [outputReg2]),
    ...(datapath === 'system' ? [] : [row(served, { ...byTun0, nw_src: subnet.text }, noted(ctMark.served))]),
    row(opened, byTun0, noted(ctMark.accepted)),
    ...(networks.mode === 'networkpolicy' ? pairs(networks) : []).map((pair) =>
      row(betweenPods, { ct_state: '-rel', proto: 'ip', ...pair }, noted(ctMark.accepted)),
    ),
    row(priority.otherwise, {}, [outputReg2]),
  ];
}

/** Tables 99 and 100: DNS to the node goes to the node; EgressNetworkPolicies are in egresspolicy.ts. */
function outside(facts: NodeFacts): Flow[] {
  const row = rowsOf(table.outside);
  const toNode = { nw_dst: facts.nodeIP, tp_dst: '53' };
  return [
    row(priority.dns, { proto: 'tcp', ...toNode }, packetToTun0(facts, 0)),
    row(priority.dns, { proto: 'udp', ...toNode }, packetToTun0(facts, 0)),
    row(priority.otherwise, {}, [goto(table.egressPolicy)]),
    rowsOf(table.egressPolicy)(priority.otherwise, {}, [goto(table.egressIP)]),
  ];
}

/**
 * Table 101: what leaves as the node, and what no other node may send here; VNIDs that request egress IPs are in
 * egress.ts.
 */
function egressIP(facts: NodeFacts): Flow[] {
  const row = rowsOf(table.egressIP);
  const { reply, otherReply, notHosted, unaskedRecorded } = priority.egressIP;
  const recorded = { ct_state: established, ct_mark: hex(noneAsked), proto: 'ip' } as const;
  return [
    row(otherReply, { ct_state: '+rpl', proto: 'ip', in_port: vxlan0 }),
    row(reply, { ct_state: '+rpl', proto: 'ip' }, recordedToTun0(facts, 0)),
    row(notHosted, { in_port: vxlan0 }),
    ...(facts.datapath === 'system' ? [] : [row(unaskedRecorded, recorded, recordedToTun0(facts, 0))]),
    row(priority.otherwise, { proto: 'ip' }, packetToTun0(facts, 0, { mark: noneAsked })),
  ];
}

/** Table 103: what finer rules do not cover leaves as the node, as what requests no egress IP does in table 101. */
function asNode(facts: NodeFacts): Flow[] {
  const row = rowsOf(table.asNode);
  const recorded = { ct_state: established, ct_mark: hex(noneAsked), proto: 'ip' } as const;
  return [
    ...(facts.datapath === 'system' ? [] : [row(priority.asNode.recorded, recorded, recordedToTun0(facts, 0))]),
    row(priority.match, { proto: 'ip' }, packetToTun0(facts, 0, { mark: noneAsked })),
  ];
}

const modeNumber = { subnet: 0, multitenant: 1, networkpolicy: 2 } as const satisfies Record<IsolationMode, number>;

/** Table 253: a note with mode and rule version, as two bytes padded to six. */
function version({ mode }: Networks): Flow[] {
  const byte = (value: number): string => value.toString(16).padStart(2, '0');
  const bytes = [byte(modeNumber[mode]), byte(ruleVersion), '00', '00', '00', '00'].join('.');
  return [rowsOf(table.version)(priority.version, {}, [{ kind: 'note', bytes }])];
}

/** The flows that every node has. */
export const staticFlows = memoizedPair((facts: NodeFacts, networks: Networks): readonly Flow[] => [
  ...plannedElsewhere.map((number) => rowsOf(number)(priority.otherwise, {})),
  ...dispatch(facts, networks),
  ...fromPods(networks),
  ...policyEgress(networks),
  ...commit(),
  ...route(facts, networks),
  ...toService(facts),
  ...isolation(facts, networks),
  ...deliver(facts, networks),
  ...outside(facts),
  ...egressIP(facts),
  ...asNode(facts),
  ...version(networks),
]);
