/** The bandwidth annotations of a pod (kubernetes.io/ingress-bandwidth, egress-bandwidth). */
import { type Exec, must } from '../../io/programs/exec.ts';
import type { Labels } from '../../model/objects/selector.ts';
import { parseRate } from '../../model/values/rate.ts';
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

/** The highest rate that tc can queue for at a pod's end: burst and queue must fit into 32 bits of bytes. */
const mostQueued = 400e9;

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
