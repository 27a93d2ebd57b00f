/** Which egress IPs the cluster has, from the lists of other nodes. */
import { RecentlyListed } from '../../../src/node/cluster/recently-listed.ts';
import { rawHostSubnet } from '../../model/parsed.ts';
import { ip } from '../states.ts';

const [one, two] = [ip('192.168.7.201'), ip('192.168.7.202')];
const host = (...egressIPs: string[]) => rawHostSubnet('n', { egressIPs });

test('an IP is listed from the first HostSubnet that lists it until a minute after the last', () => {
  let now = 0;
  const listed = new RecentlyListed(() => now);
  const has = (): readonly boolean[] => [one, two].map((each) => listed.has(each));
  listed.change(undefined, host(one));
  listed.change(undefined, host(`${one}/32`, 'x'));
  expect(has()).toEqual([true, false]);
  listed.change(host(one), host(two));
  now = 59_000;
  listed.change(host(one), undefined);
  expect(has()).toEqual([true, true]);
  now = 118_000;
  expect(has()).toEqual([true, true]);
  now = 119_000;
  expect(has()).toEqual([false, true]);
  listed.change(host(two), host(two, one));
  expect(has()).toEqual([true, true]);
});
