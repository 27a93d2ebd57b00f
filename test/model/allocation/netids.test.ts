/** Which VNID a new namespace gets. */
import fc from 'fast-check';
import { globalVnid, Netids } from '../../../src/model/allocation/netids.ts';
import { isVnid } from '../../../src/model/values/vnid.ts';
import { valid, vnid } from '../parsed.ts';

test('the namespace default gets VNID 0, others count from 10', () => {
  const netids = new Netids([vnid(0)]);
  expect(['default', 'a', 'b'].map((name) => valid(netids.allocate(name)))).toEqual([0, 10, 11]);
  expect(globalVnid()).toBe(0);
});

test('after a restart they count on behind the highest one, so that one that was released is not used at once', () => {
  const netids = new Netids([vnid(10), vnid(14), vnid(12), vnid(0)]);
  netids.release(vnid(14));
  expect(['a', 'b'].map((name) => valid(netids.allocate(name)))).toEqual([15, 16]);
  const full = new Netids([vnid(10), vnid(13), vnid(2 ** 24 - 1)], 13);
  expect(['a', 'b'].map((name) => valid(full.allocate(name)))).toEqual([11, 12]);
});

test('default holds 0 once more for each time it is allocated', () => {
  const netids = new Netids();
  valid(netids.allocate('default'));
  expect(netids.isHeld(vnid(0))).toBe(true);
  netids.release(vnid(0));
  expect(netids.isHeld(vnid(0))).toBe(false);
});

test('a VNID stays held while a joined namespace has it, and is not used again at once', () => {
  const netids = new Netids([vnid(10), vnid(10)]);
  netids.release(vnid(10));
  expect(netids.isHeld(vnid(10))).toBe(true);
  netids.release(vnid(10));
  expect(netids.isHeld(vnid(10))).toBe(false);
  expect([valid(netids.allocate('a')), valid(netids.allocate('b'))]).toEqual([11, 12]);
  netids.release(vnid(12));
  expect(valid(netids.allocate('c'))).toBe(13);
});

test('after the last VNID the search goes on from 10', () => {
  const netids = new Netids([], 12);
  const given = ['a', 'b', 'c'].map((name) => valid(netids.allocate(name)));
  expect(given).toEqual([10, 11, 12]);
  expect(netids.allocate('d')).toEqual({ ok: false, error: 'all VNIDs from 10 to 12 are in use' });
  netids.release(vnid(11));
  expect(valid(netids.allocate('d'))).toBe(11);
});

test.each([1, 511, 512, 513, 4096, 2 ** 24 - 1])(
  'of VNID %d alone is told that it is held, and until it is released',
  (id) => {
    const netids = new Netids([vnid(id)]);
    for (const other of [0, id - 1, id + 1, id + 8, 2 ** 24 - 1].filter((one) => one !== id && isVnid(one)))
      expect(netids.isHeld(vnid(other))).toBe(false);
    expect(netids.isHeld(vnid(id))).toBe(true);
    netids.release(vnid(id));
    expect(netids.isHeld(vnid(id))).toBe(false);
  },
);

test('VNIDs run out only when all are held', () => {
  const netids = new Netids();
  for (let id = 10; id < 2 ** 24; id++) if (id !== 777 && isVnid(id)) netids.hold(id);
  expect(valid(netids.allocate('last'))).toBe(777);
  expect(netids.allocate('one more')).toEqual({ ok: false, error: 'all VNIDs from 10 to 16777215 are in use' });
});

test('a VNID is held exactly while there are more holders than releases, and none is given twice', () => {
  const step = fc.record({
    kind: fc.constantFrom('hold', 'hold', 'release', 'allocate'),
    id: fc.integer({ min: 9, max: 13 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const netids = new Netids([], 13);
      const holders = new Map<number, number>();
      const add = (id: number, more: number): void => void holders.set(id, Math.max(0, (holders.get(id) ?? 0) + more));
      for (const { kind, id } of steps) {
        if (kind === 'hold') netids.hold(vnid(id));
        if (kind === 'release') netids.release(vnid(id));
        if (kind !== 'allocate') add(id, kind === 'hold' ? 1 : -1);
        else {
          const given = netids.allocate('one');
          const free = Array.from({ length: 4 }, (_, index) => 10 + index).filter((one) => !holders.get(one));
          expect(given.ok).toBe(free.length > 0);
          if (!given.ok) continue;
          expect(free).toContain(given.value);
          add(given.value, 1);
        }
        for (let one = 8; one <= 14; one++) expect(netids.isHeld(vnid(one))).toBe((holders.get(one) ?? 0) > 0);
      }
    }),
  );
});
