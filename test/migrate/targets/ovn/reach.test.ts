/** Which nodes an egress IP can be on, by networks and egressCIDRs. */
import fc from 'fast-check';
import { isAutomatic, pinnedTo } from '../../../../src/migrate/requests/hosting.ts';
import type { OvnNode } from '../../../../src/migrate/targets/ovn/ovn-nodes.ts';
import { difference, intersection, type Reach, reachOf } from '../../../../src/migrate/targets/ovn/reach.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { contains } from '../../../../src/model/values/address.ts';
import { cidr, hostSubnet, ip } from '../../../model/parsed.ts';
import { rounds } from '../../../rounds.ts';
import { contextFrom, make } from '../../snapshots.ts';
import { assignable, capacity, downWorker, worker } from './cluster-of.ts';

const reach = (...objects: readonly (readonly KubeObject[])[]): Reach => {
  const { cluster, ovnNodes } = contextFrom(objects.flat());
  return reachOf(cluster.hostSubnets, ovnNodes);
};
const [one, far] = [ip('192.168.7.101'), ip('10.9.8.7')];
const offer = { egressIPs: [one] };
const automatic = { egressCIDRs: ['192.168.7.0/24'] };

/** A Node that does not show its network, and a HostSubnet. */
const vague = (number: number, address: string, fields = {}): readonly KubeObject[] => [
  make.node(`n${number}`, address, { labels: assignable }),
  make.hostSubnet(`n${number}`, address, fields),
];

describe('an egress IP fits', () => {
  it('assignable nodes whose network holds it, by name', () => {
    const { fitting } = reach(worker(3, automatic), worker(1, offer), worker(2), worker(4, {}, { labels: assignable }));
    expect(fitting(one)).toEqual(['n1', 'n3', 'n4']);
    expect(fitting(far)).toEqual([]);
  });

  it('nodes that are not Ready too', () => {
    expect(reach(downWorker(1, offer)).fitting(one)).toEqual(['n1']);
  });

  it('nodes whose network is unknown', () => {
    const { fitting } = reach(worker(1, offer), vague(2, '10.1.1.1'));
    expect([fitting(one), fitting(far)]).toEqual([['n1', 'n2'], ['n2']]);
  });

  it('no node that is known to be on no network', () => {
    const { cluster, ovnNodes } = contextFrom([...vague(1, '10.1.1.1'), ...vague(2, '10.1.1.2')]);
    const bare = new Map([...ovnNodes].map(([name, one]) => [name, name === 'n1' ? { ...one, networks: [] } : one]));
    expect(reachOf(cluster.hostSubnets, bare).fitting(one)).toEqual(['n2']);
  });

  it('nodes of which another network holds it', () => {
    const annotations = { 'k8s.ovn.org/host-cidrs': '["192.168.7.11/24","10.9.8.1/24"]' };
    const { fitting } = reach(worker(1, offer, { annotations }), worker(2, offer));
    expect([fitting(one), fitting(far)]).toEqual([['n1', 'n2'], ['n1']]);
  });

  it('no HostSubnet whose Node is gone', () => {
    expect(reach(worker(1, offer), [make.hostSubnet('n2', '192.168.7.12', automatic)]).fitting(one)).toEqual(['n1']);
  });
});

test('there is room for it on those that are Ready and without a limit', () => {
  const { roomy, fitting } = reach(worker(1, offer), downWorker(2, offer), worker(3, offer, capacity(5)), worker(4));
  expect(fitting(one)).toEqual(['n1', 'n2', 'n3']);
  expect(roomy(one)).toEqual(['n1']);
  expect(roomy(far)).toEqual([]);
});

describe('whether it is doubtful that an egress IP fits', () => {
  it('is so if all that it fits are nodes of unknown networks far from it', () => {
    expect(reach(vague(1, '192.168.7.11')).doubtful(far)).toBe(true);
    expect(reach(vague(1, '192.168.7.11'), worker(2, offer)).doubtful(far)).toBe(true);
  });

  it.each([
    ['if it fits none', far, reach(worker(1, offer))],
    ['if it fits one whose network is known', one, reach(vague(1, '10.8.1.1'), worker(2, offer))],
    ['if it is near the address of a node', far, reach(vague(1, '10.9.200.1'))],
    ['if egressCIDRs hold it', far, reach(vague(1, '192.168.7.11', { egressCIDRs: ['10.9.8.0/24'] }))],
  ])('is not so %s', (_what, address, { doubtful }) => {
    expect(doubtful(address)).toBe(false);
  });

  it('does not end because a node is near that hosts none', () => {
    expect(reach(vague(1, '192.168.7.11'), [make.node('n2', '10.9.1.1')]).doubtful(far)).toBe(true);
  });
});

describe('OpenShift SDN keeps an egress IP', () => {
  it('on the one node that lists it', () => {
    const { confinedTo, hostsOf } = reach(worker(1, offer), worker(2, automatic));
    expect(confinedTo(one)).toEqual(['n1']);
    expect(hostsOf(one).map(({ name }) => name)).toEqual(['n1']);
  });

  it('on any node if several list it', () => {
    const { confinedTo, hostsOf } = reach(worker(2, offer), worker(1, offer));
    expect(confinedTo(one)).toBeUndefined();
    expect(hostsOf(one).map(({ name }) => name)).toEqual(['n1', 'n2']);
    const unsorted = ['n2', 'n1'].map((name) => hostSubnet(name, { egressIPs: [one] }));
    expect(reachOf(unsorted, new Map()).hostsOf(one)).toEqual(unsorted.toReversed());
  });

  it('on nodes whose egressCIDRs hold it, whichever has it at the moment', () => {
    const all = [worker(3, automatic), worker(1, { ...offer, ...automatic }), worker(2)];
    expect(reach(...all).confinedTo(one)).toEqual(['n1', 'n3']);
    expect(reach(...all).within(one)).toEqual(['n1', 'n3']);
    expect(reach(worker(2, automatic), worker(1, automatic)).confinedTo(one)).toEqual(['n1', 'n2']);
  });

  it('on any node if one of several that list it has no egressCIDRs', () => {
    expect(reach(worker(1, { ...offer, ...automatic }), worker(2, offer)).confinedTo(one)).toBeUndefined();
  });

  it('on any node if none lists it and no egressCIDRs hold it', () => {
    const { confinedTo, within, hostsOf } = reach(worker(1, automatic), worker(2));
    expect([confinedTo(far), within(far), hostsOf(far)]).toEqual([undefined, [], []]);
  });
});

test('a single node without egressCIDRs that lists an IP is the choice of an admin; egressCIDRs on all make it automatic', () => {
  const [manual, other] = ['n1', 'n2'].map((name) => hostSubnet(name, { egressIPs: [one] }));
  const free = hostSubnet('n3', automatic);
  expect([pinnedTo([]), pinnedTo([manual!]), pinnedTo([manual!, other!]), pinnedTo([free])]).toEqual([
    undefined,
    manual,
    undefined,
    undefined,
  ]);
  expect([[], [free], [manual!], [manual!, free]].map(isAutomatic)).toEqual([true, true, false, false]);
});

test('equal answers are one list', () => {
  const { fitting, within } = reach(worker(1, automatic), worker(2, offer));
  const two = ip('192.168.7.102');
  expect(fitting(two)).toBe(fitting(one));
  expect(within(two)).toBe(within(one));
  expect(fitting(far)).toBe(fitting(ip('10.9.8.8')));
});

describe('any nodes', () => {
  const networks = fc.option(
    fc.uniqueArray(
      fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '192.168.7.0/24', '0.0.0.0/0', 'fd00::/64'),
      // who has known networks has one at least, the primary
      { minLength: 1 },
    ),
    { nil: undefined },
  );
  const state = fc.record({
    networks,
    assignable: fc.boolean(),
    exists: fc.boolean(),
    ready: fc.boolean(),
    capacity: fc.option(fc.nat(3), { nil: undefined }),
  });
  const ovnNodes = fc.array(state, { maxLength: 7 }).map((states) =>
    states.map(({ networks: texts, ...rest }, index): OvnNode => ({
      name: `n${(index * 5) % 7}`,
      node: undefined,
      hostSubnet: undefined,
      addresses: [],
      leftovers: [],
      network: undefined,
      networks: texts?.map(cidr),
      ...rest,
    })),
  );
  const address = fc
    .constantFrom('10.0.0.1', '10.1.255.255', '10.1.2.0', '10.1.3.0', '192.168.7.255', '11.0.0.0', 'fd00::1')
    .map(ip);

  it('host what their networks hold, and all if these are unknown', () => {
    fc.assert(
      fc.property(ovnNodes, address, (all, some) => {
        const { fitting, roomy } = reachOf([], new Map(all.map((one) => [one.name, one])));
        const expected = all.filter(
          (one) => one.assignable && one.exists && one.networks?.some((network) => contains(network, some)) !== false,
        );
        const names = (list: readonly OvnNode[]) => list.map(({ name }) => name).sort();
        expect(fitting(some)).toEqual(names(expected));
        expect(roomy(some)).toEqual(
          names(expected.filter(({ ready, capacity: limit }) => ready && limit === undefined)),
        );
      }),
      { numRuns: rounds(1000) },
    );
  });
});

test('a difference and an intersection keep the order of the first list, and are computed once for a pair', () => {
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));
  const [minus, both] = [difference(), intersection()];
  fc.assert(
    fc.property(names, names, (all, others) => {
      expect(minus(all, others)).toEqual(all.filter((name) => !others.includes(name)));
      expect(both(all, others)).toEqual(all.filter((name) => others.includes(name)));
      expect(minus(all, others)).toBe(minus(all, others));
      expect(both(all, others)).toBe(both(all, others));
      expect(minus(others, all)).toEqual(others.filter((name) => !all.includes(name)));
    }),
    { numRuns: rounds(1000) },
  );
});
