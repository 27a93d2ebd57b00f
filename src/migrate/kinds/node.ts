/** Nodes as the migrator reads them. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { type Item, itemOf, listAt, textAt } from './item.ts';

export interface NodeItem extends Item {
  /** Texts of status.addresses, of any type; some are names. */
  readonly addresses: readonly string[];
  /** Status of the condition Ready: True, False or Unknown; undefined if the object does not show it. */
  readonly ready: string | undefined;
  /** Changes with each boot; empty if the object does not show it. */
  readonly bootID: string;
}

/** Reads a Node. */
export function nodeItem(object: KubeObject): NodeItem {
  const ready = listAt(object, 'status', 'conditions').find((one) => textAt(one, 'type') === 'Ready');
  return {
    ...itemOf(object),
    addresses: listAt(object, 'status', 'addresses').map((one) => textAt(one, 'address')),
    ready: ready === undefined ? undefined : textAt(ready, 'status'),
    bootID: textAt(object, 'status', 'nodeInfo', 'bootID'),
  };
}
