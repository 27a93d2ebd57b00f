/** Lists nodes in sentences. */
import { listText } from '../../model/values/list-text.ts';

/** Lists the nodes for a sentence. */
export function nodesText(names: readonly string[]): string {
  return names.length === 0 ? 'no node' : listText(names);
}
