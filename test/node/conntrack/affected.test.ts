/** What a change touches. */
import fc from 'fast-check';
import { affected, lostSources, selectionArgs } from '../../../src/node/conntrack/affected.ts';
import { deletionPasses, passOver } from '../../../src/node/conntrack/passes.ts';
import { judge } from '../../../src/node/conntrack/stale.ts';
import { cidr } from '../states.ts';
import { anyConnection, anyOwnership, deleted, nodeIP, ownership, red, redIP, tuple } from './connections.ts';

test('whatever a change makes stale is deleted by a look at what the change touches, and nothing else', () => {
  const tuples = fc.uniqueArray(anyConnection, { selector: tuple, maxLength: 40 });
  fc.assert(
    fc.property(tuples, anyOwnership, anyOwnership, (all, before, after) => {
      const table = all.filter((one) => !judge(before)(one));
      const isStale = judge(after);
      const selections = affected(before, after);
      const looks = selections === 'all' ? [undefined] : selections;
      const gone = new Set(
        looks.flatMap((selection) => {
          const seen = selection === undefined ? table : deleted(table, ['-L', ...selectionArgs(selection)]);
          const judged = seen.map((each) => ({ connection: each, stale: isStale(each) }));
          return deletionPasses(judged, selection).flatMap((args) => deleted(table, args));
        }),
      );
      expect([...gone].map(tuple).sort()).toEqual(table.filter(isStale).map(tuple).sort());
    }),
    { numRuns: 2_000 },
  );
});

test('a pass over what an owner lost deletes nothing that is not stale', () => {
  fc.assert(
    fc.property(fc.array(anyConnection), anyOwnership, anyOwnership, (table, before, after) => {
      const gone = lostSources(before, after).flatMap((lost) => deleted(table, passOver(lost)));
      // what our NAT has never done is not asked about: it translates what leaves pods for the outside
      const translated = gone.filter(
        ({ source, translated: to, answerer }) =>
          source.startsWith('10.254.') && source !== to && answerer === '10.1.8.72',
      );
      expect(translated.every(judge(after))).toBe(true);
    }),
  );
});

test('a change looks at no more than it touches', () => {
  expect(affected(ownership, ownership)).toEqual([]);
  expect(affected(ownership, { ...ownership, snat: new Map(), hosted: new Set(), own: new Set([nodeIP]) })).toEqual([
    { mark: red },
    { translated: redIP },
  ]);
  expect(affected(ownership, { ...ownership, restricted: new Map() })).toEqual([
    { source: '10.254.0.2' },
    { source: '10.254.0.3' },
  ]);
  expect(affected(ownership, { ...ownership, subnet: cidr('10.254.1.0/24') })).toBe('all');
});
