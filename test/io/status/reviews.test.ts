/** What answers of the API server mean: only a clear yes is one. */
import { bearerToken, isAllowed, userOf } from '../../../src/io/status/reviews.ts';

test.each<readonly [string | undefined, string | undefined]>([
  ['Bearer abc', 'abc'],
  ['bearer  abc', 'abc'],
  [' Bearer abc ', 'abc'],
  ['Bearer', undefined],
  ['Bearer a b', undefined],
  ['Token abc', undefined],
  [undefined, undefined],
])('the header %j has the token %j', (header, token) => {
  expect(bearerToken(header)).toBe(token);
});

const user = { username: 'bob', groups: ['a'], uid: '1', extra: { scopes: ['x'] } };

it('asks with all that is known of who has the token', () => {
  expect(userOf({ status: { authenticated: true, user } })).toEqual({
    user: 'bob',
    groups: ['a'],
    uid: '1',
    extra: { scopes: ['x'] },
  });
});

test.each([
  { status: { authenticated: false, user } },
  { status: { user } },
  { status: { authenticated: 'true', user } },
  { status: { authenticated: true } },
  { status: { authenticated: true, user: { groups: ['a'] } } },
  { status: { authenticated: true, user: { username: '' } } },
  { authenticated: true, user },
  {},
  undefined,
])('nobody has the token by the answer %j', (review) => {
  expect(userOf(review)).toBeUndefined();
});

test.each<readonly [unknown, boolean]>([
  [{ status: { allowed: true } }, true],
  [{ status: { allowed: true, denied: false } }, true],
  [{ status: { allowed: true, denied: true } }, false],
  [{ status: { allowed: false } }, false],
  [{ status: { allowed: 'true' } }, false],
  [{ allowed: true }, false],
  [{ status: {} }, false],
  [null, false],
])('the answer %j is yes: %s', (review, expected) => {
  expect(isAllowed(review)).toBe(expected);
});
