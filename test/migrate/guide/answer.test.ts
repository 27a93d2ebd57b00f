import fc from 'fast-check';
import { all, type Answer, ask, either, no, unknown, unless, yes } from '../../../src/migrate/guide/answer.ts';
import { rounds } from '../../rounds.ts';

const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.constant(yes),
  fc.string().map((reason) => no(reason)),
  fc.string().map((reason) => unknown(reason)),
);

describe('an answer about a value', () => {
  const isLarge = (value: number): Answer => (value > 10 ? yes : no('it is small'));

  it('is that of the question if the value is known', () => {
    expect(ask({ kind: 'known', value: 11 }, 'The count', isLarge)).toEqual(yes);
    expect(ask({ kind: 'known', value: 9 }, 'The count', isLarge)).toEqual(no('it is small'));
  });

  it('is unknown if there is no value, or if it cannot be read, and says which', () => {
    expect(ask({ kind: 'absent' }, 'The count', isLarge)).toEqual(unknown('The count: there is none'));
    expect(ask({ kind: 'unreadable', reason: 'forbidden' }, 'The count', isLarge)).toEqual(
      unknown('The count: it cannot be read: forbidden'),
    );
  });

  it('is yes unless there are reasons against it', () => {
    expect(unless([])).toEqual(yes);
    expect(unless(['one', 'other'])).toEqual(no('one', 'other'));
  });
});

describe('several answers together', () => {
  it('are no with the reasons of every no, and pass over what is unknown', () => {
    expect(all(yes, unknown('fog'), no('first'), no('second', 'third'))).toEqual(no('first', 'second', 'third'));
  });

  it('are unknown with every reason if one is unknown and none is no', () => {
    expect(all(unknown('fog'), yes, unknown('mist'))).toEqual(unknown('fog', 'mist'));
  });

  it('are yes only if all are', () => {
    expect(all()).toEqual(yes);
    fc.assert(
      fc.property(fc.array(answer), (answers) => {
        expect(all(...answers).kind === 'yes').toBe(answers.every(({ kind }) => kind === 'yes'));
      }),
      { numRuns: rounds(1_000) },
    );
  });
});

describe('one answer or another', () => {
  it('is yes exactly if one of the two is', () => {
    fc.assert(
      fc.property(answer, answer, (first, second) => {
        expect(either(first, second).kind === 'yes').toBe([first, second].some(({ kind }) => kind === 'yes'));
      }),
      { numRuns: rounds(1_000) },
    );
  });

  it.each<readonly [string, Answer, Answer, Answer]>([
    ['no for the reasons of the second if the first is no', no('a'), no('b'), no('b')],
    ['unknown for the reasons of the second if only that is unknown', no('a'), unknown('b'), unknown('b')],
    ['unknown for the reasons of the first if the second is no', unknown('a'), no('b'), unknown('a')],
    ['unknown for the reasons of both if both are', unknown('a'), unknown('b'), unknown('b', 'a')],
  ])('is %s', (_what, first, second, expected) => {
    expect(either(first, second)).toEqual(expected);
  });
});
