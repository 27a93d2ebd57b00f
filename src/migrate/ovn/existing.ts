/** Objects that stand where a translation puts its own. */
import { isRecord, jsonEqual, parseJson } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import type { Finding } from '../finding.ts';
import type { Snapshot } from '../snapshot.ts';

/** The finding that an object with this name has another spec already; none when there is no such object or it is the same. */
export function existing({ objects }: Snapshot, made: KubeObject & { readonly spec: unknown }): readonly Finding[] {
  const { apiVersion = '', kind = '', metadata } = made;
  const { namespace, name = '' } = metadata;
  const found: unknown = objects.get(`${apiVersion}/${kind}`)?.find((one) => one.metadata.name === name && one.metadata.namespace === namespace);
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
