/** Which egress IPs HostSubnets list. */
import { ListedIps } from '../../../src/model/egress/listed.ts';
import { ip, rawHostSubnet } from '../parsed.ts';

test('an IP is listed until the last HostSubnet that lists it ceases to; what is no address is nothing', () => {
  const listed = new ListedIps();
  const address = ip('192.168.7.201');
  const host = rawHostSubnet('n', { egressIPs: [`${address}/32`, 'x'] });
  expect([listed.change(undefined, host), listed.change(undefined, host)]).toEqual([[], []]);
  expect([listed.change(host, undefined), listed.has(address)]).toEqual([[], true]);
  expect([listed.change(host, host), listed.has(address)]).toEqual([[], true]);
  expect([listed.change(host, undefined), listed.has(address)]).toEqual([[address], false]);
});
