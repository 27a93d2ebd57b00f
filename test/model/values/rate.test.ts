/** Bandwidths as Kubernetes writes them. */
import fc from 'fast-check';
import { parseRate, rateText } from '../../../src/model/values/rate.ts';
import { valid as value } from '../parsed.ts';

it('reads every unit, each a thousand or 1024 times the one before', () => {
  const rates = (units: readonly string[]): number[] => units.map((unit) => value(parseRate(`1.5${unit}`)));
  expect(rates(['k', 'M', 'G', 'T'])).toEqual([1500, 1.5e6, 1.5e9, 1.5e12]);
  expect(rates(['Ki', 'Mi', 'Gi', 'Ti'])).toEqual([1536, 1.5 * 2 ** 20, 1.5 * 2 ** 30, 1.5 * 2 ** 40]);
  for (const wrong of ['1ki', '2Pi', '1K', '.M', '0.99k', '1P1', '1E', '-1M', '1e', '1e6M', '', 'e6', '1e16', '1 M'])
    expect([wrong, parseRate(wrong).ok]).toEqual([wrong, false]);
});

it.each([
  ['1e6', 1e6],
  ['1E6', 1e6],
  ['1e+6', 1e6],
  ['15e-1', undefined],
  ['2500000000e-3', 2.5e6],
  ['.5M', 500_000],
  ['1.M', 1e6],
  ['+2M', 2e6],
  ['1000000000m', 1e6],
  ['1000.5', 1001],
  ['0.001E', 1e15],
])('reads %s as Kubernetes does', (text, rate) => {
  expect(parseRate(text)).toEqual(
    rate === undefined ? expect.objectContaining({ ok: false }) : { ok: true, value: rate },
  );
});

it('reads decimal numbers without losing a digit', () => {
  const read = (texts: readonly string[]): string => texts.map((text) => value(parseRate(text))).join(' ');
  expect(read(['8.3M', '8.14M', '67081.6k', '16831.241G'])).toBe('8300000 8140000 67081600 16831241000000');
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 1e9 }), fc.integer({ min: 0, max: 9 }), (digits, point) => {
      const text = `${Math.floor(digits / 10 ** point)}.${String(digits % 10 ** point).padStart(point, '0')}G`;
      const exact = (BigInt(digits) * 10n ** 9n) / 10n ** BigInt(point);
      if (exact >= 1000n && exact <= 10n ** 15n) expect(value(parseRate(text))).toBe(Number(exact));
    }),
  );
});

it('writes a rate in the largest unit without a fraction, and reads it back', () => {
  expect([10e6, 1500, 1001, 1e15, 2.5e9].map(rateText)).toEqual(['10M', '1500', '1001', '1P', '2500M']);
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 1e15 }), (rate) => {
      expect(value(parseRate(rateText(rate)))).toBe(rate);
    }),
  );
});
