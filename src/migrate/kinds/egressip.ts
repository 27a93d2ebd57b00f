/** EgressIPs (k8s.ovn.org/v1) as the migrator reads them. */
import type { KubeObject, LabelSelectorObject } from '../../model/objects.ts';
import { type Item, itemOf, listAt, selectorAt, textAt, textsAt } from './item.ts';

export interface EgressIPItem extends Item {
  /** What it requests, as written. */
  readonly egressIPs: readonly string[];
  readonly namespaceSelector: LabelSelectorObject;
  readonly podSelector: LabelSelectorObject;
  /** The node of each assigned egress IP. */
  readonly assigned: ReadonlyMap<string, string>;
}

/** Reads an EgressIP. An absent selector selects everything. */
export function egressIPItem(object: KubeObject): EgressIPItem {
  const items = listAt(object, 'status', 'items');
  return {
    ...itemOf(object),
    egressIPs: textsAt(object, 'spec', 'egressIPs'),
    namespaceSelector: selectorAt(object, 'spec', 'namespaceSelector') ?? {},
    podSelector: selectorAt(object, 'spec', 'podSelector') ?? {},
    assigned: new Map(items.map((one) => [textAt(one, 'egressIP'), textAt(one, 'node')])),
  };
}
