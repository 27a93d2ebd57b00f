/** ConfigMaps as the migrator reads them. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { type Item, itemOf, textsByKey } from './item.ts';

export interface ConfigMapItem extends Item {
  readonly data: Readonly<Record<string, string>>;
}

/** The ConfigMap in which the network operator keeps the MTU of the nodes' uplinks, as it found it. */
export const mtuConfigMap = { namespace: 'openshift-network-operator', name: 'mtu' } as const;
/** Names it for people. */
export const mtuConfigMapName = `ConfigMap ${mtuConfigMap.namespace}/${mtuConfigMap.name}`;

/** Reads a ConfigMap. */
export function configMapItem(object: KubeObject): ConfigMapItem {
  return { ...itemOf(object), data: textsByKey(object, 'data') };
}
