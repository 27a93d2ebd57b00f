/** Decides which problems to report now: each when it begins, and from time to time while it persists. Pure. */
import type { Note } from '../../model/cluster/notes.ts';
import type { PolicyNote } from '../../model/policy/egresspolicy.ts';

/** How often to report a persisting problem again, in milliseconds. Events are kept for an hour. */
export const again = 30 * 60_000;

/** What an admin knows and may leave as it is: it is not reported again while it persists. */
const toldOnce: ReadonlySet<string> = new Set(['AnnotationNotFollowed']);

/** One problem with one object. */
export type AnyNote = Note | PolicyNote;

/** When each problem was last reported, in milliseconds of a clock that only goes forward. */
export type Reported = ReadonlyMap<string, number>;

/** The notes to report now, in their order, and when each persisting problem was last reported. */
export function dueNotes(
  notes: readonly AnyNote[],
  known: Reported,
  now: number,
): { readonly due: readonly AnyNote[]; readonly reported: Reported } {
  const due: AnyNote[] = [];
  const reported = new Map<string, number>();
  for (const note of notes) {
    const key = keyOf(note);
    const last = known.get(key);
    const isDue = last === undefined || (!toldOnce.has(note.code) && now - last >= again);
    if (isDue) due.push(note);
    reported.set(key, isDue ? now : last);
  }
  return { due, reported };
}

function keyOf(note: AnyNote): string {
  const object = 'namespace' in note ? `EgressNetworkPolicy ${note.namespace}` : note.kind;
  return [object, note.name, note.code, note.message].join('\n');
}
