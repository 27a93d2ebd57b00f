/** Who watches a node that nobody near it uses. */
import fc from 'fast-check';
import { firstFor, watchedBy, witnessesEach } from '../../../src/model/egress/witnesses.ts';

const nodes = (count: number): string[] => [...Array(count).keys()].map((index) => `worker-${index}.example.com`);
const witnessesOf = (watched: string, names: readonly string[]): string[] =>
  names.filter((own) => watchedBy(own, [{ name: watched }], names).length > 0);
const shuffled = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/), { minLength: 1, maxLength: 15 });

test('each node is watched by equally many others, never by itself, in whatever order they are', () => {
  fc.assert(
    fc.property(shuffled, (names) => {
      for (const watched of names) {
        const found = witnessesOf(watched, names);
        expect(found).toHaveLength(Math.min(witnessesEach, names.length - 1));
        expect(found).not.toContain(watched);
        expect(new Set(witnessesOf(watched, names.toReversed()))).toEqual(new Set(found));
      }
    }),
  );
});

test('a node that goes changes only the places that it had, and one that comes those that it takes', () => {
  fc.assert(
    fc.property(shuffled, fc.nat(), (names, which) => {
      const gone = names[which % names.length]!;
      const rest = names.filter((name) => name !== gone);
      for (const watched of rest) {
        const kept = witnessesOf(watched, names).filter((name) => name !== gone);
        expect(witnessesOf(watched, rest)).toEqual(expect.arrayContaining(kept));
      }
    }),
  );
});

test('of 300 nodes none watches much more than its share', () => {
  const names = nodes(300);
  const watching = new Map(names.map((name) => [name, 0]));
  const hosts = names.map((name) => ({ name }));
  for (const own of names) watching.set(own, watchedBy(own, hosts, names).length);
  const counts = [...watching.values()];
  expect(counts.reduce((sum, count) => sum + count)).toBe(300 * witnessesEach);
  expect(Math.max(...counts)).toBeLessThanOrEqual(4 * witnessesEach);
});

test('the first few of all others are other ones for each node, the same in every order', () => {
  const all = nodes(300).map((name) => ({ name }));
  const chosen = new Map<string, number>();
  for (const { name: own } of all) {
    const first = firstFor(own, all, 3);
    expect(firstFor(own, all.toReversed(), 3)).toEqual(first);
    expect(firstFor(own, all, 2)).toEqual(first.slice(0, 2));
    for (const { name } of first) chosen.set(name, (chosen.get(name) ?? 0) + 1);
  }
  expect(Math.max(...chosen.values())).toBeLessThanOrEqual(12);
  expect([firstFor('a', all, 0), firstFor('a', all, -1), firstFor('a', [], 2)]).toEqual([[], [], []]);
});
