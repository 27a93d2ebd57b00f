import { parseClusterNetwork } from '../../src/model/clusternetwork.ts';
import { parseHostSubnet } from '../../src/model/hostsubnet.ts';
import { parseNetNamespace } from '../../src/model/netnamespace.ts';
import type { ClusterNetworkObject } from '../../src/model/objects.ts';
import { hostSubnet, type HostSubnetFields, netNamespace, rawHostSubnet, rawNetNamespace, valid } from './parsed.ts';

test('a HostSubnet loses prefixes and repeats of its egress IPs', () => {
  const value = hostSubnet('w0', {
    egressIPs: ['192.168.7.200/24', '192.168.7.200', '192.168.7.201/0'],
    egressCIDRs: null,
  });
  expect(value.egressIPs).toEqual(['192.168.7.200', '192.168.7.201']);
  expect(value.egressCIDRs).toEqual([]);
});

test.each<[HostSubnetFields, string, string]>([
  [{ host: 'other' }, 'host', '"other" is not the name of the object'],
  [{ subnet: '' }, 'subnet', 'is empty'],
  [{ subnet: '10.128.1.0/23' }, 'subnet', '"10.128.1.0/23" has host bits set; the network is 10.128.0.0/23'],
  [{ hostIP: 'not-an-ip' }, 'hostIP', '"not-an-ip" is not an IP address'],
  [{ egressIPs: ['192.168.7.1', '10.0.0.1/64'] }, 'egressIPs[1]', '"10.0.0.1/64" is not an IP address'],
  [{ egressIPs: ['10.0.0.1/08'] }, 'egressIPs[0]', '"10.0.0.1/08" is not an IP address'],
  [{ egressIPs: ['fd00::1'] }, 'egressIPs[0]', '"fd00::1" is not an IPv4 address'],
  [
    { egressCIDRs: ['192.168.8.5/24'] },
    'egressCIDRs[0]',
    '"192.168.8.5/24" has host bits set; the network is 192.168.8.0/24',
  ],
  [{ egressCIDRs: ['fd00::/64'] }, 'egressCIDRs[0]', '"fd00::/64" is not an IPv4 CIDR'],
])('HostSubnet %j is refused', (fields, field, reason) => {
  const parsed = parseHostSubnet(rawHostSubnet('w0', fields));
  expect(parsed.ok ? [] : parsed.error.problems).toEqual([{ field, reason }]);
});

test('an invalid HostSubnet keeps what could be read', () => {
  const parsed = parseHostSubnet({ ...rawHostSubnet('w0', { subnet: '' }), metadata: { name: 'w0', uid: 'u' } });
  expect(parsed).toMatchObject({
    ok: false,
    error: { name: 'w0', uid: 'u', hostIP: '192.168.7.11', subnet: undefined },
  });
});

test.each([-1, 2 ** 24, 1.5, Number.NaN])('netid %p is refused', (netid) => {
  const parsed = parseNetNamespace(rawNetNamespace('one', netid));
  expect(parsed.ok ? [] : parsed.error.problems.map(({ field }) => field)).toEqual(['netid']);
});

test('a NetNamespace carries entries that are no address', () => {
  const value = netNamespace('one', 42, ['192.168.7.200', 'bogus', '192.168.7.200/24', 'bogus']);
  expect(value.egressIPs).toEqual(['192.168.7.200']);
  expect(value.invalidEgressIPs.map(({ text }) => text)).toEqual(['bogus', '192.168.7.200/24']);
});

const clusterNetwork: ClusterNetworkObject = {
  apiVersion: 'network.openshift.io/v1',
  kind: 'ClusterNetwork',
  metadata: { name: 'default' },
  clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 9 }],
  serviceNetwork: '172.30.0.0/16',
};

test('a ClusterNetwork gets the defaults, and an empty list falls back to the older fields', () => {
  const value = valid(parseClusterNetwork(clusterNetwork));
  expect(value).toMatchObject({ mode: 'networkpolicy', vxlanPort: 4789, mtu: undefined });
  const older = { ...clusterNetwork, clusterNetworks: [], network: '10.1.0.0/16', hostsubnetlength: 8 };
  expect(valid(parseClusterNetwork(older)).networks).toMatchObject([
    { cidr: { text: '10.1.0.0/16' }, hostSubnetLength: 8 },
  ]);
});

test.each<[Partial<ClusterNetworkObject>, string]>([
  [{ clusterNetworks: [] }, 'clusterNetworks'],
  [{ clusterNetworks: [{ CIDR: '10.128.0.1/14', hostSubnetLength: 9 }] }, 'clusterNetworks[0].CIDR'],
  [{ clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 19 }] }, 'clusterNetworks[0].hostSubnetLength'],
  [{ serviceNetwork: '10.129.0.0/16' }, 'clusterNetworks[0].CIDR'],
  [{ serviceNetwork: 'x' }, 'serviceNetwork'],
  [{ pluginName: 'cilium' }, 'pluginName'],
])('ClusterNetwork %j is refused', (fields, field) => {
  const parsed = parseClusterNetwork({ ...clusterNetwork, ...fields });
  expect(parsed.ok ? [] : parsed.error.map((problem) => problem.field)).toEqual([field]);
});
