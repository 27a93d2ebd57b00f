/** EgressIPs (k8s.ovn.org/v1) as the migrator reads them. */
import type { KubeObject, LabelSelectorObject } from '../../model/objects/raw.ts';
import { compareText } from '../../model/values/names.ts';
import { type Item, itemOf, listAt, selectorAt, textAt, textsAt } from './item.ts';

export interface EgressIPItem extends Item {
  /** What it requests, as written. */
  readonly egressIPs: readonly string[];
  readonly namespaceSelector: LabelSelectorObject;
  readonly podSelector: LabelSelectorObject;
  /** The node of each assigned egress IP. */
  readonly assigned: ReadonlyMap<string, string>;
  /** The egress IPs that are listed as assigned more than once, with their nodes: nothing tells which has them. */
  readonly assignedTwice: ReadonlyMap<string, readonly string[]>;
}

/** The node of each assigned egress IP of an EgressIP. */
export function assignedIn(object: KubeObject): ReadonlyMap<string, string> {
  return new Map(itemsOf(object).map(({ ip, node }) => [ip, node]));
}

function itemsOf(object: KubeObject): readonly { readonly ip: string; readonly node: string }[] {
  return listAt(object, 'status', 'items').map((one) => ({ ip: textAt(one, 'egressIP'), node: textAt(one, 'node') }));
}

/** Reads an EgressIP. An absent selector selects everything. */
export function egressIPItem(object: KubeObject): EgressIPItem {
  return {
    ...itemOf(object),
    egressIPs: textsAt(object, 'spec', 'egressIPs'),
    namespaceSelector: selectorAt(object, 'spec', 'namespaceSelector') ?? {},
    podSelector: selectorAt(object, 'spec', 'podSelector') ?? {},
    assigned: assignedIn(object),
    assignedTwice: new Map(
      [...Map.groupBy(itemsOf(object), ({ ip }) => ip)].flatMap(([ip, items]): [string, readonly string[]][] =>
        items.length < 2 ? [] : [[ip, items.map(({ node }) => node).sort(compareText)]],
      ),
    ),
  };
}
