/** The assignment problem in numbers, against the objects that it is made of. */
import fc from 'fast-check';
import { type Problem, ProblemMaker } from '../../../src/model/assignment/problem.ts';
import { EgressTracker } from '../../../src/model/egress/tracker.ts';
import { unusableAddresses } from '../../../src/model/egress/unusable.ts';
import { allowsCidr, type CloudLimits, unknownLimits } from '../../../src/model/objects/cloud.ts';
import type { HostSubnet } from '../../../src/model/objects/hostsubnet.ts';
import { contains, type Ip } from '../../../src/model/values/address.ts';
import type { NodeName } from '../../../src/model/values/names.ts';
import { rounds } from '../../rounds.ts';
import { applyTo, operation } from '../egress/operations.ts';
import { absentHost, cidr, hostSubnet, ip, netNamespace } from '../parsed.ts';

type Limits = ReadonlyMap<NodeName, CloudLimits>;

/** The problem in words: each item with its VNID, its nodes, and the nodes that list it. */
function inWords(problem: Problem) {
  const name = (node: number): string => problem.nodes[node] ?? '';
  const items = problem.items.map(({ ip: egressIP }, item) => ({
    egressIP,
    vnid: problem.vnids[problem.groupOf[item] ?? -1],
    nodes: [...(problem.classes[problem.classOf[item] ?? -1] ?? [])].map(name),
    homes: [problem.home[item] ?? -1, ...(problem.moreHomes.get(item) ?? [])].filter((node) => node >= 0).map(name),
  }));
  return {
    nodes: problem.nodes,
    capacity: [...problem.capacity],
    owned: problem.owned.map((host) => host.hostSubnet.name),
    items,
    excluded: problem.excluded.map(([tracked, why]) => `${tracked.ip} ${why}`).sort(),
  };
}

/** The same, straight from the rules. */
function expected(tracker: EgressTracker, limits: Limits): ReturnType<typeof inWords> {
  const { hostSubnets, absent, offline, networks } = tracker.input();
  const owned = hostSubnets.filter(({ egressCIDRs }) => egressCIDRs.length > 0).toSorted(byName);
  const online = owned.filter(({ hostIP }) => !offline.has(hostIP));
  const byHand = hostSubnets.filter(({ egressCIDRs }) => egressCIDRs.length === 0).flatMap((one) => one.egressIPs);
  const unusable = unusableAddresses({ hostSubnets, absent, networks });
  const excluded: string[] = [];
  const items: { position: number; item: ReturnType<typeof inWords>['items'][number] }[] = [];
  for (const vnid of tracker.requestingVnids()) {
    let position = 0;
    for (const { ip: egressIP, requesters } of tracker.requests(vnid)) {
      const nodes = online.filter((host) => mayHave(host, egressIP, limits.get(host.name)));
      const here = nodes.filter((host) => host.egressIPs.includes(egressIP));
      const isAbsent = absent.some((host) => host.egressIPs.includes(egressIP));
      // no label of any Node is known
      const selects = tracker.placement(vnid);
      const isSelective = selects !== undefined && (selects.isUnreadable || selects.selectors.length > 0);
      const left = isAbsent || isSelective ? here : nodes;
      let why: string | undefined = unusable.of(egressIP)?.code;
      if (requesters.length > 1) why = 'EgressIPInSeveralNamespaces';
      else if (why === undefined && byHand.includes(egressIP)) why = 'ListedByHand';
      else if (why === undefined && nodes.length === 0) why = 'NoCIDRContainsEgressIP';
      else if (why === undefined && left.length === 0) why = isAbsent ? 'ListedByAbsentHostSubnet' : 'NoSelectedNode';
      if (why === undefined) {
        const item = { egressIP, vnid, nodes: left.map(({ name }) => name), homes: here.map(({ name }) => name) };
        items.push({ position: position++, item });
      } else excluded.push(`${egressIP} ${why}`);
    }
  }
  const sorted = items.sort((a, b) => a.position - b.position || Number(a.item.vnid) - Number(b.item.vnid));
  const capacity = online.map(({ name }) => {
    const limit = limits.get(name)?.capacity ?? 2 ** 31 - 1;
    return limit === 'current' ? sorted.filter(({ item }) => item.homes.includes(name)).length : limit;
  });
  return {
    nodes: online.map(({ name }) => name),
    capacity,
    owned: owned.map(({ name }) => name),
    items: sorted.map(({ item }) => item),
    excluded: excluded.sort(),
  };
}

function byName(a: HostSubnet, b: HostSubnet): number {
  return a.name < b.name ? -1 : 1;
}

function mayHave({ egressCIDRs }: HostSubnet, egressIP: Ip, limits: CloudLimits | undefined): boolean {
  return egressCIDRs.some((one) => contains(one, egressIP) && (limits === undefined || allowsCidr(limits, one)));
}

/** Whether the numbers agree with each other. */
function isConsistent(problem: Problem): boolean {
  const { items, itemOf, groupOf, groups, classes, members, nodes } = problem;
  return (
    items.every(({ id }, item) => itemOf[id] === item) &&
    itemOf.every((item, id) => item < 0 || items[item]?.id === id) &&
    groups.every((group, index) => group.every((item) => groupOf[item] === index)) &&
    groups.flat().length === items.length &&
    classes.every((list, index) => nodes.every((_, node) => list.includes(node) === (members[index]?.[node] === 1)))
  );
}

test('whatever came before, the problem is that of the current objects, also from a maker that remembers', () => {
  const network = fc.constantFrom(undefined, cidr('192.168.8.0/24'), cidr('192.168.8.0/29'));
  const capacity = fc.constantFrom<CloudLimits['capacity']>(undefined, 0, 2, 'current');
  const limit = fc.option(fc.record({ capacity, network }), { nil: undefined });
  const step = fc.record({ operation, limits: fc.array(limit, { minLength: 4, maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }), (steps) => {
      const maker = new ProblemMaker();
      const tracker = new EgressTracker();
      for (const one of steps) {
        applyTo(tracker, one.operation);
        const limits = new Map(
          tracker.input().hostSubnets.flatMap(({ name }) => {
            const found = one.limits[Number(name.slice(-1)) - 1];
            return found === undefined ? [] : [[name, found] as const];
          }),
        );
        const problem = maker.problemOf(tracker, limits);
        expect(inWords(problem)).toEqual(expected(tracker, limits));
        expect(isConsistent(problem)).toBe(true);
      }
    }),
    { numRuns: rounds(1000) },
  );
});

const auto = (name: string, last: number, egressIPs: string[], ...egressCIDRs: string[]): HostSubnet =>
  hostSubnet(name, { hostIP: `192.168.7.${last}`, egressIPs, egressCIDRs });
const trackerOf = (fields: Partial<Parameters<typeof EgressTracker.of>[0]>): EgressTracker =>
  EgressTracker.of({ hostSubnets: [], netNamespaces: [], offline: new Set(), ...fields });

/** Four nodes whose CIDRs have ends in common, six requests, and an absent HostSubnet that may list one of them. */
const withNodesThatGo = fc.record({
  offers: fc.array(
    fc.subarray(['192.168.8.0/24', '192.168.8.0/25', '192.168.8.128/25', '192.168.8.0/26', '192.168.8.192/26'], {
      minLength: 1,
      maxLength: 2,
    }),
    { minLength: 4, maxLength: 4 },
  ),
  requests: fc.array(fc.constantFrom(1, 70, 130, 200, 250), { minLength: 6, maxLength: 6 }),
  absent: fc.option(fc.constantFrom(1, 70, 130), { freq: 5, nil: undefined }),
  flips: fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }),
});

test('when nodes come and go, the problem is as if it were made for the first time', () => {
  let again = 0;
  fc.assert(
    fc.property(withNodesThatGo, ({ offers, requests, absent, flips }) => {
      const hostSubnets = offers.map((cidrs, index) => auto(`node-${index}`, 11 + index, [], ...cidrs));
      const tracker = trackerOf({
        hostSubnets,
        netNamespaces: requests.map((last, index) =>
          netNamespace(`project-${index}`, 42 + index, [`192.168.8.${last + index}`]),
        ),
        absent:
          absent === undefined ? [] : [absentHost('lost', { hostIP: 'none', egressIPs: [`192.168.8.${absent}`] })],
      });
      const maker = new ProblemMaker();
      let before = maker.problemOf(tracker, new Map());
      for (const flip of flips) {
        const { hostIP } = hostSubnets[flip]!;
        tracker.setOffline(hostIP, !tracker.isOffline(hostIP));
        const problem = maker.problemOf(tracker, new Map());
        expect(inWords(problem)).toEqual(expected(tracker, new Map()));
        expect(isConsistent(problem)).toBe(true);
        if (problem.items === before.items) again += 1;
        before = problem;
      }
    }),
    { numRuns: rounds(3000) },
  );
  expect(again).toBeGreaterThan(rounds(3000) / 10);
});

test('items are kept while only the places and the capacities change, and made again for another tracker', () => {
  const fields = {
    hostSubnets: [auto('a', 11, [], '192.168.8.0/24')],
    netNamespaces: [netNamespace('one', 42, ['192.168.8.1'])],
  };
  const [tracker, maker] = [trackerOf(fields), new ProblemMaker()];
  const first = maker.problemOf(tracker, new Map());
  tracker.setHostSubnet(auto('a', 11, ['192.168.8.1'], '192.168.8.0/24'));
  const second = maker.problemOf(tracker, new Map([[first.nodes[0]!, unknownLimits]]));
  expect(second.items).toBe(first.items);
  expect([[...first.home], [...second.home], [...second.capacity]]).toEqual([[-1], [0], [1]]);
  expect(maker.problemOf(trackerOf(fields), new Map()).items).not.toBe(first.items);
});

test.each([
  ['the ends of a CIDR', ['192.168.8.0/30'], '192.168.8.3', ['a']],
  ['just outside of it', ['192.168.8.0/30'], '192.168.8.4', []],
  ['CIDRs that touch', ['192.168.8.0/30', '192.168.8.4/30'], '192.168.8.4', ['a']],
  ['CIDRs in one another', ['192.168.8.0/24', '192.168.8.4/30'], '192.168.8.9', ['a']],
  ['the same CIDR twice', ['192.168.8.0/24', '192.168.8.0/24'], '192.168.8.9', ['a']],
])('%s', (_what, cidrs, egressIP, nodes) => {
  const tracker = trackerOf({
    hostSubnets: [auto('a', 11, [], ...cidrs), auto('b', 12, [], '10.0.0.0/8')],
    netNamespaces: [netNamespace('one', 42, [egressIP])],
  });
  expect(inWords(new ProblemMaker().problemOf(tracker, new Map())).items.flatMap((item) => item.nodes)).toEqual(nodes);
});

test('requests at the first position come before those at the second, and each position is in order of VNID', () => {
  const tracker = trackerOf({
    hostSubnets: [auto('a', 11, [], '192.168.8.0/24')],
    netNamespaces: [
      netNamespace('two', 43, ['192.168.8.3', '192.168.8.1']),
      netNamespace('one', 42, ['10.9.9.9', '192.168.8.4', '192.168.8.2']),
    ],
  });
  const { items } = new ProblemMaker().problemOf(tracker, new Map());
  expect(items.map((item) => item.ip)).toEqual(['192.168.8.4', '192.168.8.3', '192.168.8.2', '192.168.8.1']);
});

test('an IP that an absent HostSubnet lists may stay where a node that may have it lists it, and go nowhere else', () => {
  const tracker = trackerOf({
    hostSubnets: [
      auto('a', 11, [], '192.168.8.0/24'),
      auto('b', 12, ['192.168.8.1'], '192.168.8.0/24'),
      auto('c', 13, ['192.168.8.1'], '10.0.0.0/8'),
    ],
    netNamespaces: [netNamespace('one', 42, ['192.168.8.1', '192.168.8.2'])],
    absent: [absentHost('d', { hostIP: '192.168.7.14', egressIPs: ['192.168.8.1'], subnet: '' })],
  });
  expect(inWords(new ProblemMaker().problemOf(tracker, new Map())).items).toMatchObject([
    { egressIP: ip('192.168.8.1'), nodes: ['b'], homes: ['b'] },
    { egressIP: ip('192.168.8.2'), nodes: ['a', 'b'], homes: [] },
  ]);
});
