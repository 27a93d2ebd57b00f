/** What changed between two states of the page: cost in proportion to the change for who is sent it. */
import isEqual from 'lodash/isEqual.js';
import { nodeKey, type PageChange, type PageState, type Part, rowKey } from './state.ts';

function partBetween<T>(before: readonly T[], after: readonly T[], key: (one: T) => string): Part<T> {
  const old = new Map(before.map((one) => [key(one), one]));
  const set = after.filter((one) => !isEqual(old.get(key(one)), one));
  for (const one of after) old.delete(key(one));
  return { set, gone: [...old.keys()] };
}

/** What changed; undefined if nothing did. The order of rows and nodes is no part of a state. */
export function changeBetween(before: PageState, after: PageState): PageChange | undefined {
  const rows = partBetween(before.rows, after.rows, rowKey);
  const nodes = partBetween(before.nodes, after.nodes, nodeKey);
  const isSame = [rows, nodes].every(({ set, gone }) => set.length + gone.length === 0);
  return isSame && isEqual(before.frame, after.frame) ? undefined : { frame: after.frame, rows, nodes };
}
