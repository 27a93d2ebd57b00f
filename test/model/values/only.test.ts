import pick from 'lodash/pick.js';
import { only } from '../../../src/model/values/only.ts';

test('only these fields of an object, where it has them itself', () => {
  const object: { a?: number; b?: string | undefined; 'c.d'?: number; e?: number } = { a: 1, b: undefined, 'c.d': 3 };
  expect(only(object, ['a', 'b', 'e'])).toStrictEqual({ a: 1, b: undefined });
  expect(only(object, ['a', 'e'])).toStrictEqual(pick(object, ['a', 'e']));
  expect(only(object, ['c.d'])).toStrictEqual({ 'c.d': 3 });
  expect(only(JSON.parse('{"a":1}') as { toString: unknown }, ['toString'])).toStrictEqual({});
});
