/** What the migrator reads of HostSubnets and NetNamespaces as they are written. */
import { hostIdentity, mayHost, netidOf } from '../../../src/migrate/kinds/sdn.ts';

test('a HostSubnet has its addresses, and empty texts for what is missing or no text', () => {
  const object = { metadata: { name: 'n1' }, hostIP: '192.168.7.11', subnet: '10.128.0.0/24' };
  expect(hostIdentity(object)).toEqual({ hostIP: '192.168.7.11', subnet: '10.128.0.0/24' });
  expect(hostIdentity({ metadata: {} })).toEqual({ hostIP: '', subnet: '' });
});

test('a NetNamespace has its netid, 0 too; a text is none', () => {
  const withNetid = (netid: unknown) => netidOf({ metadata: {}, ...{ netid } });
  expect([0, 7, '7', undefined].map(withNetid)).toEqual([0, 7, undefined, undefined]);
});

test('a HostSubnet may host what it lists, however it is written, and what its CIDRs hold', () => {
  const host = (fields: object, ...addresses: readonly string[]): boolean =>
    mayHost({ metadata: { name: 'n1' }, ...fields }, new Set(addresses));
  const automatic = { egressCIDRs: ['nonsense', '192.168.7.0/28', '192.168.9.0/24'] };
  expect(host({ egressIPs: ['192.168.7.101'] }, '192.168.7.101')).toBe(true);
  expect(host({ egressIPs: ['nonsense'] }, 'nonsense')).toBe(true);
  expect(host({ egressIPs: ['192.168.7.101'] }, '192.168.7.102')).toBe(false);
  expect(host(automatic, '192.168.7.15')).toBe(true);
  expect(host(automatic, '192.168.8.1', '192.168.9.1')).toBe(true);
  expect(host(automatic, '192.168.7.16', 'nonsense')).toBe(false);
  expect(host({ ...automatic, egressIPs: ['192.168.7.101'] })).toBe(false);
  expect(host({}, '192.168.7.101')).toBe(false);
});
