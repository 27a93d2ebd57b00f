import { Fights } from '../../src/facade/fights.ts';

test('each round comes later than the last, and long after the last round the next is the first again', () => {
  let now = 1_000_000;
  const fights = new Fights(() => now);
  const rounds: number[] = [];
  for (const start = now; now < start + 3_200; now += 10) if (fights.next('red') === 0) rounds.push(now - start);
  expect(rounds).toEqual([0, 100, 300, 700, 1_500, 3_100]);
  expect(fights.next('blue')).toBe(0);
  now += 2_000_000;
  expect(fights.next('red')).toBe(0);
  expect(fights.next('red')).toBe(100);
});
