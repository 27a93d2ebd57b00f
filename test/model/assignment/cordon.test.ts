/** Egress IPs that drain leave cordoned nodes: never at the price of a node for them, and only if the others have room. */
import fc from 'fast-check';
import { Assigner, type AssignmentInput, assignmentRound, type Round } from '../../../src/model/assignment/round.ts';
import { EgressTracker } from '../../../src/model/egress/tracker.ts';
import { contains } from '../../../src/model/values/address.ts';
import type { NodeName } from '../../../src/model/values/names.ts';
import { rounds } from '../../rounds.ts';
import { hostSubnet, ip, netNamespace } from '../parsed.ts';
import { cluster, isSelected, selectiveCluster, written } from './problems.ts';

const nodes = [0, 1, 2, 3].map((index) => hostSubnet(`node-${index}`).name);
const some = fc.subarray(nodes).map((names): ReadonlySet<NodeName> => new Set(names));

/** Clusters whose nodes may all host everything, so that only the IPs of a VNID are in each other's way. */
const wideCluster = cluster(4).map((input): AssignmentInput => ({
  ...input,
  hostSubnets: input.hostSubnets.map(({ name, hostIP, egressIPs }) =>
    hostSubnet(name, { hostIP, egressIPs: [...egressIPs], egressCIDRs: ['192.168.8.0/24'] }),
  ),
  offline: new Set(),
  limits: new Map(),
}));

/** Clusters in which egress IPs of some namespaces drain, and some nodes are cordoned. */
const withCordons = fc
  .record({
    input: fc.oneof(selectiveCluster(4, { unknown: false, stays: true }), wideCluster),
    drains: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    cordoned: some,
  })
  .map(({ input, drains, cordoned }): AssignmentInput => ({
    ...input,
    netNamespaces: input.netNamespaces.map((one, index) => (drains[index] === true ? { ...one, drain: 60_000 } : one)),
    cordoned,
  }));

const placedIn = (round: Round): number => round.plan().size;

/** The nodes other than cordoned ones that may host the IP and have room for anything, straight from the rules. */
function others(input: AssignmentInput, vnid: number, egressIP: string): number {
  return input.hostSubnets.filter(
    ({ name, hostIP, egressCIDRs }) =>
      input.cordoned?.has(name) !== true &&
      !input.offline.has(hostIP) &&
      !input.limits.has(name) &&
      egressCIDRs.some((cidr) => contains(cidr, ip(egressIP))) &&
      isSelected(input, vnid, name) === true,
  ).length;
}

const drains = ({ netNamespaces }: AssignmentInput, vnid: number): boolean =>
  netNamespaces.filter((one) => one.vnid === vnid).every(({ drain }) => drain !== undefined);

const requested = ({ netNamespaces }: AssignmentInput, vnid: number): number =>
  new Set(netNamespaces.filter((one) => one.vnid === vnid).flatMap(({ egressIPs }) => egressIPs)).size;

test('as many find a node as without cordons, and what drains is on a cordoned one only if the others might not do', () => {
  let left = 0;
  fc.assert(
    fc.property(withCordons, (input) => {
      const plan = assignmentRound(input).plan();
      expect(plan.size).toBe(placedIn(assignmentRound({ ...input, cordoned: new Set() })));
      for (const [egressIP, node] of plan) {
        const asks = input.netNamespaces.filter(({ egressIPs }) => egressIPs.includes(egressIP));
        const vnid = asks[0]?.vnid ?? 0;
        if (input.cordoned?.has(node) !== true || !drains(input, vnid)) continue;
        expect([egressIP, node, others(input, vnid, egressIP)]).toEqual([egressIP, node, expect.any(Number)]);
        expect(others(input, vnid, egressIP)).toBeLessThan(requested(input, vnid));
        left += 1;
      }
    }),
    { numRuns: rounds(2000) },
  );
  expect(left).toBeGreaterThan(0);
});

test('it settles', () => {
  fc.assert(
    fc.property(withCordons, (start) => {
      let now = start;
      for (let count = 0; count < 4; count += 1) now = written(now, assignmentRound(now));
      expect(assignmentRound(now).changed).toEqual([]);
    }),
    { numRuns: rounds(1000) },
  );
});

test('rounds that follow each other do what each does alone, whichever nodes are cordoned', () => {
  fc.assert(
    fc.property(withCordons, fc.array(some, { minLength: 2, maxLength: 4 }), (input, cordons) => {
      const assigner = new Assigner();
      const tracker = EgressTracker.of(input);
      for (const cordoned of cordons) {
        const round = assigner.round(tracker, input.limits, input.labels, cordoned);
        expect([...round.plan()]).toEqual([...assignmentRound({ ...input, cordoned }).plan()]);
      }
    }),
    { numRuns: rounds(1000) },
  );
});

test('only what drains leaves, and it stays where the only other node has another IP of its namespace', () => {
  const egressCIDRs = ['192.168.7.0/24'];
  const input = (drain: number | undefined, ...ips: readonly string[]): AssignmentInput => ({
    hostSubnets: [
      hostSubnet('node-0', { hostIP: '192.168.7.1', egressCIDRs, egressIPs: ips.slice(0, 1) }),
      hostSubnet('node-1', { hostIP: '192.168.7.2', egressCIDRs, egressIPs: ips.slice(1) }),
    ],
    netNamespaces: [{ ...netNamespace('shop', 77, [...ips]), ...(drain === undefined ? {} : { drain }) }],
    offline: new Set(),
    limits: new Map(),
    cordoned: new Set([nodes[0]!]),
  });
  const placed = (one: AssignmentInput): unknown => Object.fromEntries(assignmentRound(one).plan());
  expect(placed(input(60_000, '192.168.7.200'))).toEqual({ '192.168.7.200': 'node-1' });
  expect(placed(input(undefined, '192.168.7.200'))).toEqual({ '192.168.7.200': 'node-0' });
  expect(placed(input(60_000, '192.168.7.200', '192.168.7.201'))).toEqual({
    '192.168.7.200': 'node-0',
    '192.168.7.201': 'node-1',
  });
});
