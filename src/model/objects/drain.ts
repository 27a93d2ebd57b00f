/**
 * Our annotation that lets a planned move of an egress IP cut no connection: for how long those that are there go on by
 * the old node. One that cannot be read counts as absent.
 */
import { err, ok, type Result } from '../values/result.ts';
import type { AnnotationProblem } from './egressrules.ts';
import { ourAnnotations } from './well-known.ts';

/** The annotation of a NetNamespace. */
export const drainAnnotation = `${ourAnnotations}drain`;

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000 };
/** The shortest and the longest drain, in milliseconds. */
const [shortest, longest] = [1_000, 24 * 3_600_000];

/** Parses a duration of whole hours, minutes and seconds, such as `1h30m`, to milliseconds. */
export function parseDrain(text: string): Result<number> {
  if (!/^(?:\d{1,6}[hms])+$/.test(text)) return err('it is no duration such as "10m" or "1h30m"');
  const parts = [...text.matchAll(/(\d+)([hms])/g)];
  const sum = parts.reduce((all, [, count, unit = '']) => all + Number(count) * (units[unit] ?? 0), 0);
  return sum < shortest || sum > longest ? err('it is not between 1s and 24h') : ok(sum);
}

/** What the annotation says, and what is wrong with it. */
export interface ReadDrain {
  /** Milliseconds; undefined if it says nothing that can be read. */
  readonly drain: number | undefined;
  readonly problems: readonly AnnotationProblem[];
}

/** Reads the annotation of a NetNamespace. */
export function readDrain(annotations: Readonly<Record<string, string>> = {}): ReadDrain {
  const value = annotations[drainAnnotation];
  if (value === undefined) return { drain: undefined, problems: [] };
  const parsed = parseDrain(value.trim());
  if (parsed.ok) return { drain: parsed.value, problems: [] };
  return { drain: undefined, problems: [{ annotation: drainAnnotation, value, reason: parsed.error }] };
}

/** What holds for namespaces that share a VNID: the shortest, if each of them has one. */
export function joinedDrain(namespaces: readonly { readonly drain?: number }[]): number | undefined {
  const all = namespaces.flatMap(({ drain }) => drain ?? []);
  return all.length < namespaces.length || all.length === 0 ? undefined : Math.min(...all);
}
