import { duration } from '../../src/cli/duration.ts';

test.each<readonly [string, number]>([
  ['500ms', 500],
  ['1s', 1000],
  ['1.5s', 1500],
  ['2m', 120_000],
  ['0.1s', 100],
])('%s are %i milliseconds', (text, milliseconds) => {
  expect(duration(100)(text)).toBe(milliseconds);
});

test.each(['99ms', '0s', '-1s', '1', 's', '1 s', '1h', '1.s', '.5s', '1e3ms', '1sx', ''])(
  '%j is none of at least 100 ms',
  (text) => {
    expect(() => duration(100)(text)).toThrow('it must be a duration such as 500ms or 1s, at least 100ms.');
  },
);
