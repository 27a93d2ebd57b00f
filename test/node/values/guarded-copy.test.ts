import { GuardedCopy } from '../../../src/node/values/guarded-copy.ts';

test('what is forgotten while it is being read stays forgotten', () => {
  const copy = new GuardedCopy<number>();
  copy.begin()(1);
  expect(copy.value).toBe(1);
  const keep = copy.begin();
  copy.forget();
  keep(2);
  expect(copy.value).toBeUndefined();
  copy.begin()(3);
  expect(copy.value).toBe(3);
});
