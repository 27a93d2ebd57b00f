import {
  addressOnNIC,
  nodeMissing,
  nodeUnready,
  severalAddresses,
  standbyNode,
} from '../../../src/migrate/findings/nodes.ts';

it('says what a HostSubnet without a Node lists, if something', () => {
  const of = (egressIPs: readonly string[]) => nodeMissing({ name: 'n1', hostIP: '192.168.7.11', egressIPs }).today;
  expect(of([])).toBe('HostSubnet n1 (192.168.7.11) has no Node.');
  expect(of(['a', 'b'])).toBe('HostSubnet n1 (192.168.7.11) has no Node. It lists a, b.');
});

it('says what is not in use on a node that is not Ready, if something', () => {
  expect(nodeUnready({ name: 'n1', egressIPs: [] }).today).toBe('Node n1 is not Ready.');
  expect(nodeUnready({ name: 'n1', egressIPs: ['a'] }).today).toBe('Node n1 is not Ready, so a on it is not in use.');
});

it('says when a standby node gets its label', () => {
  const of = (isLast: boolean) => standbyNode({ name: 'n1', cidrs: ['10.0.0.0/8'], isLast }).tomorrow;
  expect(of(true)).toMatch(/^It gets the label last/);
  expect(of(false)).toMatch(/^It gets the label too/);
});

it('warns of an egress IP on an interface, and only tells of several addresses', () => {
  expect(addressOnNIC({ name: 'n1', ips: ['a'] })).toMatchObject({ code: 'AddressOnNIC', severity: 'warning' });
  expect(severalAddresses({ name: 'n1', addresses: ['a', 'b'] })).toMatchObject({
    code: 'AddressOnNIC',
    severity: 'info',
  });
});
