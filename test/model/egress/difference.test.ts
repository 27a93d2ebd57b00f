/** Differences of lists, short or long. */
import fc from 'fast-check';
import { addAssigned, difference, membership, remove, withoutName } from '../../../src/model/egress/difference.ts';
import type { Hop } from '../../../src/model/egress/verdict.ts';
import type { Ip } from '../../../src/model/values/address.ts';
import { hostSubnet, ip, netNamespace, vnid } from '../parsed.ts';

const nodes = ['a', 'b'].map((name) => hostSubnet(name));
const hop = (last: number, at = 0): Hop => {
  const { name, hostIP } = nodes[at]!;
  return { egressIP: ip(`192.168.8.${last}`), node: name, nodeIP: hostIP };
};
const hops = fc
  .uniqueArray(fc.integer({ min: 0, max: 20 }), { maxLength: 20 })
  .chain((lasts) => fc.tuple(...lasts.map((last) => fc.integer({ min: 0, max: 1 }).map((at) => hop(last, at)))));

test('an IP that is new, gone or on another node is told, one that stays is not', () => {
  const changed = difference([hop(1), hop(2), hop(3)], [hop(1), hop(2, 1), hop(4)]);
  expect([...changed]).toEqual([
    [ip('192.168.8.2'), hop(2, 1)],
    [ip('192.168.8.3'), undefined],
    [ip('192.168.8.4'), hop(4)],
  ]);
});

test('what is told turns the assignments before into those after, and tells nothing else', () => {
  fc.assert(
    fc.property(hops, hops, (before, after) => {
      const now = new Map<Ip, Hop | undefined>(before.map((one) => [one.egressIP, one]));
      const was = new Map(now);
      for (const [egressIP, at] of difference(before, after)) {
        expect(at).not.toEqual(was.get(egressIP));
        if (at === undefined) now.delete(egressIP);
        else now.set(egressIP, { ...at, egressIP });
      }
      expect(now).toEqual(new Map(after.map((one) => [one.egressIP, one])));
    }),
  );
});

test('an IP is a member of exactly the lists that hold it', () => {
  const lists = fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { maxLength: 20 });
  fc.assert(
    fc.property(lists, (lasts) => {
      const isIn = membership(lasts.map((last) => ip(`192.168.8.${last}`)));
      for (let last = 0; last <= 20; last++) expect(isIn(ip(`192.168.8.${last}`))).toBe(lasts.includes(last));
    }),
  );
});

test('only the first item that matches is removed, and nothing when none does', () => {
  const list = [1, 2, 3, 2];
  remove(list, (item) => item === 2);
  expect(list).toEqual([1, 3, 2]);
  remove(list, (item) => item === 1);
  remove(list, (item) => item === 9);
  expect(list).toEqual([3, 2]);
});

test('namespaces without a name are all the others', () => {
  const [a, b] = [netNamespace('a', 42), netNamespace('b', 42)];
  expect(withoutName([a], a.name)).toEqual([]);
  expect(withoutName([b], a.name)).toEqual([b]);
  expect(withoutName([a, b], a.name)).toEqual([b]);
  expect(withoutName([], a.name)).toEqual([]);
});

test('the assigned IPs of a VNID are added to those that are there; a VNID that requests nothing has none', () => {
  const all = [hop(1)];
  addAssigned(all, undefined);
  addAssigned(all, {
    vnid: vnid(42),
    namespaces: [],
    requests: [],
    state: { kind: 'normal' },
    assigned: [hop(2), hop(3)],
  });
  expect(all).toEqual([hop(1), hop(2), hop(3)]);
});
