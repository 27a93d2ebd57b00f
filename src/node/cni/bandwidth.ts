/** The bandwidth annotations of a pod (kubernetes.io/ingress-bandwidth, egress-bandwidth). */
import { type Exec, must } from '../../io/programs/exec.ts';
import type { Labels } from '../../model/objects/selector.ts';
import { err, ok, type Result } from '../../model/values/result.ts';

/** Limits in bits per second; undefined means none. */
export interface Bandwidth {
  readonly ingress: number | undefined;
  readonly egress: number | undefined;
}

const annotations = { ingress: 'kubernetes.io/ingress-bandwidth', egress: 'kubernetes.io/egress-bandwidth' } as const;
const units: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
/** Number and suffix of a quantity: a unit, or an exponent of ten. */
const quantity = /^(\+?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?$/;
/** The range that kubelet allows: 1k to 1P. */
const least = 1e3;
const most = 1e15;

/**
 * Parses a quantity, as Kubernetes writes it (`1M`, `1Mi`, `1e6`, `.5G`), as whole bits per second, rounded up; the error
 * names the text.
 */
export function parseRate(text: string): Result<number> {
  const [, digits = '', unit = '', exponent = '0'] = quantity.exec(text) ?? [];
  const factor = units[unit];
  const rate = digits === '' || factor === undefined ? Number.NaN : Math.ceil(Number(`${digits}e${exponent}`) * factor);
  if (rate >= least && rate <= most) return ok(rate);
  return err(`${JSON.stringify(text)} is no bandwidth from 1k to 1P bits per second`);
}

/** Parses the limits in a pod's annotations; the error names the annotation. */
export function parseBandwidth(of: Labels): Result<Bandwidth> {
  const limits: { ingress: number | undefined; egress: number | undefined } = { ingress: undefined, egress: undefined };
  for (const direction of ['ingress', 'egress'] as const) {
    const text = of[annotations[direction]];
    if (text === undefined) continue;
    const rate = parseRate(text);
    if (!rate.ok) return err(`annotation ${annotations[direction]}: ${rate.error}`);
    limits[direction] = rate.value;
  }
  return ok(limits);
}

/** The arguments of tc for a limit: a bucket of 20 ms at full rate, at least 32 KiB, and at most 25 ms of queueing. */
export function filterArguments(device: string, rate: number): string[] {
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
