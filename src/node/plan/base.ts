/** The flows that every node has, whatever its pods and whoever its peers: dispatch, routing and defaults. */
import type { IsolationMode } from '../../model/clusternetwork.ts';
import type { Networks, NodeFacts } from '../facts.ts';
import { ctCommit, type Flow, goto, hex, type Match, outputReg2, set, vnidFromTunnel } from '../ovs/flow.ts';
import { acceptedMask, ctMark, direction, egressPriority, port, ruleVersion, table } from '../ovs/pipeline.ts';
import { noneAsked } from '../owner.ts';
import { arpToTun0, packetToTun0 } from './tun0.ts';

const multicastRange = '224.0.0.0/4';
const modeNumber = { subnet: 0, multitenant: 1, networkpolicy: 2 } as const satisfies Record<IsolationMode, number>;
const { vxlan0, tun0 } = port;

function drop(tableNumber: number, priority: number, match: Flow['match'] = {}): Flow {
  return { table: tableNumber, priority, match, actions: [] };
}

function dispatch(facts: NodeFacts, networks: Networks): Flow[] {
  const at = table.dispatch;
  const subnet = facts.subnet.text;
  const fromVxlan = [vnidFromTunnel, goto(table.fromVxlan)];
  return [
    {
      table: at,
      priority: 1000,
      match: { ct_state: '-trk', proto: 'ip' },
      actions: [{ kind: 'ct', commit: false, table: at }],
    },
    ...networks.cluster.flatMap(({ text }): Flow[] => [
      {
        table: at,
        priority: 200,
        match: { proto: 'arp', in_port: vxlan0, arp_spa: text, arp_tpa: subnet },
        actions: fromVxlan,
      },
      { table: at, priority: 200, match: { proto: 'ip', in_port: vxlan0, nw_src: text }, actions: fromVxlan },
      { table: at, priority: 200, match: { proto: 'ip', in_port: vxlan0, nw_dst: text }, actions: fromVxlan },
      {
        table: at,
        priority: 300,
        match: { proto: 'ip', in_port: tun0, nw_src: subnet, nw_dst: text },
        actions: [goto(table.fromService)],
      },
      {
        table: at,
        priority: 200,
        match: { proto: 'arp', in_port: tun0, arp_spa: facts.gateway, arp_tpa: text },
        actions: [goto(table.commit)],
      },
    ]),
    drop(at, 150, { in_port: vxlan0 }),
    {
      table: at,
      priority: 400,
      match: { proto: 'ip', in_port: tun0, nw_src: facts.gateway },
      actions: [goto(table.commit)],
    },
    drop(at, 250, { proto: 'ip', in_port: tun0, nw_dst: multicastRange }),
    { table: at, priority: 200, match: { proto: 'ip', in_port: tun0 }, actions: [goto(table.commit)] },
    drop(at, 150, { in_port: tun0 }),
    { table: at, priority: 100, match: { proto: 'arp' }, actions: [goto(table.fromPod)] },
    { table: at, priority: 100, match: { proto: 'ip' }, actions: [goto(table.fromPod)] },
    drop(at, 0),
  ];
}

/**
 * Table 81, what may be delivered to a pod here. A connection that was let in is noted only now, behind the policies:
 * an entry of one that was not would make the pod's packets to its opener replies, which policies and table 101 pass.
 * What comes by tun0 is noted where it opens the connection; in userspace the node's kernel says so (see `direction`).
 */
function deliver(facts: NodeFacts, networks: Networks): Flow[] {
  const at = table.deliver;
  const noted = [{ ...ctCommit, mark: ctMark.accepted }, outputReg2];
  const opens: Match = facts.datapath === 'system' ? { ct_state: '-rpl' } : { dl_src: direction.opens.mac };
  const isServed = { ...opens, proto: 'ip', in_port: tun0, nw_src: facts.subnet.text } as const;
  const served: Flow = {
    table: at,
    priority: 160,
    match: isServed,
    actions: [{ ...ctCommit, mark: ctMark.served }, outputReg2],
  };
  const betweenPods = networks.mode === 'networkpolicy' ? pairs(networks) : [];
  return [
    { table: at, priority: 200, match: { ct_state: '+rpl', proto: 'ip' }, actions: [outputReg2] },
    ...(facts.datapath === 'system' ? [] : [served]),
    { table: at, priority: 150, match: { ...opens, proto: 'ip', in_port: tun0 }, actions: noted },
    ...betweenPods.map((pair): Flow => ({ table: at, priority: 100, match: { proto: 'ip', ...pair }, actions: noted })),
    { table: at, priority: 0, match: {}, actions: [outputReg2] },
  ];
}

/**
 * A Service's work on a pod's connection is the node's kernel's, and only that undoes it in the replies. The kernel's
 * datapath asks it (`ct(nat)` in table 31); in userspace replies go by tun0, wherever the other pod is.
 */
function backToServices(facts: NodeFacts, { cluster }: Networks): Flow[] {
  const { datapath, subnet, tunMac } = facts;
  if (datapath === 'system') return [];
  const at = table.route;
  const toRemote = { ...ctCommit, mark: ctMark.served, table: table.toRemotePod };
  return [
    {
      table: at,
      priority: 260,
      match: { ct_state: '+rpl', ct_mark: hex(ctMark.served), proto: 'ip' },
      actions: [set('eth_dst', tunMac), ...packetToTun0(facts, 0)],
    },
    ...cluster.map(({ text }): Flow => ({
      table: at,
      priority: 120,
      match: { ct_state: '-rpl', proto: 'ip', in_port: tun0, nw_src: subnet.text, nw_dst: text },
      actions: [toRemote],
    })),
  ];
}

/** Each pod network to each. */
function pairs({ cluster }: Networks): Match[] {
  return cluster.flatMap((from) => cluster.map((to): Match => ({ nw_src: from.text, nw_dst: to.text })));
}

function routing(facts: NodeFacts, networks: Networks): Flow[] {
  const at = table.route;
  const subnet = facts.subnet.text;
  const toPod = goto(table.toLocalPod);
  return [
    { table: at, priority: 300, match: { proto: 'arp', arp_tpa: facts.gateway }, actions: arpToTun0(facts) },
    { table: at, priority: 200, match: { proto: 'arp', arp_tpa: subnet }, actions: [goto(table.arpLocal)] },
    { table: at, priority: 300, match: { proto: 'ip', nw_dst: facts.gateway }, actions: packetToTun0(facts, 0) },
    {
      table: at,
      priority: 100,
      match: { proto: 'ip', nw_dst: networks.service.text },
      actions: [goto(table.toService)],
    },
    {
      table: at,
      priority: 250,
      match: { ct_state: '+rpl', proto: 'ip', nw_dst: subnet },
      actions: [{ kind: 'ct', commit: false, table: table.toLocalPod, nat: true }],
    },
    { table: at, priority: 200, match: { proto: 'ip', nw_dst: subnet }, actions: [toPod] },
    ...networks.cluster.flatMap(({ text }): Flow[] => [
      { table: at, priority: 100, match: { proto: 'arp', arp_tpa: text }, actions: [goto(table.arpRemote)] },
      { table: at, priority: 100, match: { proto: 'ip', nw_dst: text }, actions: [goto(table.toRemotePod)] },
    ]),
    {
      table: at,
      priority: 50,
      match: { proto: 'ip', in_port: vxlan0, nw_dst: multicastRange },
      actions: [goto(table.multicastLocal)],
    },
    { table: at, priority: 25, match: { proto: 'ip', nw_dst: multicastRange }, actions: [goto(table.multicast)] },
    { table: at, priority: 0, match: { proto: 'ip' }, actions: [goto(table.outside)] },
    drop(at, 0, { proto: 'arp' }),
  ];
}

function outside(facts: NodeFacts): Flow[] {
  const dns = { nw_dst: facts.nodeIP, tp_dst: '53' };
  return [
    ...(['tcp', 'udp'] as const).map((proto): Flow => ({
      table: table.outside,
      priority: 200,
      match: { proto, ...dns },
      actions: packetToTun0(facts, 0),
    })),
    { table: table.outside, priority: 0, match: {}, actions: [goto(table.egressPolicy)] },
    { table: table.egressPolicy, priority: 0, match: {}, actions: [goto(table.egressIP)] },
    {
      table: table.egressIP,
      priority: egressPriority.reply,
      match: { ct_state: '+rpl', proto: 'ip' },
      actions: packetToTun0(facts, 0),
    },
    drop(table.egressIP, egressPriority.notHosted, { in_port: vxlan0 }),
    {
      table: table.egressIP,
      priority: egressPriority.normal,
      match: { proto: 'ip' },
      actions: packetToTun0(facts, 0, { mark: noneAsked }),
    },
  ];
}

function isolation(facts: NodeFacts, networks: Networks): Flow[] {
  const { policyEgress, isolation: at, commit } = table;
  const pass = [goto(table.deliver)];
  switch (networks.mode) {
    case 'subnet':
      return [
        { table: policyEgress, priority: 500, match: {}, actions: [goto(commit)] },
        { table: at, priority: 200, match: {}, actions: pass },
      ];
    case 'multitenant':
      return [
        { table: policyEgress, priority: 500, match: {}, actions: [goto(commit)] },
        { table: at, priority: 200, match: { reg0: '0' }, actions: pass },
        { table: at, priority: 200, match: { reg1: '0' }, actions: pass },
      ];
    case 'networkpolicy':
      return [
        {
          table: policyEgress,
          priority: 300,
          match: { proto: 'ip', nw_dst: networks.service.text },
          actions: [goto(commit)],
        },
        {
          table: policyEgress,
          priority: 200,
          match: { ct_state: '+rpl', ct_mark: `${hex(ctMark.accepted)}/${hex(acceptedMask)}`, proto: 'ip' },
          actions: [goto(commit)],
        },
        { table: at, priority: 200, match: { ct_state: '+rpl', proto: 'ip' }, actions: pass },
        ...knownToTheNode(facts).map((match): Flow => ({ table: at, priority: 200, match, actions: pass })),
        // the other node's table 81 notes whether it was let in; here its replies have to be known
        ...pairs(networks).map((pair): Flow => ({
          table: table.route,
          priority: 110,
          match: { ct_state: '-rpl', proto: 'ip', ...pair },
          actions: [{ ...ctCommit, table: table.toRemotePod }],
        })),
      ];
  }
}

/** Replies that Open vSwitch has forgotten the connection of, and the node's kernel has not. */
function knownToTheNode(facts: NodeFacts): Match[] {
  return facts.datapath === 'system' ? [] : [{ proto: 'ip', in_port: tun0, dl_src: direction.answers.mac }];
}

/** The note in table 253 that names mode and rule version, as two bytes padded to six. */
export function versionFlow(mode: IsolationMode): Flow {
  const byte = (value: number): string => value.toString(16).padStart(2, '0');
  const bytes = [byte(modeNumber[mode]), byte(ruleVersion), '00', '00', '00', '00'].join('.');
  return { table: table.version, priority: 32768, match: {}, actions: [{ kind: 'note', bytes }] };
}

/** The flows every node has. */
export function baseFlows(facts: NodeFacts, networks: Networks): Flow[] {
  const {
    fromVxlan,
    fromPod,
    fromService,
    policyEgress,
    arpLocal,
    arpRemote,
    toLocalPod,
    toRemotePod,
    multicast,
    multicastLocal,
  } = table;
  const closed = [
    fromVxlan,
    fromPod,
    fromService,
    policyEgress,
    arpLocal,
    arpRemote,
    toLocalPod,
    table.isolation,
    toRemotePod,
    multicast,
    multicastLocal,
  ];
  const dropping = closed.map((number) => drop(number, 0));
  return [
    ...dispatch(facts, networks),
    ...dropping,
    drop(table.fromPod, 300, { proto: 'udp', tp_dst: String(networks.vxlanPort) }),
    { table: table.commit, priority: 0, match: {}, actions: [goto(table.route)] },
    ...routing(facts, networks),
    ...backToServices(facts, networks),
    { table: table.toService, priority: 200, match: { proto: 'ip' }, actions: packetToTun0(facts, 0) },
    {
      table: table.isolation,
      priority: 300,
      match: { proto: 'ip', nw_src: facts.gateway },
      actions: [goto(table.deliver)],
    },
    ...deliver(facts, networks),
    ...outside(facts),
    ...isolation(facts, networks),
    versionFlow(networks.mode),
  ];
}
