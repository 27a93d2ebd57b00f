/** Objects that stand where a translation puts its own. */
import { isRecord, jsonEqual, parseJson } from '../../../model/json.ts';
import type { KubeObject } from '../../../model/objects.ts';
import { type Finding, onCluster } from '../../finding.ts';
import type { Snapshot } from '../../snapshot.ts';

/** Objects by namespace and name, of each list once. */
const indexes = new WeakMap<readonly KubeObject[], ReadonlyMap<string, KubeObject>>();

/** The object of that kind, namespace and name in the snapshot. */
export function present(
  { objects }: Snapshot,
  { apiVersion = '', kind = '', metadata }: KubeObject,
): KubeObject | undefined {
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
  if (
    !isRecord(found) ||
    jsonEqual(parseJson(JSON.stringify(found['spec'] ?? null)), parseJson(JSON.stringify(made.spec)))
  )
    return [];
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

/** The findings that labels or annotations of ours are there with other values: somebody else wrote them. */
export function clashes(snapshot: Snapshot, made: KubeObject): readonly Finding[] {
  const found = present(snapshot, made);
  return (['labels', 'annotations'] as const).flatMap((field) =>
    Object.entries(made.metadata[field] ?? {}).flatMap(([key, value]) => {
      const other = found?.metadata[field]?.[key];
      return other === undefined || other === value ? [] : [clash(made, { field, key, value, other })];
    }),
  );
}

interface Clash {
  readonly field: 'labels' | 'annotations';
  readonly key: string;
  readonly value: string;
  readonly other: string;
}

function clash({ kind = '', metadata }: KubeObject, { field, key, value, other }: Clash): Finding {
  const what = field === 'labels' ? 'label' : 'annotation';
  return onCluster(kind, metadata.name ?? '', [
    'warning',
    'ObjectExists',
    [
      `The ${what} ${key} is ${JSON.stringify(other)}; OpenShift SDN does not look at it.`,
      `The plan wants it to be ${JSON.stringify(value)}, and apply refuses to overwrite what another manager wrote.`,
      `Remove the ${what}, or apply with --force.`,
    ],
  ]);
}
