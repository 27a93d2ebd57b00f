/** Bandwidths: bits per second, written as Kubernetes writes quantities. */
import { err, ok, type Result } from './result.ts';

/** The factor of each unit, as a whole number and a power of ten, so that no digit is lost. */
const units: Readonly<Record<string, readonly [bigint, number]>> = {
  n: [1n, -9],
  u: [1n, -6],
  m: [1n, -3],
  '': [1n, 0],
  k: [1n, 3],
  M: [1n, 6],
  G: [1n, 9],
  T: [1n, 12],
  P: [1n, 15],
  E: [1n, 18],
  Ki: [2n ** 10n, 0],
  Mi: [2n ** 20n, 0],
  Gi: [2n ** 30n, 0],
  Ti: [2n ** 40n, 0],
  Pi: [2n ** 50n, 0],
  Ei: [2n ** 60n, 0],
};
/** Number and suffix of a quantity: a unit, or an exponent of ten. */
const quantity = /^\+?(?=\.?\d)(\d*)\.?(\d*)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?$/;
/** The range that kubelet allows: 1k to 1P. */
const least = 10n ** 3n;
const most = 10n ** 15n;

/**
 * Parses a quantity, as Kubernetes writes it (`1M`, `1Mi`, `1e6`, `.5G`), as whole bits per second, rounded up; the error
 * names the text.
 */
export function parseRate(text: string): Result<number> {
  const [, whole = '', fraction = '', unit = '', exponent = '0'] = quantity.exec(text) ?? [];
  const [factor, power] = units[unit] ?? [0n, 0];
  const digits = BigInt(`${whole}${fraction}`) * factor;
  const zeros = power + Number(exponent) - fraction.length;
  const [rate, parts] = zeros < 0 ? [digits, 10n ** BigInt(-zeros)] : [digits * 10n ** BigInt(zeros), 1n];
  if (rate >= least * parts && rate <= most * parts) return ok(Number((rate + parts - 1n) / parts));
  return err(`${JSON.stringify(text)} is no bandwidth from 1k to 1P bits per second`);
}

/** The shortest text of a rate that is read back the same: `10M`. */
export function rateText(rate: number): string {
  const unit = (['P', 'T', 'G', 'M', 'k'] as const).find((one) => rate % 10 ** (units[one]?.[1] ?? 0) === 0) ?? '';
  return `${rate / 10 ** (units[unit]?.[1] ?? 0)}${unit}`;
}
