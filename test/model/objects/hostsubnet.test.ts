/** HostSubnets as values, and what is left of one that is not valid. */
import { asAbsent, emptied, parseHostSubnet } from '../../../src/model/objects/hostsubnet.ts';
import { absentHost, hostSubnet, type HostSubnetFields, rawHostSubnet } from '../parsed.ts';

test('a valid HostSubnet has its fields as values', () => {
  const raw = { ...rawHostSubnet('w0', { egressCIDRs: ['192.168.8.0/24'] }), metadata: { name: 'w0', uid: 'u' } };
  expect(parseHostSubnet(raw)).toMatchObject({
    ok: true,
    value: {
      name: 'w0',
      uid: 'u',
      hostIP: '192.168.7.11',
      subnet: { text: '10.128.0.0/23' },
      egressIPs: [],
      egressCIDRs: [{ text: '192.168.8.0/24' }],
    },
  });
});

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
  expect(absentHost('w0', fields).problems).toEqual([{ field, reason }]);
});

test('one without a name is refused for that alone, and one without a subnet for the subnet', () => {
  expect(absentHost('', { host: 'other' }).problems).toEqual([{ field: 'metadata.name', reason: 'is missing' }]);
  const { metadata, host, hostIP, ...kind } = rawHostSubnet('w0');
  expect(parseHostSubnet({ metadata, host, hostIP, apiVersion: kind.apiVersion, kind: kind.kind })).toMatchObject({
    ok: false,
    error: { problems: [{ field: 'subnet' }] },
  });
});

test('all wrong fields are named, in order', () => {
  const { problems } = absentHost('w0', {
    host: 'x',
    hostIP: 'x',
    subnet: 'x',
    egressIPs: ['x'],
    egressCIDRs: ['x', 'y'],
  });
  expect(problems.map(({ field }) => field)).toEqual([
    'host',
    'hostIP',
    'subnet',
    'egressIPs[0]',
    'egressCIDRs[0]',
    'egressCIDRs[1]',
  ]);
});

test('an invalid HostSubnet keeps what could be read', () => {
  const raw = { ...rawHostSubnet('w0', { subnet: '', egressIPs: ['x', '192.168.8.1'] }) };
  expect(parseHostSubnet({ ...raw, metadata: { name: 'w0', uid: 'u' } })).toMatchObject({
    ok: false,
    error: { name: 'w0', uid: 'u', hostIP: '192.168.7.11', subnet: undefined, egressIPs: ['192.168.8.1'] },
  });
});

test.each<readonly [HostSubnetFields, boolean]>([
  [{}, false],
  [{ egressIPs: ['192.168.8.1'] }, false],
  [{ egressCIDRs: ['192.168.8.0/24'] }, false],
  [{ egressIPs: [], egressCIDRs: ['192.168.8.0/24'] }, false],
  [{ egressIPs: ['192.168.8.1'], egressCIDRs: [] }, false],
  [{ egressIPs: ['192.168.8.1'], egressCIDRs: ['192.168.8.0/24'] }, true],
])('an absent HostSubnet with %j is to be emptied: %s', (fields, isToEmpty) => {
  expect(absentHost('w0', { ...fields, subnet: '' }).isToEmpty).toBe(isToEmpty);
  expect(asAbsent(hostSubnet('w0', fields)).isToEmpty).toBe(isToEmpty);
});

test('one whose list or CIDRs are all wrong is to be emptied as well, since its node may still have the addresses', () => {
  expect(absentHost('w0', { egressIPs: ['x'], egressCIDRs: ['y'] }).isToEmpty).toBe(true);
});

test('once emptied it lists nothing and keeps the rest', () => {
  const host = absentHost('w0', { subnet: '', egressIPs: ['192.168.8.1'], egressCIDRs: ['192.168.8.0/24'] });
  expect(emptied(host)).toEqual({ ...host, egressIPs: [], isToEmpty: false });
});
