/** Where rounds of automatic assignment lead. */
import fc from 'fast-check';
import { assignmentRound } from '../../../src/model/assignment/round.ts';
import { clusterOf } from '../../../src/model/cluster/cluster.ts';
import { settled } from '../../../src/model/simulation/settle.ts';
import { rawHostSubnet, rawNetNamespace } from '../parsed.ts';

const host = (name: string, last: number, egressIPs: string[] = []) =>
  rawHostSubnet(name, {
    hostIP: `192.168.7.${last}`,
    subnet: `10.128.${last * 2}.0/23`,
    egressIPs,
    egressCIDRs: ['192.168.8.0/24'],
  });

test('an absent HostSubnet is emptied first, then its IP gets a place', () => {
  const cluster = clusterOf(
    {
      hostSubnets: [host('a', 11), { ...host('b', 12, ['192.168.8.1']), subnet: '' }],
      netNamespaces: [rawNetNamespace('one', 42, ['192.168.8.1'])],
      nodes: [],
    },
    new Set(),
  );
  const { cluster: rest, rest: last } = settled(cluster);
  expect(rest.hostSubnets.map(({ egressIPs }) => egressIPs)).toEqual([['192.168.8.1']]);
  expect(rest.absent).toMatchObject([{ name: 'b', egressIPs: [], isToEmpty: false }]);
  expect([last.changed, last.released, [...last.plan()]]).toEqual([[], [], [['192.168.8.1', 'a']]]);
});

test('a list that nobody owns is kept, also of an absent HostSubnet', () => {
  const byHand = { ...host('b', 12, ['192.168.8.1']), egressCIDRs: [] };
  const cluster = clusterOf(
    {
      hostSubnets: [
        { ...byHand, subnet: '' },
        { ...byHand, metadata: { name: 'c' }, host: 'c' },
      ],
      netNamespaces: [rawNetNamespace('one', 42, ['192.168.8.1'])],
      nodes: [],
    },
    new Set(),
  );
  expect(settled(cluster).cluster).toEqual(cluster);
});

test('from any lists the rounds end, and one more changes nothing', () => {
  const ips = ['192.168.8.1', '192.168.8.2', '192.168.8.3', '192.168.8.4'];
  const lists = fc.tuple(fc.subarray(ips), fc.subarray(ips), fc.subarray(ips));
  fc.assert(
    fc.property(lists, fc.subarray(ips), (listed, requested) => {
      const cluster = clusterOf(
        {
          hostSubnets: listed.map((list, index) => host(`n${index}`, 11 + index, list)),
          netNamespaces: requested.map((one, index) => rawNetNamespace(`p${index}`, 42 + index, [one])),
          nodes: [],
        },
        new Set(),
      );
      const { cluster: rest } = settled(cluster);
      expect(assignmentRound(rest).changed).toEqual([]);
      expect(rest.hostSubnets.flatMap(({ egressIPs }) => egressIPs).sort()).toEqual(requested);
    }),
  );
});
