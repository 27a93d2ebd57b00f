/** Which addresses cannot be egress IPs, and why. */
import fc from 'fast-check';
import {
  sameUnusable,
  type Unusable,
  UnusableAddresses,
  unusableAddresses,
} from '../../../src/model/egress/unusable.ts';
import { contains } from '../../../src/model/values/address.ts';
import { absentHost, cidr, hostSubnet, ip } from '../parsed.ts';

const nodes = (unusable: UnusableAddresses, address: string): string[] => [...unusable.nodesAt(ip(address))].sort();

test('an address belongs to its nodes until the last of them gives it up; the first by name is told', () => {
  const unusable = new UnusableAddresses();
  const address = ip('192.168.7.11');
  expect(unusable.of(address)).toBeUndefined();
  for (const name of ['b', 'a', 'c']) unusable.addNode(name, address);
  expect(unusable.of(address)).toEqual({ code: 'EgressIPIsNodeAddress', node: 'a' });
  unusable.removeNode('a', address);
  expect(unusable.of(address)).toEqual({ code: 'EgressIPIsNodeAddress', node: 'b' });
  expect([nodes(unusable, '192.168.7.11'), nodes(unusable, '192.168.7.12')]).toEqual([['b', 'c'], []]);
  unusable.removeNode('b', address);
  expect(unusable.of(address)).toEqual({ code: 'EgressIPIsNodeAddress', node: 'c' });
  unusable.removeNode('c', address);
  unusable.removeNode('c', ip('192.168.7.12'));
  expect([unusable.of(address), nodes(unusable, '192.168.7.11')]).toEqual([undefined, []]);
});

test.each([
  ['10.127.255.255', undefined],
  ['10.128.0.0', '10.128.0.0/14'],
  ['10.131.255.255', '10.128.0.0/14'],
  ['10.132.0.0', undefined],
  ['172.30.0.1', '172.30.0.0/16'],
  ['fd00::7', 'fd00::/64'],
  ['fd00:0:0:1::', undefined],
])('with the networks of pods and services, %s lies in %s', (text, network) => {
  const unusable = new UnusableAddresses();
  const networks = ['10.128.0.0/14', '172.30.0.0/16', 'fd00::/64'].map(cidr);
  unusable.setNetworks(networks);
  expect(unusable.networks).toBe(networks);
  expect(unusable.of(ip(text))).toEqual(network === undefined ? undefined : { code: 'EgressIPInsideCluster', network });
  unusable.setNetworks([]);
  expect(unusable.of(ip(text))).toBeUndefined();
});

test('the addresses of all HostSubnets count, also of absent ones, and a node comes before a network', () => {
  const unusable = unusableAddresses({
    hostSubnets: [hostSubnet('a', { hostIP: '10.128.0.1' })],
    absent: [absentHost('b', { hostIP: '192.168.7.12', subnet: '' }), absentHost('c', { hostIP: 'x' })],
    networks: [cidr('10.128.0.0/14')],
  });
  expect(['10.128.0.1', '10.128.0.2', '192.168.7.12', '192.168.7.13'].map((text) => unusable.of(ip(text)))).toEqual([
    { code: 'EgressIPIsNodeAddress', node: 'a' },
    { code: 'EgressIPInsideCluster', network: '10.128.0.0/14' },
    { code: 'EgressIPIsNodeAddress', node: 'b' },
    undefined,
  ]);
  expect(unusableAddresses({ hostSubnets: [] }).of(ip('10.128.0.1'))).toBeUndefined();
});

test('exactly the addresses in a network lie in it', () => {
  const range = fc.constantFrom('10.0.0.0/30', '10.0.0.4/31', '10.0.0.7/32', '10.0.0.0/29').map(cidr);
  fc.assert(
    fc.property(fc.array(range, { maxLength: 3 }), fc.nat(9), (networks, last) => {
      const address = ip(`10.0.0.${last}`);
      const unusable = unusableAddresses({ hostSubnets: [], networks }).of(address);
      const around = networks.find((one) => contains(one, address));
      expect(unusable).toEqual(around && { code: 'EgressIPInsideCluster', network: around.text });
    }),
  );
});

test('two answers are the same when code and detail are', () => {
  const all: readonly (Unusable | undefined)[] = [
    undefined,
    { code: 'EgressIPIsNodeAddress', node: 'a' },
    { code: 'EgressIPIsNodeAddress', node: 'b' },
    { code: 'EgressIPInsideCluster', network: '10.128.0.0/14' },
    { code: 'EgressIPInsideCluster', network: '172.30.0.0/16' },
  ];
  for (const [index, a] of all.entries())
    for (const [other, b] of all.entries()) expect(sameUnusable(a, structuredClone(b))).toBe(index === other);
});
