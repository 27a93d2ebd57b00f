/** How each VNID leaves: which packets go to which node, and with which mark. */
import fc from 'fast-check';
import type { EgressState } from '../../../src/model/egress/state.ts';
import { type Ip, ipNumber } from '../../../src/model/values/address.ts';
import { markOf } from '../../../src/model/values/mark.ts';
import { type Action, vnidOfSource } from '../../../src/node/ovs/flow.ts';
import { inboundOwnerOf, ownerOf } from '../../../src/node/ovs/owner.ts';
import { ctMark, port, table } from '../../../src/node/ovs/pipeline.ts';
import { egressRules, hopsUsed } from '../../../src/node/plan/egress.ts';
import { hostedHere } from '../../../src/node/plan/hosted.ts';
import { planNode } from '../../../src/node/plan/node.ts';
import { ip, nodeInput, type Scene, vnid } from '../states.ts';
import { actionsFor, type Packet } from './packets.ts';

const [first, second, third] = ['192.168.7.200', '192.168.7.201', '192.168.7.202'] as const;
const here = new Set([vnid(77)]);

function rulesOf(scene: Scene, local = here) {
  const { facts, state } = nodeInput({ datapath: 'system', ...scene });
  const { parts, groups } = egressRules(facts, state, { local, metered: new Set() });
  return { facts, state, flows: parts.flat(), groups };
}

/** Where actions send a packet: to a node by its address, or to this node's kernel with a mark. */
function way(actions: readonly Action[]): string {
  const set = (field: string): string =>
    actions.flatMap((action) => (action.kind === 'set' && action.field === field ? [action.value] : [])).join();
  const out = actions.flatMap((action) => (action.kind === 'output' ? [action.port] : []));
  if (out.join() === String(port.vxlan0)) return set('tun_dst');
  return out.join() === String(port.tun0) ? `here with mark ${set('pkt_mark')}` : 'nowhere';
}

/** All ways that a packet of VNID 77 may take; none when it is dropped, undefined when no flow says anything. */
function ways(scene: Scene, packet: Pick<Packet, 'in_port' | 'ct_label' | 'ct_mark'>): string[] | undefined {
  const { flows, groups } = rulesOf(scene);
  const actions = actionsFor(flows, table.egressIP, { proto: 'tcp', reg0: 77, ...packet });
  if (actions === undefined) return undefined;
  const [only] = actions;
  if (only?.kind === 'group')
    return (groups.find(({ id }) => id === only.id)?.buckets ?? []).map((bucket) => {
      const [chosen, again] = bucket;
      expect([bucket.length, again]).toEqual([2, { kind: 'resubmit', table: table.egressIP }]);
      const reg3 = chosen?.kind === 'set' && chosen.field === 'reg3' ? Number(chosen.value) : 0;
      return way(actionsFor(flows, table.egressIP, { proto: 'tcp', reg0: 77, ...packet, reg3 }) ?? []);
    });
  return actions.length === 0 ? [] : [way(actions)];
}
const fromPod = { in_port: 5 };
const fromNode = { in_port: port.vxlan0 };

test('a VNID that requests nothing has no flow of its own', () => {
  expect([ways({}, fromPod), ways({}, fromNode)]).toEqual([undefined, undefined]);
});

test('a VNID without a way out is dropped, also ARP and whatever else has its VNID', () => {
  const scene = { requests: { 77: [first] } };
  expect(ways(scene, fromPod)).toEqual([]);
  expect(actionsFor(rulesOf(scene).flows, table.egressIP, { proto: 'arp', reg0: 77 })).toEqual([]);
});

test('it leaves through this node with the mark of its VNID when an egress IP is here, whatever is elsewhere', () => {
  const mark = 'here with mark 0x4d';
  expect(ways({ requests: { 77: [first] }, hosts: { 0: [first] } }, fromPod)).toEqual([mark]);
  expect(ways({ requests: { 77: [first, second] }, hosts: { 0: [second], 1: [first] } }, fromPod)).toEqual([mark]);
});

test('it leaves through any of the nodes that have its IPs', () => {
  const scene = { requests: { 77: [first, second] }, hosts: { 1: [first], 2: [second] } };
  expect(ways(scene, fromPod)).toEqual(['192.168.7.12', '192.168.7.13']);
  expect(ways({ ...scene, offline: ['192.168.7.12'] }, fromPod)).toEqual(['192.168.7.13']);
  expect(rulesOf({ ...scene, offline: ['192.168.7.12'] }).groups).toEqual([]);
});

test('where the first available is wanted, new connections use that alone, and others keep their hop', () => {
  const scene = {
    firstAvailable: true,
    requests: { 77: [first, second, third] },
    hosts: { 0: [second], 1: [first], 2: [third] },
  };
  expect(ways(scene, fromPod)).toEqual(['192.168.7.12']);
  const keeps = (text: string) => ways(scene, { ...fromPod, ct_label: Number(ipNumber(ip(text))) });
  expect([keeps(first), keeps(third)]).toEqual([['192.168.7.12'], ['192.168.7.13']]);
  // one that leaves here has its owner from nft, and no label
  const owner = ownerOf(vnid(77), nodeInput(scene).facts.masqueradeBit);
  expect(ways(scene, { ...fromPod, ct_mark: owner })).toEqual(['here with mark 0x4d']);
  expect(ways(scene, { ...fromPod, ct_mark: owner + 1 })).toEqual(['192.168.7.12']);
});

test('a VNID with one hop needs no flow to keep it, only one for connections that are recorded', () => {
  const { flows } = rulesOf({ requests: { 77: [first] }, hosts: { 1: [first] } });
  expect(flows.filter(({ match }) => match.ct_label !== undefined).map(({ priority }) => priority)).toEqual([106]);
});

describe.each(['system', 'netdev'] as const)('on the %s datapath', (datapath) => {
  const scene = { datapath, requests: { 77: [first, second] }, hosts: { 0: [first], 1: [second] } };
  const owner = ownerOf(vnid(77), nodeInput(scene).facts.masqueradeBit);
  const actions = (packet: Partial<Packet>): readonly Action[] =>
    actionsFor(rulesOf(scene).flows, table.egressIP, { proto: 'tcp', reg0: 77, in_port: 5, ...packet }) ?? [];
  const commits = (packet: Partial<Packet>): number => actions(packet).filter(({ kind }) => kind === 'ct').length;
  const labels = [first, second].map((text) => Number(ipNumber(ip(text))));

  test('a connection that is recorded with its owner and its egress IP goes on to that without a commit', () => {
    for (const ct_label of labels) {
      const known = { isEstablished: true, ct_mark: owner, ct_label };
      const without = actions({ ...known, isEstablished: false }).filter(({ kind }) => kind !== 'ct');
      expect(actions(known)).toEqual(without);
      expect(commits(known)).toBe(0);
    }
    const known = { isEstablished: true, ct_mark: owner, ct_label: labels[0]!, in_port: port.vxlan0 };
    expect(actions(known)).toEqual(actions({ in_port: port.vxlan0 }).filter(({ kind }) => kind !== 'ct'));
  });

  test('one with another owner or without the label is recorded first, unless its node does that', () => {
    const isHere = datapath === 'system' ? 0 : 1;
    expect(commits({ isEstablished: true, ct_mark: owner, ct_label: labels[1]! + 9 })).toBe(isHere);
    expect(commits({ isEstablished: true, ct_mark: owner + 1, ct_label: labels[1]! })).toBe(1);
    expect(commits({ isEstablished: true, ct_mark: owner + 1, ct_label: labels[0]! })).toBe(isHere);
    expect(commits({ isEstablished: true, ct_mark: owner + 1, ct_label: labels[0]!, in_port: port.vxlan0 })).toBe(
      isHere,
    );
  });
});

test('what comes from other nodes leaves here when this node hosts an IP of the VNID, with pods here or without', () => {
  const scene = { requests: { 77: [first], 78: [second] }, hosts: { 0: [first], 1: [second] } };
  expect(ways(scene, fromNode)).toEqual(['here with mark 0x4d']);
  const { flows } = rulesOf(scene, new Set());
  expect(flows.map(({ match }) => [match.reg0, match.in_port])).toEqual([['0x4d', port.vxlan0]]);
});

test('each committed connection has its owner and the egress IP of its hop', () => {
  const { flows, facts } = rulesOf({
    datapath: 'netdev',
    requests: { 77: [first, second] },
    hosts: { 0: [first], 1: [second] },
  });
  // replies to the node are recorded as of nobody's, in a flow of their own
  const outward = flows.filter(({ match }) => match.ct_state === undefined);
  const commits = outward.flatMap(({ actions }) => actions.flatMap((action) => (action.kind === 'ct' ? [action] : [])));
  const label = (text: string): number => Number(ipNumber(ip(text)));
  const owner = { kind: 'ct', commit: true, mark: ownerOf(vnid(77), facts.masqueradeBit) };
  expect(commits).toEqual([
    { ...owner, label: label(first) },
    { ...owner, label: label(first) },
    { ...owner, label: label(second) },
    { ...owner, label: label(first) },
  ]);
  expect(markOf(vnid(77), facts.masqueradeBit)).toBe(0x4d);
});

test("this node hosts the first of a VNID's IPs that is assigned to it, if the VNID leaves at all", () => {
  const hosted = (scene: Scene): [number, Ip][] => {
    const { facts, state } = nodeInput(scene);
    return [...hostedHere(facts, state)];
  };
  expect(hosted({ requests: { 77: [second, first] }, hosts: { 0: [first], 1: [second] } })).toEqual([[77, first]]);
  expect(hosted({ requests: { 77: [first] }, hosts: { 1: [first] } })).toEqual([]);
  const alone: Scene = { requests: { 77: [first, second], 78: [second] }, hosts: { 0: [first] } };
  expect(hosted(alone)).toEqual([]);
});

test('all listed hops are used, or the first only', () => {
  const { state } = nodeInput({ requests: { 77: [first, second] }, hosts: { 1: [first], 2: [second] } });
  const verdict = state.vnids.get(vnid(77));
  const hops = verdict?.kind === 'via' ? verdict.hops : [];
  expect(hopsUsed(hops, false)).toEqual(hops);
  expect(hopsUsed(hops, true).map(({ egressIP }) => egressIP)).toEqual([first]);
});

test("another node's pod answers what this node opened to it, and nobody answers what came in to others", () => {
  const { facts, networks, ...input } = nodeInput({ pods: { 2: 77 }, requests: { 77: [first] } });
  const { flows } = planNode({ facts, networks, ...input });
  const routing = flows.filter(({ match }) => match.proto === 'ip' && match.dl_src === undefined);
  const actions = (packet: Partial<Packet>) =>
    actionsFor(routing, table.route, {
      proto: 'udp',
      reg0: 77,
      in_port: port.vxlan0,
      nw_src: '10.254.1.9',
      nw_dst: facts.gateway,
      isReply: true,
      ct_mark: 0,
      ...packet,
    }) ?? [];
  const isHanded = (packet: Partial<Packet>): boolean =>
    actions(packet).some((action) => action.kind === 'output' && action.port === port.tun0);
  const [own, other] = [inboundOwnerOf(vnid(77)), inboundOwnerOf(vnid(78))];
  // the first answer is recorded with its VNID
  expect(actions({})).toContainEqual({ kind: 'ct', commit: true, mark: ctMark.accepted, vnid: true });
  expect(actions({})[0]).toEqual(vnidOfSource);
  expect(isHanded({})).toBe(true);
  expect(isHanded({ ct_mark: own })).toBe(true);
  // by a pod that has its address after it, or about somebody else's connection
  expect(isHanded({ ct_mark: other })).toBe(false);
  expect(isHanded({ ct_mark: other, isRelated: true })).toBe(false);
  // an error instead of an answer records nothing
  expect(isHanded({ isRelated: true })).toBe(true);
  expect(actions({ isRelated: true })).not.toContainEqual(expect.objectContaining({ vnid: true }));
  expect(isHanded({ in_port: 5, nw_src: '10.254.0.2' })).toBe(false);
});

test('whatever requests and lists are, packets leave only as the state says', () => {
  const ips = [first, second, third];
  const scene = fc.record({
    requests: fc.record({ 77: fc.subarray(ips), 78: fc.subarray(ips) }),
    hosts: fc.record({ 0: fc.subarray(ips), 1: fc.subarray(ips), 2: fc.subarray(ips) }),
    offline: fc.subarray(['192.168.7.11', '192.168.7.12']),
    firstAvailable: fc.boolean(),
  });
  const expected = (state: EgressState, isFirst: boolean): string[] | undefined => {
    const verdict = state.vnids.get(vnid(77));
    if (verdict?.kind !== 'via') return verdict && [];
    const hops = verdict.hops
      .slice(0, isFirst ? 1 : 3)
      .map(({ node, nodeIP }) => (node === 'worker0' ? 'here' : nodeIP));
    return hops.includes('here') ? ['here with mark 0x4d'] : hops;
  };
  fc.assert(
    fc.property(scene, (drawn) => {
      const { state } = nodeInput(drawn);
      expect(ways(drawn, fromPod)).toEqual(expected(state, drawn.firstAvailable));
    }),
  );
});
