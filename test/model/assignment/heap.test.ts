/** The heap gives back the smallest first. */
import fc from 'fast-check';
import { Heap } from '../../../src/model/assignment/heap.ts';

/** Takes all out of the heap: the keys in the order in which they come, by the value of each. */
function drained(heap: Heap, keys: readonly number[]): number[] {
  const found: number[] = [];
  while (heap.least < Infinity) {
    const { least } = heap;
    const value = heap.pop();
    expect(keys[value]).toBe(least);
    found.push(least);
  }
  return found;
}

test('an empty heap has no least key and no value', () => {
  const heap = new Heap();
  expect([heap.least, heap.pop(), heap.least]).toEqual([Infinity, -1, Infinity]);
});

test('what was pushed comes out in order of its key, each once, also beyond the first size', () => {
  const keys = fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 20 });
  fc.assert(
    fc.property(keys, (some) => {
      const heap = new Heap();
      for (const [value, key] of some.entries()) heap.push(key, value);
      expect(drained(heap, some)).toEqual(some.toSorted((a, b) => a - b));
      expect(heap.pop()).toBe(-1);
    }),
  );
  const many = Array.from({ length: 1000 }, (_, index) => (index * 389) % 1009);
  const heap = new Heap();
  for (const [value, key] of many.entries()) heap.push(key, value);
  expect(drained(heap, many)).toEqual(many.toSorted((a, b) => a - b));
});

test('between pushes each pop takes the least of what is left', () => {
  const step = fc.option(fc.integer({ min: 0, max: 30 }), { freq: 3 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const heap = new Heap();
      const left = new Map<number, number>();
      for (const [value, key] of steps.entries()) {
        const least = Math.min(...left.values());
        expect(heap.least).toBe(least);
        if (key === null) {
          const popped = heap.pop();
          expect(left.get(popped) ?? Infinity).toBe(least);
          left.delete(popped);
        } else {
          heap.push(key, value);
          left.set(value, key);
        }
      }
    }),
  );
});

test('after it was cleared nothing is left', () => {
  const heap = new Heap();
  for (const key of [3, 1, 2]) heap.push(key, key);
  heap.clear();
  expect([heap.least, heap.pop()]).toEqual([Infinity, -1]);
  heap.push(7, 8);
  expect([heap.least, heap.pop(), heap.pop()]).toEqual([7, 8, -1]);
});
