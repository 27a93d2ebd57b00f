/** Who else has a hostIP, while HostSubnets come, change and go. */
import { HostIps } from '../../../src/controllers/subnets/host-ips.ts';
import type { HostSubnetObject } from '../../../src/model/objects/raw.ts';

const at = (name: string, hostIP: string): HostSubnetObject => ({
  apiVersion: 'network.openshift.io/v1',
  kind: 'HostSubnet',
  metadata: { name },
  host: name,
  hostIP,
  subnet: '10.254.0.0/24',
});

/** HostSubnets of these names, all with the same hostIP. */
function having(...names: readonly string[]): HostIps {
  const hosts = new HostIps();
  for (const name of names) hosts.change(name, undefined, at(name, '192.168.7.11'));
  return hosts;
}

it('knows nobody at an address that no HostSubnet has', () => {
  expect(having('a').otherAt('192.168.7.12', 'a')).toBeUndefined();
});

it('does not count the one that asks', () => {
  expect(having('a').otherAt('192.168.7.11', 'a')).toBeUndefined();
  expect(having('a').otherAt('192.168.7.11', 'b')).toBe('a');
});

it('names the first of several by name, in whatever order they came', () => {
  expect(having('c', 'a', 'b').otherAt('192.168.7.11', 'd')).toBe('a');
  expect(having('c', 'a', 'b').otherAt('192.168.7.11', 'a')).toBe('b');
});

it('forgets one that is gone, and keeps the others', () => {
  const hosts = having('a', 'b');
  hosts.change('a', at('a', '192.168.7.11'), undefined);
  expect(hosts.otherAt('192.168.7.11', 'c')).toBe('b');
  hosts.change('b', at('b', '192.168.7.11'), undefined);
  expect(hosts.otherAt('192.168.7.11', 'c')).toBeUndefined();
});

it('follows one whose address changes', () => {
  const hosts = having('a', 'b');
  hosts.change('a', at('a', '192.168.7.11'), at('a', '192.168.7.12'));
  expect([hosts.otherAt('192.168.7.11', 'c'), hosts.otherAt('192.168.7.12', 'c')]).toEqual(['b', 'a']);
});

it('keeps one that changes otherwise', () => {
  const hosts = having('a');
  hosts.change('a', at('a', '192.168.7.11'), { ...at('a', '192.168.7.11'), subnet: '10.254.1.0/24' });
  expect(hosts.otherAt('192.168.7.11', 'b')).toBe('a');
});
