import { gatewayOf, podMac, podMacEnd } from '../../../src/node/values/addressing.ts';
import { cidr, ip } from '../states.ts';

test.each([
  ['10.254.0.2', '0a:58:0a:fe:00:02'],
  ['0.0.0.1', '0a:58:00:00:00:01'],
  ['255.255.255.255', '0a:58:ff:ff:ff:ff'],
])('the MAC of the pod %s is %s', (address, mac) => {
  expect(podMac(ip(address))).toBe(mac);
  expect(podMacEnd(ip(address))).toBe(`00:00:${mac.slice(6)}/00:00:ff:ff:ff:ff`);
});

it('takes the first address of a subnet for the gateway', () => {
  expect([gatewayOf(cidr('10.254.3.0/24')), gatewayOf(cidr('10.254.2.0/23'))]).toEqual(['10.254.3.1', '10.254.2.1']);
});
