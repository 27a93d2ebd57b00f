/** Objects that stand where a translation puts its own. */
import { isRecord, jsonEqual, parseJson } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import type { Finding } from '../finding.ts';
import type { Snapshot } from '../snapshot.ts';

/** Objects by namespace and name, of each list once. */
const indexes = new WeakMap<readonly KubeObject[], ReadonlyMap<string, KubeObject>>();

/** The object of that kind, namespace and name in the snapshot. */
export function present({ objects }: Snapshot, { apiVersion = '', kind = '', metadata }: KubeObject): KubeObject | undefined {
  const list = objects.get(`${apiVersion}/${kind}`) ?? [];
  const index = indexes.get(list) ?? new Map(list.map((one) => [keyOf(one), one]));
  indexes.set(list, index);
  return index.get(keyOf({ metadata }));
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}

/** The finding that an object with this name has another spec already; none when there is no such object or it is the same. */
export function existing(snapshot: Snapshot, made: KubeObject & { readonly spec: unknown }): readonly Finding[] {
  const { kind = '', metadata } = made;
  const { namespace, name = '' } = metadata;
  const found: unknown = present(snapshot, made);
  if (!isRecord(found) || jsonEqual(parseJson(JSON.stringify(found['spec'] ?? null)), parseJson(JSON.stringify(made.spec)))) return [];
  return [
    {
      severity: 'blocker',
      code: 'ObjectExists',
      kind,
      ...(namespace === undefined ? {} : { namespace }),
      name,
      today: `There is a ${kind} of that name with another spec; OpenShift SDN does not look at it.`,
      tomorrow: 'It stays as it is: apply refuses to overwrite fields of others.',
      action: 'Delete or rename it and plan again, or apply with --force to replace its spec.',
    },
  ];
}
