/** EgressIPs (k8s.ovn.org/v1) as the migrator reads them. */
import type { KubeObject, LabelSelectorObject } from '../../model/objects/raw.ts';
import { fieldOf, isRecord } from '../../model/values/json.ts';
import { compareText } from '../../model/values/names.ts';
import { type Item, itemOf, listAt, selectorAt, textAt, textsAt } from './item.ts';

export interface EgressIPItem extends Item {
  /** What it requests, as written, but an IPv4 address mapped into IPv6 as the IPv4 address that it stands for. */
  readonly egressIPs: readonly string[];
  readonly namespaceSelector: LabelSelectorObject;
  readonly podSelector: LabelSelectorObject;
  /** The node of each assigned egress IP. */
  readonly assigned: ReadonlyMap<string, string>;
  /** The egress IPs that are listed as assigned more than once, with their nodes: nothing tells which has them. */
  readonly assignedTwice: ReadonlyMap<string, readonly string[]>;
}

/** The egress IPs that an EgressIP requests, as written. */
export function requestedIn(object: KubeObject): readonly string[] {
  return textsAt(object, 'spec', 'egressIPs');
}

/** The EgressIP with these addresses in place of its own. */
export function withAddresses(object: KubeObject, egressIPs: readonly string[]): KubeObject {
  const spec = fieldOf(object, 'spec');
  const grown = { ...object, spec: { ...(isRecord(spec) ? spec : {}), egressIPs } };
  return grown;
}

/** The node of each assigned egress IP of an EgressIP. */
export function assignedIn(object: KubeObject): ReadonlyMap<string, string> {
  return new Map(itemsOf(object).map(({ ip, node }) => [ip, node]));
}

/** OVN-Kubernetes takes `::ffff:192.0.2.1` for 192.0.2.1. */
function unmapped(text: string): string {
  const [, plain, high, low] = /^(?:0{0,4}:){2,6}ffff:(?:([\d.]+)|([\da-f]{1,4}):([\da-f]{1,4}))$/i.exec(text) ?? [];
  if (plain !== undefined) return plain;
  if (high === undefined || low === undefined) return text;
  return [high, low].flatMap((hex) => [parseInt(hex, 16) >> 8, parseInt(hex, 16) & 0xff]).join('.');
}

function itemsOf(object: KubeObject): readonly { readonly ip: string; readonly node: string }[] {
  return listAt(object, 'status', 'items').map((one) => ({ ip: textAt(one, 'egressIP'), node: textAt(one, 'node') }));
}

/** Reads an EgressIP. An absent selector selects everything. */
export function egressIPItem(object: KubeObject): EgressIPItem {
  return {
    ...itemOf(object),
    egressIPs: requestedIn(object).map(unmapped),
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
