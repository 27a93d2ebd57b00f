import { wholeNumber } from '../../src/cli/whole-number.ts';

test.each<readonly [string, number]>([
  ['-1', -1],
  ['0', 0],
  ['007', 7],
  ['10', 10],
])('%j is %i', (text, value) => {
  expect(wholeNumber(-1, 10)(text)).toBe(value);
});

test.each(['-2', '11', '1.0', '1e1', '0x1', ' 1', '1 ', '', '+1', '--1', 'one'])('%j is none from -1 to 10', (text) => {
  expect(() => wholeNumber(-1, 10)(text)).toThrow('it must be a whole number from -1 to 10.');
});
