/** Finds existing EgressIPs that conflict with those of the plan. */
import type { KubeObject, LabelSelectorObject } from '../../../../model/objects/raw.ts';
import { namespaceNameLabel } from '../../../../model/objects/well-known.ts';
import { egressIPRival, namespaceServedTwice, namespaceUnlabelled } from '../../../findings/conflicts.ts';
import type { Finding } from '../../../findings/finding.ts';
import { selecting, withNameLabel } from '../../../kinds/selection.ts';
import { hasObject } from '../../../requests/groups.ts';
import type { Context } from '../context.ts';

/** k8s.ovn.org/v1 EgressIP. */
export interface EgressIP extends KubeObject {
  readonly spec: { readonly egressIPs: readonly string[]; readonly namespaceSelector: LabelSelectorObject };
}

/** Findings on other EgressIPs that request an address of these, or that select a namespace of these. */
export function rivalFindings(context: Context, made: readonly EgressIP[]): readonly Finding[] {
  return [...addressRivals(context, made), ...selectorRivals(context, made)];
}

/** A namespace that two EgressIPs select leaves with the addresses of one of them, whichever is assigned first. */
function selectorRivals({ snapshot, egress, namespaces }: Context, made: readonly EgressIP[]): readonly Finding[] {
  const names = new Set(made.map(({ metadata }) => metadata.name));
  const served = new Map(
    egress.groups.filter(hasObject).flatMap(({ name, selected }) => selected.map((one) => [one, name] as const)),
  );
  const select = selecting(
    [...served.keys()].map((name) => withNameLabel({ name, labels: namespaces?.get(name)?.labels ?? {} })),
  );
  return snapshot.egressIPs
    .filter(({ name }) => !names.has(name))
    .flatMap(({ name, egressIPs, namespaceSelector }) => {
      const shared = select(namespaceSelector);
      if (shared.length === 0) return [];
      const own = [...new Set(shared.map((namespace) => served.get(namespace) ?? ''))];
      return [namespaceServedTwice({ name, egressIPs, namespaces: shared, own })];
    });
}

/** The Namespaces that our EgressIPs name and that lack the label by which they are selected. */
export function unlabeledFindings({ egress, namespaces }: Context): readonly Finding[] {
  if (namespaces === undefined) return [];
  return egress.groups
    .filter(hasObject)
    .flatMap(({ name, selected }) =>
      selected
        .filter((namespace) => namespaces.get(namespace)?.labels[namespaceNameLabel] !== namespace)
        .map((namespace) => namespaceUnlabelled({ name: namespace, label: namespaceNameLabel, egressIP: name })),
    );
}

function addressRivals({ snapshot }: Context, made: readonly EgressIP[]): readonly Finding[] {
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
