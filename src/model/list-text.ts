/** Lists in sentences. */

/** The most items that are written out. */
const longest = 10;

/** The items separated by commas: at most ten of them, then how many more there are. */
export function listText(items: readonly (string | number)[]): string {
  const shown = items.slice(0, longest).join(', ');
  return items.length > longest ? `${shown} and ${items.length - longest} more` : shown;
}
