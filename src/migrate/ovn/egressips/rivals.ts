/** Finds existing EgressIPs that conflict with those of the plan. */
import { egressIPs as egressIPKind } from '../../../../api/kinds.ts';
import { asList, asText, isRecord } from '../../../model/json.ts';
import type { KubeObject } from '../../../model/objects.ts';
import { egressIPRival } from '../../findings/conflicts.ts';
import type { Finding } from '../../findings/finding.ts';
import { objectsOf } from '../../snapshot.ts';
import type { Context } from '../context/context.ts';

/** Findings on other EgressIPs that request an address of these. */
export function rivalFindings({ snapshot }: Context, made: readonly KubeObject[]): readonly Finding[] {
  const others = objectsOf(snapshot, egressIPKind);
  if (others.length === 0) return [];
  const names = new Set(made.map(({ metadata }) => metadata.name));
  const owners = new Map(
    made.flatMap((object) => addressesOf(object).map((ip) => [ip, object.metadata.name ?? ''] as const)),
  );
  return others
    .filter(({ metadata }) => !names.has(metadata.name))
    .flatMap((other) => {
      const shared = addressesOf(other).filter((ip) => owners.has(ip));
      if (shared.length === 0) return [];
      const own = [...new Set(shared.map((ip) => owners.get(ip) ?? ''))];
      return [egressIPRival({ name: other.metadata.name ?? '', shared, own })];
    });
}

function addressesOf(object: unknown): readonly string[] {
  const spec = isRecord(object) ? object['spec'] : undefined;
  return isRecord(spec) ? asList(spec['egressIPs']).map(asText) : [];
}
