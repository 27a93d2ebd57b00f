/** Which of the things that are wrong users are told now: each when it begins, and now and then while it lasts. Pure. */
import type { Note } from '../../model/egress/notes.ts';
import type { PolicyNote } from '../../model/egresspolicy.ts';

/** How often what is still wrong is told again, in milliseconds: Events are kept for an hour. */
export const again = 30 * 60_000;

/** One thing that is wrong with one object. */
export type AnyNote = Note | PolicyNote;

/** When each thing that is wrong was told last, in milliseconds of a clock that only goes forward. */
export type Told = ReadonlyMap<string, number>;

/** The notes that are to be told now, in their order, and what has been told of those that are wrong then. */
export function tellingOf(
  notes: readonly AnyNote[],
  known: Told,
  now: number,
): { readonly due: readonly AnyNote[]; readonly told: Told } {
  const due: AnyNote[] = [];
  const told = new Map<string, number>();
  for (const note of notes) {
    const key = keyOf(note);
    const last = known.get(key);
    const isDue = last === undefined || now - last >= again;
    if (isDue) due.push(note);
    told.set(key, isDue ? now : last);
  }
  return { due, told };
}

function keyOf(note: AnyNote): string {
  const object = 'namespace' in note ? `EgressNetworkPolicy ${note.namespace}` : note.kind;
  return [object, note.name, note.code, note.message].join('\n');
}
