/** Nodes in sentences. */
import { listText } from '../../model/list-text.ts';

/** The nodes in a sentence. */
export function nodesText(names: readonly string[]): string {
  return names.length === 0 ? 'no node' : listText(names);
}
