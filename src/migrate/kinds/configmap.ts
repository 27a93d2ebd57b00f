/** ConfigMaps as the migrator reads them. */
import type { KubeObject } from '../../model/objects.ts';
import { type Item, itemOf, textsByKey } from './item.ts';

export interface ConfigMapItem extends Item {
  readonly data: Readonly<Record<string, string>>;
}

/** Reads a ConfigMap. */
export function configMapItem(object: KubeObject): ConfigMapItem {
  return { ...itemOf(object), data: textsByKey(object, 'data') };
}
