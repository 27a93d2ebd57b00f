/** How the traffic of one VNID leaves, given who requests and who lists each of its IPs. */
import fc from 'fast-check';
import type { Unusable } from '../../../src/model/egress/unusable.ts';
import { evaluateVnid, requestsOf, type Surroundings } from '../../../src/model/egress/verdict.ts';
import type { Ip } from '../../../src/model/values/address.ts';
import { compareText } from '../../../src/model/values/names.ts';
import { hostSubnet, ip, netNamespace, vnid } from '../parsed.ts';

interface Around {
  /** The nodes a to d that list each IP. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly requesters?: Readonly<Record<string, readonly number[]>>;
  readonly offline?: readonly string[];
  readonly unusable?: Readonly<Record<string, Unusable>>;
}

const addressOf = (node: string): Ip => ip(`192.168.7.${node.charCodeAt(0)}`);
const surroundings = ({ hosts = {}, requesters = {}, offline = [], unusable = {} }: Around): Surroundings => ({
  factsOf: (one) => ({
    requesters: (requesters[one] ?? [42]).map(vnid),
    hosts: (hosts[one] ?? []).map((node) => ({ node: hostSubnet(node).name, nodeIP: addressOf(node) })),
    unusable: unusable[one],
  }),
  isOffline: (nodeIP) => offline.map(addressOf).includes(nodeIP),
  excluded: [],
});
const evaluated = (requests: readonly string[], around: Around) =>
  evaluateVnid(vnid(42), [netNamespace('one', 42, [...requests])], surroundings(around));

const [one, two, three] = ['192.168.8.1', '192.168.8.2', '192.168.8.3'] as const;

test('a VNID that requests nothing has no verdict', () => {
  expect(evaluated([], {})).toBeUndefined();
  expect(evaluateVnid(vnid(42), [], surroundings({}))).toBeUndefined();
});

test('an IP that one online node lists is a way out', () => {
  const hop = { egressIP: one, node: 'a', nodeIP: addressOf('a') };
  expect(evaluated([one], { hosts: { [one]: ['a'] } })).toMatchObject({
    requests: [one],
    assigned: [hop],
    state: { kind: 'via', hops: [hop], reasons: [] },
  });
});

test.each<readonly [string, readonly string[], Around, readonly string[], readonly string[]]>([
  ['no node lists it', [one], {}, ['NoNodeHostsEgressIP'], []],
  ['two nodes list it', [one], { hosts: { [one]: ['b', 'a'] } }, ['EgressIPOnSeveralNodes'], []],
  ['its node is offline', [one], { hosts: { [one]: ['a'] }, offline: ['a'] }, ['NodeOffline'], [one]],
  [
    'one node lists two of the VNID',
    [one, two],
    { hosts: { [one]: ['a'], [two]: ['a'] } },
    ['SeveralEgressIPsOnOneNode', 'SeveralEgressIPsOnOneNode'],
    [],
  ],
  [
    'it is the address of a node',
    [one],
    { hosts: { [one]: ['a'] }, unusable: { [one]: { code: 'EgressIPIsNodeAddress', node: 'b' } } },
    ['EgressIPIsNodeAddress'],
    [],
  ],
  [
    'another VNID requests it too, whatever else is wrong',
    [one],
    {
      hosts: { [one]: ['b', 'a'] },
      requesters: { [one]: [43, 42] },
      unusable: { [one]: { code: 'EgressIPIsNodeAddress', node: 'b' } },
    },
    ['EgressIPInSeveralNamespaces'],
    [],
  ],
  ['it is no address', ['x'], {}, ['InvalidEgressIP'], []],
])('%s: the VNID is dropped', (_what, requests, around, codes, assigned) => {
  const egress = evaluated(requests, around);
  expect(egress?.state.kind).toBe('dropped');
  expect(egress?.state.kind === 'dropped' ? egress.state.reasons.map(({ code }) => code) : []).toEqual(codes);
  expect(egress?.assigned.map(({ egressIP }) => egressIP)).toEqual(assigned);
});

test('lists in reasons are sorted', () => {
  const around = { hosts: { [one]: ['c', 'a', 'b'] }, requesters: { [two]: [100, 9, 42] } };
  expect(evaluated([one, two], around)?.state).toMatchObject({
    reasons: [{ nodes: ['a', 'b', 'c'] }, { vnids: [9, 42, 100] }],
  });
  expect(evaluated([two, one], { hosts: { [one]: ['a'], [two]: ['a'] } })?.state).toMatchObject({
    reasons: [{ egressIPs: [one, two] }, { egressIPs: [one, two] }],
  });
});

test('of two IPs on one node, one that other nodes list too or that nobody may use does not stand in the way', () => {
  const hop = { egressIP: one, node: 'a' };
  const shared = evaluated([one, two], { hosts: { [one]: ['a'], [two]: ['a', 'b'] } });
  expect(shared?.state).toMatchObject({ kind: 'via', hops: [hop], reasons: [{ code: 'EgressIPOnSeveralNodes' }] });
  const unusable = { [two]: { code: 'EgressIPInsideCluster', network: '192.168.8.2/31' } } as const;
  const inside = evaluated([one, two], { hosts: { [one]: ['a'], [two]: ['a'] }, unusable });
  expect(inside?.state).toMatchObject({ kind: 'via', hops: [hop], reasons: [{ code: 'EgressIPInsideCluster' }] });
});

test('a VNID leaves through all its usable IPs, in the order of its requests', () => {
  const around = { hosts: { [one]: ['a'], [two]: ['b'], [three]: ['c'] }, offline: ['b'] };
  const egress = evaluated([three, 'x', two, one], around);
  expect(egress?.state).toMatchObject({
    kind: 'via',
    hops: [{ egressIP: three }, { egressIP: one }],
    reasons: [{ code: 'InvalidEgressIP' }, { code: 'NodeOffline', egressIP: two }],
  });
  expect(egress?.assigned.map(({ egressIP }) => egressIP)).toEqual([three, two, one]);
});

test('one IP that another VNID requests too drops the whole VNID, though the other IP stays assigned', () => {
  const egress = evaluated([one, two], { hosts: { [one]: ['a'], [two]: ['b'] }, requesters: { [two]: [42, 43] } });
  expect(egress?.state.kind).toBe('dropped');
  expect(egress?.assigned.map(({ egressIP }) => egressIP)).toEqual([one]);
});

test('namespaces that share a VNID request together, each IP and each wrong text once', () => {
  const joined = [
    netNamespace('a', 42, [two, 'x']),
    netNamespace('b', 42),
    netNamespace('c', 42, ['x', one, two, 'y']),
  ];
  expect(requestsOf(joined)).toEqual([two, one]);
  expect([requestsOf([]), requestsOf(joined.slice(1, 2)), requestsOf(joined.slice(0, 1))]).toEqual([[], [], [two]]);
  const egress = evaluateVnid(vnid(42), joined, surroundings({}));
  expect(egress?.state.kind === 'dropped' ? egress.state.reasons.map(({ egressIP }) => egressIP) : []).toEqual([
    'x',
    'y',
    two,
    one,
  ]);
});

test('every requested IP is either a way out or has one reason, and a way out has one online node that lists no other', () => {
  const ips = [one, two, three];
  const nodes = fc.subarray(['a', 'b', 'c']);
  const around: fc.Arbitrary<Required<Around>> = fc.record({
    hosts: fc.record({ [one]: nodes, [two]: nodes, [three]: nodes }),
    requesters: fc.record({ [one]: fc.constantFrom([42], [42], [42, 43]) }),
    offline: fc.subarray(['a', 'b']),
    unusable: fc.constantFrom({}, { [two]: { code: 'EgressIPIsNodeAddress', node: 'a' } as const }),
  });
  fc.assert(
    fc.property(fc.shuffledSubarray(ips, { minLength: 1 }), around, (requests, given) => {
      const state = evaluated(requests, given)?.state;
      if (state === undefined || state.kind === 'normal') throw new Error('something is requested');
      const hops = state.kind === 'via' ? state.hops : [];
      const told = state.reasons.map(({ egressIP }) => egressIP);
      expect(new Set(told).size).toBe(told.length);
      const shared = state.reasons.some(({ code }) => code === 'EgressIPInSeveralNamespaces');
      if (!shared) expect([...told, ...hops.map(({ egressIP }) => egressIP)].sort()).toEqual(requests.toSorted());
      expect(hops.length > 0 && shared).toBe(false);
      for (const { egressIP, node } of hops) {
        expect(given.hosts[egressIP]).toEqual([node]);
        expect(given.offline).not.toContain(node);
        const usable = requests.filter((other) => !Object.hasOwn(given.unusable, other));
        const alone = usable.filter((other) => given.hosts[other]?.join() === node);
        expect(alone).toEqual([egressIP]);
      }
      expect(hops.map(({ node }) => node).toSorted(compareText)).toEqual(
        [...new Set(hops.map(({ node }) => node))].sort(compareText),
      );
    }),
  );
});
