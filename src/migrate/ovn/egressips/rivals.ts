/** Finds existing EgressIPs that conflict with those of the plan. */
import type { KubeObject, LabelSelectorObject } from '../../../model/objects.ts';
import { egressIPRival } from '../../findings/conflicts.ts';
import type { Finding } from '../../findings/finding.ts';
import type { Context } from '../context/context.ts';

/** k8s.ovn.org/v1 EgressIP. */
export interface EgressIP extends KubeObject {
  readonly spec: { readonly egressIPs: readonly string[]; readonly namespaceSelector: LabelSelectorObject };
}

/** Findings on other EgressIPs that request an address of these. */
export function rivalFindings({ snapshot }: Context, made: readonly EgressIP[]): readonly Finding[] {
  const names = new Set(made.map(({ metadata }) => metadata.name));
  const owners = new Map(
    made.flatMap(({ metadata, spec }) => spec.egressIPs.map((ip) => [ip, metadata.name ?? ''] as const)),
  );
  return snapshot.egressIPs
    .filter(({ name }) => !names.has(name))
    .flatMap(({ name, egressIPs }) => {
      const shared = egressIPs.filter((ip) => owners.has(ip));
      if (shared.length === 0) return [];
      return [egressIPRival({ name, shared, own: [...new Set(shared.map((ip) => owners.get(ip) ?? ''))] })];
    });
}
