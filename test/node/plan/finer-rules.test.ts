/** Finer rules in flows and locks, held against the function that says which address each packet leaves with. */
import fc from 'fast-check';
import { choiceFor, rulesForPod } from '../../../src/model/egress/rules.ts';
import type { Hop } from '../../../src/model/egress/verdict.ts';
import type { EgressRules, OutsidePacket } from '../../../src/model/objects/egressrules.ts';
import { ipNumber } from '../../../src/model/values/address.ts';
import { added, changes, contentOf, leadsToRules, within } from '../../../src/node/nft/elements.ts';
import { renderBase } from '../../../src/node/nft/ruleset.ts';
import { finerChainCommands } from '../../../src/node/nft/vocabulary.ts';
import { noneAsked, ownerOf, unaskedOwnerOf } from '../../../src/node/ovs/owner.ts';
import { port, priority, table } from '../../../src/node/ovs/pipeline.ts';
import { type NodePlan, planLimits, planNode } from '../../../src/node/plan/node.ts';
import { markMac } from '../../../src/node/plan/tun0.ts';
import { isWithin, type Packet } from '../../../src/node/trace/packet.ts';
import { type End, walk } from '../../../src/node/trace/walk.ts';
import { annotationsOf, anyPacket, someLabels } from '../../model/egress/anyrules.ts';
import { ip, nodeInput, type Scene, vnid } from '../states.ts';

const ips = ['192.168.7.200', '192.168.7.201', '192.168.7.202'] as const;
const [first, second] = ips;
const pod = '10.254.0.2';
const otherPod = '10.254.0.4';
const red = vnid(77);

const protoOf = (protocol: string): 'tcp' | 'udp' | 'icmp' =>
  protocol === 'tcp' || protocol === 'udp' ? protocol : 'icmp';

/** The packet as the pod sends it, of a connection that the flows may know. */
function sent({ destination, protocol, port: number }: OutsidePacket, known: Partial<Packet> = {}, from = pod): Packet {
  const in_port = port.firstPod + (from === pod ? 0 : 2);
  return {
    ...{ proto: protoOf(protocol), in_port, nw_src: from, nw_dst: destination },
    ...(number === undefined ? {} : { tp_dst: number }),
    ...known,
  };
}

/** `nothing`, `node`, `here` by its mark, or the address of the node that it goes to. */
function wayOf({ port: out, packet }: End): string {
  if (out === port.vxlan0) return packet.tun_dst ?? '';
  if (out !== port.tun0) return 'nothing';
  const isUnmarked = packet.pkt_mark === undefined ? packet.dl_src === markMac(0) : packet.pkt_mark === 0;
  return isUnmarked ? 'node' : 'here';
}

const ways = (plan: NodePlan, packet: Packet): string[] => [...new Set(walk(plan, packet).map(wayOf))].sort();
const wayBy = ({ node, nodeIP }: Hop): string => (node === 'worker0' ? 'here' : nodeIP);

/** The rules for a pod of the VNID. */
function rulesOf(scene: Scene, from: string): EgressRules | undefined {
  const verdict = nodeInput(scene).state.vnids.get(red);
  const rules = verdict?.kind === 'normal' ? undefined : verdict?.rules;
  return rulesForPod(rules, () => scene.podLabels?.[Number(from.split('.')[3])]);
}

/** The ways that the rules and the state leave to a pod. */
function expectedWays(scene: Scene, packet: OutsidePacket, from: string): string[] {
  const { state } = nodeInput(scene);
  const verdict = state.vnids.get(red);
  if (verdict === undefined || verdict.kind === 'normal') return ['node'];
  const choice = choiceFor(rulesOf(scene, from), packet);
  if (choice.kind === 'node') return ['node'];
  const hops = verdict.kind === 'via' ? verdict.hops : [];
  const some = choice.kind === 'only' ? hops.filter(({ egressIP }) => egressIP === choice.egressIP) : hops;
  const found = some.map(wayBy);
  if (found.length === 0) return ['nothing'];
  return found.includes('here') ? ['here'] : found.sort();
}

const anyScene: fc.Arbitrary<Scene> = fc
  .record({
    requests: fc.subarray([...ips], { minLength: 1 }).map((list) => ({ 77: list })),
    hosts: fc.record({ 0: fc.subarray([...ips]), 1: fc.subarray([...ips]), 2: fc.subarray([...ips]) }),
    offline: fc.subarray(['192.168.7.12']),
    datapath: fc.constantFrom('system' as const, 'netdev' as const),
    rules: annotationsOf([...ips, '192.168.7.209']).map((annotations) => ({ 77: annotations })),
    excluded: fc.subarray(['192.0.2.0/24', '10.1.9.0/24']),
    podLabels: fc.record({ 2: someLabels, 4: someLabels }, { requiredKeys: [] }),
  })
  .map((scene) => ({ ...scene, pods: { 2: 77, 3: 78, 4: 77 } }));
const anyPod = fc.constantFrom(pod, otherPod);

const marks = [0, noneAsked, ownerOf(red, 14), unaskedOwnerOf(red, 14), ownerOf(vnid(78), 14)];
/** What conntrack may know of the connection: what it was under other rules, or nothing. */
const anyKnown: fc.Arbitrary<Partial<Packet>> = fc.record({
  isEstablished: fc.boolean(),
  ct_mark: fc.constantFrom(...marks),
  ct_label: fc.constantFrom(0, ...ips.map((text) => Number(ipNumber(ip(text))))),
});

test('whatever the rules and the state are, a packet leaves as they say, also of a connection that began otherwise', () => {
  fc.assert(
    fc.property(anyScene, anyPacket, anyKnown, anyPod, (scene, packet, known, from) => {
      const plan = planNode(nodeInput(scene));
      const expected = expectedWays(scene, packet, from);
      expect(ways(plan, sent(packet, {}, from))).toEqual(expected);
      // it may keep its hop among those that are allowed
      const later = ways(plan, sent(packet, known, from));
      const isAllowed = (way: string): boolean => {
        const state = nodeInput(scene).state.vnids.get(red);
        const all = state?.kind === 'via' ? state.hops.map(wayBy) : [];
        const isAny = choiceFor(rulesOf(scene, from), packet).kind === 'any';
        return expected.includes(way) || (isAny && all.includes(way));
      };
      expect(later.filter((way) => !isAllowed(way))).toEqual([]);
    }),
    { numRuns: 1_500 },
  );
});

/** What a chain of finer rules does with a packet, by the text that nft reads. */
function verdictOf(chain: string, { destination, protocol, port: number }: OutsidePacket): string {
  const pattern =
    /^ {4}(?:ip daddr (\S+) )?(?:(tcp|udp) dport (\d+)(?:-(\d+))? |meta l4proto (tcp|udp) )?(accept|drop)$/;
  for (const line of chain.trimEnd().split('\n')) {
    const [whole, network, ofPorts, low, high, proto, verdict = ''] = pattern.exec(line) ?? [];
    if (whole === undefined) throw new Error(`what does nft make of ${line}?`);
    const isThere = network === undefined || isWithin(destination, network);
    const [from, until] = [Number(low), Number(high ?? low)];
    const hasPort = ofPorts === undefined || (ofPorts === protocol && number! >= from && number! <= until);
    if (isThere && hasPort && (proto === undefined || proto === protocol)) return verdict;
  }
  throw new Error('the chain returns');
}

test('the locks let exactly that leave as the node which the rules do not cover', () => {
  fc.assert(
    fc.property(anyScene, anyPacket, anyPod, (scene, packet, from) => {
      const input = nodeInput(scene);
      const { nft, finerRules } = planNode(input);
      const { facts, networks, uplink } = input;
      const [, , guard = ''] = renderBase({ ...facts, ...networks, uplink, finerRules }).split(/^delete table .*$/m);
      const leads = nft.podRules.get(ip(from));
      const chain = /^jump (.*)$/.exec(leads ?? '')?.[1];
      const rules = new RegExp(`^  chain ${chain ?? '-'} \\{\\n((?: {4}.*\\n)*)`, 'm').exec(guard)?.[1];
      expect(rules === undefined).toBe(chain === undefined);
      const { kind } = choiceFor(rulesOf(scene, from), packet);
      const isAllowed = rules === undefined ? leads === 'accept' : verdictOf(rules, packet) === 'accept';
      expect(isAllowed).toBe(kind === 'node');
      expect(nft.ownerRules).toEqual(
        new Map(
          [...nft.podRules].map(([of, verdict]) => [of, { owner: unaskedOwnerOf(red, facts.masqueradeBit), verdict }]),
        ),
      );
      // what restricts without a plan knows the same
      const limits = planLimits(facts, input);
      expect([limits.podRules, limits.ownerRules]).toEqual([nft.podRules, nft.ownerRules]);
    }),
  );
});

const local: Scene = { pods: { 2: 77 }, requests: { 77: [first] }, hosts: { 0: [first] } };
const plan = (scene: Scene): NodePlan => planNode(nodeInput(scene));
const to = (destination: string, protocol = 'tcp', number = 443): OutsidePacket => ({
  ...{ destination: ip(destination), protocol, port: number },
});

test('a fragment without ports goes with what ports cover, never as the node', () => {
  const later = (scene: Scene): string[] => ways(plan(scene), sent(to('10.1.2.3'), { isLater: true }));
  expect(later({ ...local, rules: { 77: { destinations: 'tcp:443' } } })).toEqual(['here']);
  expect(later({ ...local, rules: { 77: { 'except-destinations': 'tcp:443' } } })).toEqual(['here']);
  expect(later({ ...local, rules: { 77: { destinations: 'udp:443' } } })).toEqual(['node']);
  expect(later({ ...local, rules: { 77: { 'except-destinations': 'tcp:10.0.0.0/8' } } })).toEqual(['node']);
});

test('replies to what came in, and what other nodes send here, know no rules', () => {
  const { flows, groups } = plan({ ...local, rules: { 77: { destinations: '192.0.2.0/24' } } });
  const arriving: Packet = {
    ...{ proto: 'tcp', in_port: port.vxlan0, tun_id: 77, tun_src: '192.168.7.12', nw_src: '10.254.1.9' },
    ...{ nw_dst: '10.1.8.72', tp_dst: 443 },
  };
  expect(walk({ flows, groups }, arriving).map(wayOf)).toEqual(['here']);
  const answer = sent(to('192.0.2.1'), { isReply: true, ct_mark: 0x2800004d });
  expect(ways(plan(local), answer)).toEqual(ways({ ...plan(local), flows, groups }, answer));
  expect(ways(plan(local), answer)).toEqual(['node']);
});

test('a node without pods of the VNID has none of its rules', () => {
  const { flows, nft } = plan({ ...local, pods: { 2: 78 }, rules: { 77: { destinations: '192.0.2.0/24' } } });
  expect(flows.filter(({ match }) => match.reg0 === '0x4d').map(({ table: number }) => number)).toEqual([
    table.egressIP,
    table.egressIP,
  ]);
  expect([nft.podRules.size, nft.ownerRules.size]).toEqual([0, 0]);
});

test.each(['system', 'netdev'] as const)('a packet takes one flow more by rules than without (%s)', (datapath) => {
  const count = (scene: Scene, packet: Packet): number =>
    Math.max(...walk(plan({ ...scene, datapath }), packet).map(({ taken }) => taken.length));
  const rules = { destinations: 'tcp:443', 'destination-ips': `10.1.0.0/16=${second}` };
  const scene: Scene = {
    pods: { 2: 77 },
    requests: { 77: [first, second] },
    hosts: { 0: [first], 1: [second] },
  };
  for (const packet of [to('10.1.2.3'), to('11.1.2.3'), to('10.1.2.3', 'tcp', 80)])
    expect(count({ ...scene, rules: { 77: rules } }, sent(packet))).toBe(count(scene, sent(packet)) + 1);
});

test('one entry of an annotation is one flow, whatever becomes of the egress IPs', () => {
  const destinations = Array.from({ length: 10 }, (_, index) => `10.${index}.0.0/16`).join(',');
  const replies = [priority.egressIP.ownReply, priority.egressIP.otherReply];
  const rest = [priority.egressIP.hosted, priority.egressIP.hostedRecorded, ...replies];
  for (const hosts of [{ 0: [first] }, { 1: [first] }, {}]) {
    const { flows } = plan({ ...local, hosts, rules: { 77: { destinations } } });
    const ofRules = flows.filter(({ table: number, match }) => number === table.egressIP && match.reg0 === '0x4d');
    // those of the rules, and one for what they leave over
    expect(ofRules.filter(({ priority: at }) => !rest.includes(at as never))).toHaveLength(10 + 1);
  }
});

test('networks that nothing of the VNID may reach are dropped in table 102, and everything while none is in use', () => {
  const rules = { 77: { 'destination-ips': `10.0.0.0/8=${second}` } };
  const drops = (scene: Scene): (readonly [number, string | undefined])[] =>
    plan(scene)
      .flows.filter(({ table: one, match, actions }) => one === table.egressHop && match.reg0 && actions.length === 0)
      .map(({ priority: at, match }) => [at, match.nw_dst] as const);
  expect(drops({ ...local, rules })).toEqual([[priority.egressHop.ofNetwork + 16, '10.0.0.0/8']]);
  expect(drops({ ...local, hosts: {}, rules })).toEqual([[priority.egressHop.vnid, undefined]]);
});

test('namespaces that say the same share a chain; limits lead who has one to that of the present rules', () => {
  const scene = (text: string): Scene => ({
    ...{ pods: { 2: 77, 3: 78 }, requests: { 77: [first], 78: [second] } },
    rules: { 77: { destinations: '10.0.0.0/8' }, 78: { destinations: text } },
  });
  const [same, other] = [plan(scene('10.0.0.0/8')), plan(scene('10.0.0.0/9'))];
  expect([same.finerRules.size, other.finerRules.size]).toEqual([1, 2]);
  const input = nodeInput(scene('10.0.0.0/9'));
  const limits = planLimits(input.facts, input);
  const [had, wanted] = [contentOf(same.nft), contentOf(limits)];
  const closed = within(had, wanted);
  expect([closed.pod_rules, closed.owner_rules]).toEqual([wanted.pod_rules, wanted.owner_rules]);
  // the chain is made in the same transaction
  const [name] = [...limits.finerRules.keys()].filter((one) => !same.finerRules.has(one));
  expect(leadsToRules(changes(had, closed))).toBe(true);
  expect(finerChainCommands(limits.finerRules)).toEqual(
    expect.arrayContaining([
      `add chain ip sdn_compat ${name!}`,
      `add rule ip sdn_compat ${name!} ip daddr 10.0.0.0/9 goto stranger`,
      `add rule ip sdn_compat_guard ${name!} ip daddr 10.0.0.0/9 drop`,
    ]),
  );
  // who had none gets none
  const before = contentOf(plan({ ...scene('10.0.0.0/8'), rules: {} }).nft);
  expect(within(before, wanted).pod_rules.size).toBe(0);
  expect(leadsToRules(changes(before, within(before, wanted)))).toBe(false);
});

test('rules that only choose among egress IPs let nothing leave as the node', () => {
  const { nft, finerRules } = plan({ ...local, rules: { 77: { 'destination-ips': `10.0.0.0/8=${second}` } } });
  expect([nft.podRules.size, nft.ownerRules.size, finerRules.size]).toEqual([0, 0, 0]);
});

describe('pods that the rules do not select', () => {
  const scene: Scene = {
    ...{ ...local, pods: { 2: 77, 3: 78, 4: 77 }, rules: { 77: { 'pod-selector': 'app=web' } } },
    podLabels: { 2: { app: 'web' }, 4: { app: 'db' } },
  };
  const packet = to('10.1.2.3');
  const wayOfPod = (one: Scene, from: string): string[] => ways(plan(one), sent(packet, {}, from));

  test('leave as the node, each by one flow and one element of each lock, and no chain is made for them', () => {
    expect([wayOfPod(scene, pod), wayOfPod(scene, otherPod)]).toEqual([['here'], ['node']]);
    const all = { ...scene, podLabels: { 2: { app: 'web' }, 4: { app: 'web' } } };
    expect(plan(scene).flows.length).toBe(plan(all).flows.length + 1);
    const { nft, finerRules } = plan(scene);
    expect([[...nft.podRules], nft.ownerRules.size, finerRules.size]).toEqual([[[otherPod, 'accept']], 1, 0]);
  });

  test('are covered as soon as nobody knows their labels', () => {
    const unknown = { ...scene, podLabels: { 2: { app: 'db' } } };
    expect([wayOfPod(unknown, pod), wayOfPod(unknown, otherPod)]).toEqual([['node'], ['here']]);
  });

  test('change one part of the plan with a label', () => {
    const [before, after] = [
      nodeInput(scene),
      nodeInput({ ...scene, podLabels: { 2: { app: 'web' }, 4: { app: 'web' } } }),
    ];
    const [had, has] = [planNode(before), planNode({ ...before, labelsOf: after.labelsOf })];
    const kept = new Set(had.parts);
    expect(has.parts.filter((part) => part.length > 0 && !kept.has(part))).toEqual([]);
    expect(has.parts).toHaveLength(had.parts.length - 1);
  });

  test('lend nothing to a pod that gets the address: the locks close before the flows change', () => {
    // another pod has the address now, and is covered
    const [had, wanted] = [contentOf(plan(scene).nft), contentOf(plan({ ...scene, podLabels: {} }).nft)];
    expect([had.pod_rules.size, had.owner_rules.size]).toEqual([1, 1]);
    const first = added(had, wanted);
    expect([first.pod_rules.size, first.owner_rules.size]).toEqual([0, 0]);
    // a pod whose namespace no longer requests anything goes on until its flows are there
    const free = added(had, contentOf(plan({ ...scene, requests: {} }).nft));
    expect([free.pod_rules.size, free.owner_rules.size]).toEqual([1, 1]);
  });
});
