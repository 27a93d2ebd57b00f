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

/** The ConfigMap with the installer's configuration, which has the machine networks. */
export const installConfig = { namespace: 'kube-system', name: 'cluster-config-v1' } as const;

/** Reads a ConfigMap. */
export function configMapItem(object: KubeObject): ConfigMapItem {
  return { ...itemOf(object), data: textsByKey(object, 'data') };
}
