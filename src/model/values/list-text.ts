/** Lists in sentences. */

/** The items separated by commas: at most `longest` of them, then how many more there are. */
export function listText(items: readonly (string | number)[], longest = 10): string {
  const shown = items.slice(0, longest).join(', ');
  return items.length > longest ? `${shown} and ${items.length - longest} more` : shown;
}
