import fc from 'fast-check';
import { inParallel } from '../../../src/io/async/parallel.ts';
import { rounds } from '../../rounds.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('does the work for each item once, never for more at once than allowed, and for as many as that', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(20), fc.integer({ min: 1, max: 6 }), async (count, most) => {
      const done: number[] = [];
      let [running, highest] = [0, 0];
      await inParallel([...Array(count).keys()], most, async (item) => {
        running += 1;
        highest = Math.max(highest, running);
        await turn();
        running -= 1;
        done.push(item);
      });
      expect(done.sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
      expect([running, highest]).toEqual([0, Math.min(count, most)]);
    }),
    { numRuns: rounds(500) },
  );
});

it('begins nothing after a failure, ends what is begun, and throws the first error', async () => {
  const ended: number[] = [];
  const work = async (item: number): Promise<void> => {
    for (let wait = 0; wait < item; wait++) await turn();
    ended.push(item);
    if (item === 1 || item === 2) throw new Error(`item ${item} failed`);
  };
  await expect(inParallel([1, 2, 3, 4], 3, work)).rejects.toThrow('item 1 failed');
  expect(ended).toEqual([1, 2, 3]);
});

it('begins with the first items', async () => {
  const begun: string[] = [];
  await inParallel(['a', 'b', 'c'], 1, (item) => {
    begun.push(item);
    return Promise.resolve();
  });
  expect(begun).toEqual(['a', 'b', 'c']);
});
