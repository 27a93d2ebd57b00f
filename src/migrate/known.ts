/** An answer that may be missing. Unknown is never permission: whoever decides looks at all three. */
import type { Kind } from '../../api/kinds.ts';
import type { Snapshot, Unread } from './snapshot.ts';

export type Known<T> =
  | { readonly kind: 'known'; readonly value: T }
  /** There is no such object, or the API server has no such kind. */
  | { readonly kind: 'absent' }
  /** It may be there; the reason names the missing right. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/** The value of a kind in a snapshot, which may lack the right to read it. */
export function knownOf<T>({ unread }: Pick<Snapshot, 'unread'>, kind: Kind, value: T | undefined): Known<T> {
  if (value !== undefined) return { kind: 'known', value };
  const missing = unread.find((one) => one.kind === kind);
  return missing === undefined ? { kind: 'absent' } : { kind: 'unreadable', reason: unreadReason(missing) };
}

/** Why the kind could not be read, with the missing right if that is the cause. */
export function unreadReason({ reason, right }: Pick<Unread, 'reason' | 'right'>): string {
  return right === undefined ? reason : `missing right: ${right} (${reason})`;
}
