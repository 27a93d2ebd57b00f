/** What changes have touched and nobody has looked at yet. */
import { Touched } from '../../../src/node/conntrack/touched.ts';
import { ip } from '../states.ts';
import { blue, blueIP, ownership, red, redIP } from './connections.ts';

test('of several plans each is looked at, also where the last is as the first', () => {
  const touched = new Touched();
  touched.note(ownership);
  expect(touched.isEmpty()).toBe(true);
  touched.note({
    ...ownership,
    snat: new Map([
      [red, redIP],
      [blue, blueIP],
    ]),
  });
  touched.note(ownership);
  expect(touched.takeLost()).toEqual([{ mark: blue, translated: blueIP }]);
  expect(touched.takeLost()).toEqual([]);
  expect(touched.takeSelections()).toEqual([{ mark: blue }]);
  expect(touched.isEmpty()).toBe(true);
});

test('a source that an owner has again is not lost', () => {
  const touched = new Touched();
  touched.note(ownership);
  touched.note({ ...ownership, snat: new Map() });
  touched.note(ownership);
  expect(touched.takeLost()).toEqual([]);
  expect(touched.takeSelections()).toEqual([{ mark: red }]);
});

test('what touches much is one look at everything, and a look that failed is made again', () => {
  const touched = new Touched();
  touched.note(ownership);
  touched.note({ ...ownership, own: new Set(Array.from({ length: 20 }, (_, index) => ip(`192.168.8.${index}`))) });
  const taken = touched.takeSelections();
  expect(taken).toBe('all');
  touched.add(taken);
  expect(touched.isEmpty()).toBe(false);
});
