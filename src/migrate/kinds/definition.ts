/** CustomResourceDefinitions (apiextensions.k8s.io/v1) as the migrator reads them: what the served schemas can say. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { fieldOf } from '../../model/values/json.ts';
import { booleanAt, type Item, itemOf, listAt, textAt } from './item.ts';

export interface DefinitionItem extends Item {
  /** The schema of `spec` of each served version, by its name. */
  readonly specs: ReadonlyMap<string, unknown>;
}

/** Reads a CustomResourceDefinition. */
export function definitionItem(object: KubeObject): DefinitionItem {
  const served = listAt(object, 'spec', 'versions').filter((version) => booleanAt(version, 'served') === true);
  return {
    ...itemOf(object),
    specs: new Map(
      served.map((version) => [
        textAt(version, 'name'),
        fieldOf(version, 'schema', 'openAPIV3Schema', 'properties', 'spec'),
      ]),
    ),
  };
}

/** Whether the field of the schema is a label selector. */
export function hasSelector(schema: unknown, field: string): boolean {
  return ['matchLabels', 'matchExpressions'].every(
    (part) => fieldOf(schema, 'properties', field, 'properties', part) !== undefined,
  );
}
