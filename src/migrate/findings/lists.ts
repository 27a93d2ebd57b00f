/** Lists in sentences. */

const longest = 10;

/** The items with commas between them; of many the first ten and how many more there are. */
export function listText(items: readonly (string | number)[]): string {
  const shown = items.slice(0, longest).join(', ');
  return items.length > longest ? `${shown} and ${items.length - longest} more` : shown;
}

/** The nodes in a sentence. */
export function nodesText(names: readonly string[]): string {
  return names.length === 0 ? 'no node' : listText(names);
}
