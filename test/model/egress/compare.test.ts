/** Whether two states of a VNID are the same, by value. */
import fc from 'fast-check';
import { sameAssignment, sameState } from '../../../src/model/egress/compare.ts';
import type { Reason } from '../../../src/model/egress/reasons.ts';
import { egressState } from '../../../src/model/egress/state.ts';
import { EgressTracker } from '../../../src/model/egress/tracker.ts';
import type { Assignment, Hop, VnidEgress, VnidState } from '../../../src/model/egress/verdict.ts';
import { hostSubnet, ip, vnid } from '../parsed.ts';
import { applyTo, operation, printed } from './operations.ts';

const assignment = (node: string, last: number): Assignment => {
  const { name, hostIP } = hostSubnet(node, { hostIP: `192.168.7.${last}` });
  return { node: name, nodeIP: hostIP };
};
const hop = (last: number, at = assignment('a', 11)): Hop => ({ ...at, egressIP: ip(`192.168.8.${last}`) });
const [one, two] = [ip('192.168.8.1'), ip('192.168.8.2')];
const node = assignment('a', 11);

test("an assignment is its node and that node's address", () => {
  expect(sameAssignment(node, assignment('a', 11))).toBe(true);
  expect(sameAssignment(node, assignment('b', 11))).toBe(false);
  expect(sameAssignment(node, assignment('a', 12))).toBe(false);
  expect([sameAssignment(undefined, undefined), sameAssignment(node, undefined)]).toEqual([true, false]);
});

const egress = (state: VnidState, requests = [one]): VnidEgress => ({
  vnid: vnid(42),
  namespaces: [],
  requests,
  state,
  assigned: [],
});
const dropped = (...reasons: Reason[]): VnidEgress => egress({ kind: 'dropped', reasons });
const nothing: Reason = { code: 'NoNodeHostsEgressIP', egressIP: one };

/** Pairs of states that differ in one thing. */
const differences: readonly (readonly [string, VnidEgress, VnidEgress])[] = [
  ['their requests', egress({ kind: 'normal' }), egress({ kind: 'normal' }, [two])],
  ['the number of requests', egress({ kind: 'normal' }), egress({ kind: 'normal' }, [one, two])],
  ['their kind', egress({ kind: 'normal' }), dropped()],
  [
    'the IP of a hop',
    egress({ kind: 'via', hops: [hop(1)], reasons: [] }),
    egress({ kind: 'via', hops: [hop(2)], reasons: [] }),
  ],
  [
    'the node of a hop',
    egress({ kind: 'via', hops: [hop(1)], reasons: [] }),
    egress({ kind: 'via', hops: [hop(1, assignment('b', 11))], reasons: [] }),
  ],
  [
    'the order of hops',
    egress({ kind: 'via', hops: [hop(1), hop(2)], reasons: [] }),
    egress({ kind: 'via', hops: [hop(2), hop(1)], reasons: [] }),
  ],
  [
    'the bandwidth',
    egress({ kind: 'via', hops: [hop(1)], reasons: [], bandwidth: 1e6 }),
    egress({ kind: 'via', hops: [hop(1)], reasons: [], bandwidth: 2e6 }),
  ],
  [
    'whether there is a bandwidth',
    egress({ kind: 'via', hops: [hop(1)], reasons: [] }),
    egress({ kind: 'via', hops: [hop(1)], reasons: [], bandwidth: 2e6 }),
  ],
  [
    'a reason beside the hops',
    egress({ kind: 'via', hops: [hop(1)], reasons: [nothing] }),
    egress({ kind: 'via', hops: [hop(1)], reasons: [{ ...nothing, egressIP: two }] }),
  ],
  ['the number of reasons', dropped(nothing), dropped()],
  ['the IP of a reason', dropped(nothing), dropped({ ...nothing, egressIP: two })],
  [
    'the code of a reason',
    dropped(nothing),
    dropped({ code: 'EgressIPInsideCluster', egressIP: one, network: '10.128.0.0/14' }),
  ],
  [
    'what is wrong with an entry',
    dropped({ code: 'InvalidEgressIP', egressIP: 'x', detail: 'a' }),
    dropped({ code: 'InvalidEgressIP', egressIP: 'x', detail: 'b' }),
  ],
  [
    'the VNIDs that request an IP',
    dropped({ code: 'EgressIPInSeveralNamespaces', egressIP: one, vnids: [vnid(42), vnid(43)] }),
    dropped({ code: 'EgressIPInSeveralNamespaces', egressIP: one, vnids: [vnid(42), vnid(44)] }),
  ],
  [
    'the node whose address it is',
    dropped({ code: 'EgressIPIsNodeAddress', egressIP: one, node: 'a' }),
    dropped({ code: 'EgressIPIsNodeAddress', egressIP: one, node: 'b' }),
  ],
  [
    'the network that contains it',
    dropped({ code: 'EgressIPInsideCluster', egressIP: one, network: '10.128.0.0/14' }),
    dropped({ code: 'EgressIPInsideCluster', egressIP: one, network: '172.30.0.0/16' }),
  ],
  [
    'the nodes that list it',
    dropped({ code: 'EgressIPOnSeveralNodes', egressIP: one, nodes: [node.node] }),
    dropped({ code: 'EgressIPOnSeveralNodes', egressIP: one, nodes: [node.node, assignment('b', 1).node] }),
  ],
  [
    'the IPs that one node lists',
    dropped({ code: 'SeveralEgressIPsOnOneNode', egressIP: one, node: node.node, egressIPs: [one] }),
    dropped({ code: 'SeveralEgressIPsOnOneNode', egressIP: one, node: node.node, egressIPs: [two] }),
  ],
  [
    'the address of an offline node',
    dropped({ code: 'NodeOffline', egressIP: one, ...node }),
    dropped({ code: 'NodeOffline', egressIP: one, ...node, nodeIP: ip('192.168.7.12') }),
  ],
];

test.each(differences)('states that differ in %s are not the same', (_what, a, b) => {
  expect([sameState(a, b), sameState(b, a)]).toEqual([false, false]);
  expect([sameState(a, structuredClone(a)), sameState(b, structuredClone(b))]).toEqual([true, true]);
});

test('a list that several reasons share is compared once, and another list beside it as well', () => {
  const reason = (egressIP: typeof one, egressIPs: readonly (typeof one)[]): Reason => ({
    code: 'SeveralEgressIPsOnOneNode',
    egressIP,
    node: node.node,
    egressIPs,
  });
  const [mine, yours, other] = [
    [one, two],
    [one, two],
    [two, one],
  ];
  expect(
    sameState(dropped(reason(one, mine), reason(two, mine)), dropped(reason(one, yours), reason(two, yours))),
  ).toBe(true);
  expect(
    sameState(dropped(reason(one, mine), reason(two, mine)), dropped(reason(one, yours), reason(two, other))),
  ).toBe(false);
  expect(
    sameState(dropped(reason(one, mine), reason(two, mine)), dropped(reason(one, other), reason(two, yours))),
  ).toBe(false);
  expect(
    sameState(dropped(reason(one, mine), reason(two, other)), dropped(reason(one, yours), reason(two, yours))),
  ).toBe(false);
});

test('a missing state equals only a missing state', () => {
  expect(sameState(undefined, undefined)).toBe(true);
  expect([sameState(dropped(), undefined), sameState(undefined, dropped())]).toEqual([false, false]);
});

test('states of random clusters are the same exactly when they print alike', () => {
  const history = fc.array(operation, { minLength: 1, maxLength: 15, size: 'max' });
  const egressOf = (operations: Parameters<typeof applyTo>[1][]): VnidEgress[] => {
    const tracker = new EgressTracker();
    for (const one of operations) applyTo(tracker, one);
    const { vnids, requests } = egressState(tracker.input());
    return [...vnids].map(([of, state]) => ({ ...egress(state, [...(requests.get(of) ?? [])]), vnid: of }));
  };
  fc.assert(
    fc.property(history, history, (first, second) => {
      const print = ({ state, requests }: VnidEgress): string => printed([state, requests]);
      for (const a of egressOf(first))
        for (const b of egressOf(second)) expect(sameState(a, b)).toBe(print(a) === print(b));
    }),
  );
});
