/** Ranges of ports on the command line. */
import { portRange } from '../../src/cli/port-range.ts';

test.each([
  ['30000-32767', { first: 30_000, last: 32_767 }],
  ['1-1', { first: 1, last: 1 }],
  ['20000-65535', { first: 20_000, last: 65_535 }],
])('%s is a range', (text, range) => {
  expect(portRange(text)).toEqual(range);
});

test.each(['', '30000', '30000-', '-30000', '2-1', '0-9', '1-65536', '1-2-3', '1 - 2', 'a-b', '30000+2768'])(
  '"%s" is none',
  (text) => {
    expect(() => portRange(text)).toThrow('FIRST-LAST');
  },
);
