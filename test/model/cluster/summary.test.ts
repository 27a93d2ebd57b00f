/** The rows that a user sees for each egress IP. */
import { clusterOf } from '../../../src/model/cluster/cluster.ts';
import { statusOf } from '../../../src/model/cluster/summary.ts';
import { ip, rawHostSubnet, rawNetNamespace } from '../parsed.ts';

const host = (name: string, last: number, egressIPs: string[] = []) =>
  rawHostSubnet(name, { hostIP: `192.168.7.${last}`, subnet: `10.128.${last * 2}.0/23`, egressIPs });

const raw = {
  hostSubnets: [
    host('a', 11, ['192.168.8.1', '192.168.8.10', '192.168.8.9']),
    host('b', 12, ['192.168.8.2', '192.168.8.10']),
  ],
  netNamespaces: [
    rawNetNamespace('twin', 42, ['192.168.8.1', '192.168.8.7']),
    rawNetNamespace('one', 42, ['192.168.8.7', 'x', '192.168.8.1', '192.168.8.2']),
    rawNetNamespace('quiet', 43),
    rawNetNamespace('lost', 44, ['192.168.8.6']),
  ],
  nodes: [],
};

test('rows are in order of VNID, first what is in use, then what is not, with the reason; unused ones come last', () => {
  const { egressIPs } = statusOf(clusterOf(raw, new Set([ip('192.168.7.12')])));
  const shown = egressIPs.map(({ egressIP, namespaces, vnid, traffic, node, reason }) =>
    [egressIP, namespaces.join('+') || '-', vnid, traffic, node, reason?.split(':')[0]].map(String).join(' '),
  );
  expect(shown).toEqual([
    '192.168.8.1 one+twin 42 via a undefined',
    'x one+twin 42 via null InvalidEgressIP',
    '192.168.8.7 one+twin 42 via null NoNodeHostsEgressIP',
    '192.168.8.2 one+twin 42 via b NodeOffline',
    '192.168.8.6 lost 44 dropped null NoNodeHostsEgressIP',
    '192.168.8.9 - null unused null no NetNamespace requests it',
    '192.168.8.10 - null unused null no NetNamespace requests it',
  ]);
});

test('namespaces that share a VNID are in order of name, whatever the order of the lists', () => {
  const cluster = clusterOf(raw, new Set());
  const reversed = { ...cluster, netNamespaces: cluster.netNamespaces.toReversed() };
  expect(statusOf(reversed)).toEqual(statusOf(cluster));
});

test('the reason is told with its code, and is null for what is in use', () => {
  const { egressIPs, notes } = statusOf(clusterOf(raw, new Set()));
  const reasonOf = (text: string) => egressIPs.find(({ egressIP }) => egressIP === text)?.reason;
  expect(reasonOf('192.168.8.1')).toBeNull();
  expect(reasonOf('192.168.8.6')).toBe('NoNodeHostsEgressIP: no HostSubnet lists 192.168.8.6');
  expect(new Set(notes.map(({ code }) => code))).toEqual(
    new Set(['JoinedNamespacesDisagree', 'InvalidEgressIP', 'NoNodeHostsEgressIP']),
  );
});
