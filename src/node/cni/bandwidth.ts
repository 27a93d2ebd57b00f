/** The bandwidth annotations of a pod (kubernetes.io/ingress-bandwidth, egress-bandwidth). */
import { type Exec, must } from '../../io/programs/exec.ts';
import type { Labels } from '../../model/objects/selector.ts';
import { err, ok, type Result } from '../../model/values/result.ts';

/** Limits in bits per second; undefined means none. */
export interface Bandwidth {
  readonly ingress: number | undefined;
  readonly egress: number | undefined;
}

/** The Pod annotations with what it may receive and send in a second. */
export const bandwidthAnnotations = {
  ingress: 'kubernetes.io/ingress-bandwidth',
  egress: 'kubernetes.io/egress-bandwidth',
} as const;

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
/** The highest rate that tc can queue for at a pod's end: burst and queue must fit into 32 bits of bytes. */
const mostQueued = 400e9;

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

/** Parses the limits in a pod's annotations; the error names the annotation. */
export function parseBandwidth(of: Labels): Result<Bandwidth> {
  const limits: { ingress: number | undefined; egress: number | undefined } = { ingress: undefined, egress: undefined };
  for (const direction of ['ingress', 'egress'] as const) {
    const text = of[bandwidthAnnotations[direction]];
    if (text === undefined) continue;
    const rate = parseRate(text);
    if (!rate.ok) return err(`annotation ${bandwidthAnnotations[direction]}: ${rate.error}`);
    limits[direction] = rate.value;
  }
  return ok(limits);
}

/**
 * The arguments of tc for a limit: a bucket of 20 ms at full rate, at least 32 KiB, and at most 25 ms of queueing. Limits
 * beyond 400 Gbit/s count as that.
 */
export function filterArguments(device: string, wanted: number): string[] {
  const rate = Math.min(wanted, mostQueued);
  const burst = Math.max(32 * 1024, Math.ceil(rate / 8 / 50));
  return [
    'qdisc',
    'replace',
    'dev',
    device,
    'root',
    'tbf',
    'rate',
    `${rate}bit`,
    'burst',
    `${burst}b`,
    'latency',
    '25ms',
  ];
}

/** Limits what a pod sends, at its end of the link. Its port limits what it receives (pods.ts). */
export async function limitSending(
  run: Exec,
  rate: number | undefined,
  link: { readonly netns: string; readonly device: string },
): Promise<void> {
  if (rate !== undefined)
    await must(run, 'nsenter', [`--net=${link.netns}`, '--', 'tc', ...filterArguments(link.device, rate)]);
}
