/** Which other node has an egress IP, from the lists of HostSubnets. */
import { RecentlyListed } from '../../../src/node/cluster/recently-listed.ts';
import { rawHostSubnet } from '../../model/parsed.ts';
import { ip } from '../states.ts';

const [one, two] = [ip('192.168.7.201'), ip('192.168.7.202')];
const [a, b] = ['a', 'b'].map(
  (name) =>
    (...egressIPs: string[]) =>
      rawHostSubnet(name, { egressIPs }),
);

test('an IP is with the node that lists it, and until a minute after with the last one that did', () => {
  let now = 0;
  const listed = new RecentlyListed(() => now);
  const nodes = (): readonly (string | undefined)[] => [one, two].map((each) => listed.nodeWith(each));
  listed.change(undefined, a!(one));
  listed.change(undefined, b!(`${one}/32`, 'x'));
  expect(nodes()).toEqual(['a', undefined]);
  listed.change(a!(one), a!(two));
  expect(nodes()).toEqual(['b', 'a']);
  now = 59_000;
  listed.change(b!(one), undefined);
  expect(nodes()).toEqual(['b', 'a']);
  now = 118_000;
  expect(nodes()).toEqual(['b', 'a']);
  now = 119_000;
  expect(nodes()).toEqual([undefined, 'a']);
  listed.change(a!(two), a!(two, one));
  expect(nodes()).toEqual(['a', 'a']);
});

test('a change of other fields, and a list that repeats itself, change nothing', () => {
  const listed = new RecentlyListed(() => 0);
  listed.change(undefined, a!(one, one));
  listed.change(a!(one, one), { ...a!(one), subnet: '10.1.0.0/24' });
  expect(listed.nodeWith(one)).toBe('a');
  listed.change(a!(one), b!());
  expect(listed.nodeWith(two)).toBeUndefined();
});
