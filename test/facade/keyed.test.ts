import { Keyed } from '../../src/facade/keyed.ts';

test('a key has one value, several, and none again', () => {
  const keyed = new Keyed<string, number>();
  const state = (): unknown => [[...keyed.of('red')], [...keyed.values()]];
  expect(state()).toEqual([[], []]);
  keyed.add('red', 0);
  keyed.add('red', 0);
  expect(state()).toEqual([[0], [0]]);
  keyed.add('red', 7);
  keyed.add('blue', 7);
  expect(state()).toEqual([
    [0, 7],
    [0, 7],
  ]);
  keyed.remove('red', 5);
  keyed.remove('red', 0);
  keyed.add('red', 7);
  expect(state()).toEqual([[7], [7]]);
  keyed.remove('red', 7);
  expect(state()).toEqual([[], [7]]);
  keyed.remove('red', 7);
  expect([...keyed.of('blue')]).toEqual([7]);
});
