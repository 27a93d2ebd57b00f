import { isSet, warningHeaders } from '../../../src/apiserver/http/respond.ts';

it('has no headers without warnings', () => {
  expect(warningHeaders([])).toEqual({});
});

test.each<readonly [string, string]>([
  ['unknown field "a"', String.raw`299 - "unknown field \"a\""`],
  ['a \\ b', String.raw`299 - "a \\ b"`],
  ['a\r\nInjected: ä~', '299 - "a??Injected: ?~"'],
])('the warning %j is safe in a header', (text, header) => {
  expect(warningHeaders([text])).toEqual({ warning: [header] });
});

test.each<readonly [string, boolean]>([
  ['watch=1', true],
  ['watch=true', true],
  ['watch=0', false],
  ['watch=false', false],
  ['watch=', false],
  ['', false],
])('the query %j says watch: %s', (query, isWatch) => {
  expect(isSet(new URLSearchParams(query), 'watch')).toBe(isWatch);
});
