/** The values that property tests draw: the same at each run of `make test`, and what SDN_COMPAT_TEST_SEED asks for. */
import fc from 'fast-check';

test('the values drawn are those of a seed that is named, or new ones with all rounds', () => {
  const { SDN_COMPAT_TEST_FULL: full, SDN_COMPAT_TEST_SEED: asked } = process.env;
  const seed = asked ?? (full === '1' ? undefined : '1');
  const seen = (): unknown => fc.check(fc.property(fc.nat(), () => true)).seed;
  if (seed === undefined) expect(seen()).not.toBe(seen());
  else expect([seen(), seen()]).toEqual([Number(seed), Number(seed)]);
});
