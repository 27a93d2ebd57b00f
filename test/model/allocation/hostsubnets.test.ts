/** What HostSubnets mean for egress, given one another and the Nodes. */
import { HostSubnets, lostText } from '../../../src/model/allocation/hostsubnets.ts';
import type { HostSubnetObject, KubeObject } from '../../../src/model/objects/raw.ts';
import { rawHostSubnet } from '../parsed.ts';

const host = (name: string, last: number, subnet: string, created?: string): HostSubnetObject => {
  const raw = rawHostSubnet(name, { hostIP: `192.168.7.${last}`, subnet });
  return { ...raw, metadata: { name, ...(created === undefined ? {} : { creationTimestamp: created }) } };
};
const nodeAt = (last: number): KubeObject => {
  const node = { metadata: {}, status: { addresses: [{ type: 'InternalIP', address: `192.168.7.${last}` }] } };
  return node;
};
const kinds = (hosts: HostSubnets): string[] =>
  [...hosts.names()].map((name) => `${name} ${hosts.meaningOf(name)?.kind ?? ''}`);
const reachable = (hosts: HostSubnets): string[] => [...hosts.reachable()].map(({ name }) => name).sort();

test('one that is set is valid, one that is removed means nothing', () => {
  const hosts = new HostSubnets();
  expect(hosts.set(host('a', 11, '10.128.0.0/23'))).toEqual(['a']);
  expect(hosts.meaningOf('a')).toMatchObject({ kind: 'valid', hostSubnet: { name: 'a', hostIP: '192.168.7.11' } });
  expect(hosts.delete('a')).toEqual(['a']);
  expect([hosts.meaningOf('a'), kinds(hosts), reachable(hosts)]).toEqual([undefined, [], []]);
});

test('an invalid one counts as absent and is listed, but its pods are reached while address and subnet are known', () => {
  const hosts = new HostSubnets();
  hosts.set({ ...host('a', 11, '10.128.0.0/23'), egressIPs: ['x'] });
  hosts.set(host('b', 12, ''));
  expect(kinds(hosts)).toEqual(['a absent', 'b absent']);
  expect(hosts.invalid().map(({ name }) => name)).toEqual(['a', 'b']);
  expect(reachable(hosts)).toEqual(['a']);
});

test('one without the address of its node claims no subnet from others', () => {
  const hosts = new HostSubnets();
  hosts.set({ ...host('a', 11, '10.128.0.0/23'), hostIP: 'x' });
  hosts.set(host('b', 12, '10.128.0.0/23'));
  expect([kinds(hosts), reachable(hosts)]).toEqual([['a absent', 'b valid'], ['b']]);
});

test('of two that overlap the older one is valid; the other counts as absent until it is alone', () => {
  const hosts = new HostSubnets();
  hosts.set(host('a', 11, '10.128.0.0/23', '2026-02-01T00:00:00Z'));
  expect(hosts.set(host('b', 12, '10.128.0.0/22', '2026-01-01T00:00:00Z')).toSorted()).toEqual(['a', 'b']);
  expect(kinds(hosts)).toEqual(['a absent', 'b valid']);
  expect(hosts.meaningOf('a')?.hostSubnet).toMatchObject({ name: 'a', hostIP: '192.168.7.11', isToEmpty: false });
  expect([reachable(hosts), hosts.invalid()]).toEqual([['b'], []]);
  expect([hosts.lostBy('a')?.winner.name, hosts.lostBy('b')]).toEqual(['b', undefined]);
  expect(hosts.lost().map(lostText)).toEqual(['10.128.0.0/23 overlaps 10.128.0.0/22 of HostSubnet b, which is older']);
  expect(hosts.delete('b').toSorted()).toEqual(['a', 'b']);
  expect(kinds(hosts)).toEqual(['a valid']);
});

test('a Node with the address of the HostSubnet decides; one with another address does not', () => {
  const hosts = new HostSubnets();
  hosts.set(host('a', 11, '10.128.0.0/23'));
  hosts.set(host('b', 12, '10.128.0.0/23'));
  expect(kinds(hosts)).toEqual(['a valid', 'b absent']);
  expect(hosts.setNode('b', nodeAt(99))).toEqual([]);
  expect(hosts.setNode('b', nodeAt(12)).toSorted()).toEqual(['a', 'b']);
  expect(kinds(hosts)).toEqual(['a absent', 'b valid']);
  expect(hosts.setNode('b', { metadata: {} }).toSorted()).toEqual(['a', 'b']);
  expect(hosts.setNode('b', nodeAt(12)).toSorted()).toEqual(['a', 'b']);
  expect(hosts.setNode('b', undefined).toSorted()).toEqual(['a', 'b']);
  expect(kinds(hosts)).toEqual(['a valid', 'b absent']);
});

test('a Node that comes before its HostSubnet counts as well', () => {
  const hosts = new HostSubnets();
  hosts.setNode('b', nodeAt(12));
  hosts.set(host('a', 11, '10.128.0.0/23'));
  hosts.set(host('b', 12, '10.128.0.0/23'));
  expect(kinds(hosts)).toEqual(['a absent', 'b valid']);
});
