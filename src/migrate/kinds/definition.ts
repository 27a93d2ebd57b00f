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

/**
 * What the schema says of the field at the end of the path: it declares it, takes any field there, or knows none. A
 * list stands for its items.
 */
export function fieldIn(schema: unknown, path: readonly string[]): 'declared' | 'any' | 'none' {
  const [field, ...rest] = path;
  if (field === undefined) return 'declared';
  const own = fieldOf(schema, 'items') ?? schema;
  const inner = fieldOf(own, 'properties', field);
  if (inner !== undefined) return fieldIn(inner, rest);
  return booleanAt(own, 'x-kubernetes-preserve-unknown-fields') === true ? 'any' : 'none';
}

/** Whether the field of the schema is a label selector. */
export function hasSelector(schema: unknown, field: string): boolean {
  return ['matchLabels', 'matchExpressions'].every(
    (part) => fieldOf(schema, 'properties', field, 'properties', part) !== undefined,
  );
}
