/** Findings that a plan made now would have, and the plan does not. Pure. */
import type { Finding } from '../findings/finding.ts';
import { isUnknown } from '../findings/rows.ts';
import type { Snapshot, Unread } from '../snapshot.ts';

/** Those of the findings that the plan does not have on the same object. */
export function findingsSince(planned: readonly Finding[], now: readonly Finding[]): readonly Finding[] {
  const keyOf = ({ code, kind, namespace = '', name }: Finding): string => `${code} ${kind} ${namespace}/${name}`;
  const known = new Set(planned.map(keyOf));
  return now.filter((finding) => !known.has(keyOf(finding)));
}

/** Those that say that nothing tells now what would be planned, which was told, or was no question yet, in the plan. */
export function unknownSince(planned: readonly Finding[], now: readonly Finding[]): readonly Finding[] {
  const isUnsettled = ({ code, severity }: Finding): boolean => isUnknown(code) && severity !== 'info';
  return findingsSince(planned.filter(isUnsettled), now.filter(isUnsettled));
}

/** What cannot be read now and could be for the plan; kinds without which a plan is whole do not count. */
export function unreadSince(
  { unread }: Pick<Snapshot, 'unread'>,
  planned: readonly Finding[],
  now: readonly Finding[],
): readonly Unread[] {
  const since = findingsSince(planned, now);
  const kinds = new Set(since.flatMap(({ code, kind }) => (code === 'IncompleteInput' ? [kind] : [])));
  return unread.filter(({ kind, isMinor }) => isMinor !== true && kinds.has(kind.kind));
}
