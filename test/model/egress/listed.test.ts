/** Which egress IPs HostSubnets list. */
import { ListedIps } from '../../../src/model/egress/listed.ts';
import { ip, rawHostSubnet } from '../parsed.ts';

test('an IP is listed until the last HostSubnet that lists it ceases to; what is no address is nothing', () => {
  const listed = new ListedIps();
  const address = ip('192.168.7.201');
  const host = rawHostSubnet('n', { egressIPs: [`${address}/32`, 'x'] });
  const isListedAfter = (...[before, after]: Parameters<ListedIps['change']>): boolean => {
    listed.change(before, after);
    return listed.has(address);
  };
  expect(listed.has(address)).toBe(false);
  expect([isListedAfter(undefined, host), isListedAfter(undefined, host)]).toEqual([true, true]);
  expect(isListedAfter(host, undefined)).toBe(true);
  expect(isListedAfter(host, host)).toBe(true);
  expect(isListedAfter(host, undefined)).toBe(false);
});
