/** The index of a bundle that `gather` wrote: it stands among the files of objects, and is none. */

/** Whether an object of the input is a row of the index: how many objects of a kind there were. */
export function isIndexRow(object: Readonly<Record<string, unknown>>): boolean {
  return !('metadata' in object) && typeof object['count'] === 'number' && typeof object['absent'] === 'boolean';
}
