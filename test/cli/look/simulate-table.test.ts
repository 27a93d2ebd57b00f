/** The report of a simulation as people read it. */
import { reportTable } from '../../../src/cli/look/simulate-table.ts';
import { type Cluster, clusterOf } from '../../../src/model/cluster/cluster.ts';
import { reportOn } from '../../../src/model/simulation/report.ts';
import { ip, rawHostSubnet, rawNetNamespace } from '../../model/parsed.ts';

const host = (name: string, last: number, egressIPs: string[]) =>
  rawHostSubnet(name, { hostIP: `192.168.7.${last}`, subnet: `10.128.${last * 2}.0/23`, egressIPs });
const cluster = (hosts: Readonly<Record<string, string[]>>, offline: readonly string[] = [], namespaces = 1): Cluster =>
  clusterOf(
    {
      hostSubnets: Object.entries(hosts).map(([name, egressIPs], index) => host(name, 11 + index, egressIPs)),
      netNamespaces: [
        ...Array.from({ length: namespaces }, (_, index) =>
          rawNetNamespace(`red${index}`, 42 + index, [`192.168.7.${200 + index}`]),
        ),
        rawNetNamespace('quiet', 900),
      ],
      nodes: [],
    },
    new Set(offline.map(ip)),
  );
const table = (before: Cluster, after: Cluster): string => reportTable(reportOn(before, after), false);

it('shows egress IPs, namespaces and nodes before and after, and then what changes', () => {
  const before = cluster({ a: ['192.168.7.200'], b: [] });
  const after = cluster({ a: [], b: ['192.168.7.200'] });
  expect(table(before, after)).toBe(`EGRESS IP       NAMESPACES   BEFORE   AFTER
192.168.7.200   red0         a        b       changes

NAMESPACE   VNID   BEFORE                   AFTER                    REASONS
quiet       900    normal                   normal
red0        42     via 192.168.7.200 on a   via 192.168.7.200 on b

NODE   ADDRESS        BEFORE   AFTER    EGRESS IPS BEFORE   AFTER   CAPACITY   ASSIGNED
a      192.168.7.11   online   online   1                   0       -          by hand
b      192.168.7.12   online   online   0                   1       -          by hand

1 egress IPs change their node:
  192.168.7.200: a -> b
`);
});

it('says which namespaces are dropped, and why', () => {
  const text = table(cluster({ a: ['192.168.7.200'] }), cluster({ a: ['192.168.7.200'] }, ['192.168.7.11']));
  expect(text).toContain('192.168.7.200   red0         a        a (offline)   changes');
  expect(text).toMatch(/^a +192\.168\.7\.11 +online +offline /m);
  expect(text).toMatch(/^red0 .* dropped +\S+: .*192\.168\.7\.200/m);
  expect(text).toContain('namespaces that are dropped now: red0\n');
  expect(text).not.toContain('no longer dropped');
});

it('says which namespaces are dropped no more', () => {
  const text = table(cluster({ a: [] }), cluster({ a: ['192.168.7.200'] }));
  expect(text).toContain('namespaces that are no longer dropped: red0\n');
  expect(text).toContain('  192.168.7.200: nowhere -> a\n');
});

it('shows an egress IP, a namespace and a node that were not there before, and those that are no more', () => {
  const added = table(cluster({ a: [] }, [], 0), cluster({ a: [], b: ['192.168.7.200'] }));
  expect(added).toMatch(/^192\.168\.7\.200 +red0 +- +b +changes$/m);
  expect(added).toMatch(/^red0 +42 +- +via 192\.168\.7\.200 on b$/m);
  expect(added).toMatch(/^b +192\.168\.7\.12 +- +online +- +1 /m);
  const removed = table(cluster({ a: ['192.168.7.200'] }), cluster({ a: [] }, [], 0));
  expect(removed).toMatch(/^192\.168\.7\.200 +red0 +a +- +changes$/m);
});

it('counts what is too much to name', () => {
  const dropped = (count: number): string => {
    const all = Array.from({ length: count }, (_, index) => `192.168.7.${200 + index}`);
    return table(cluster({ a: all }, [], count), cluster({ a: [] }, [], count));
  };
  expect(dropped(25)).toMatch(/^namespaces that are dropped now: (red\d+, ){19}red\d+ and 5 more$/m);
  expect(dropped(20)).toMatch(/^namespaces that are dropped now: (red\d+, ){19}red\d+$/m);
});

it('leaves out tables without rows, and says that nothing changes', () => {
  const empty = clusterOf({ hostSubnets: [], netNamespaces: [], nodes: [] }, new Set());
  expect(table(empty, empty)).toBe('0 egress IPs change their node\n');
});
