/** Translates egress router pods and templates: redirect mode becomes an EgressRouter, other modes a finding. */
import { apiVersionOf, egressRouters } from '../../../../../api/kinds.ts';
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { contains } from '../../../../model/values/address.ts';
import { compareText } from '../../../../model/values/names.ts';
import { err, ok, type Result } from '../../../../model/values/result.ts';
import type { Finding } from '../../../findings/finding.ts';
import {
  type Holder as HolderFacts,
  macvlanPod,
  routerTranslated,
  routerUntranslated,
  secondRouter,
} from '../../../findings/routers.ts';
import type { Variable, WorkloadItem } from '../../../kinds/workload.ts';
import { objectRef } from '../../../ref.ts';
import type { Snapshot } from '../../../snapshot.ts';
import { type Change, type Part } from '../../../translation.ts';
import { existing } from '../conflicts.ts';
import type { Context } from '../context.ts';
import { type RouterSpec, routerSpec } from './spec.ts';

/** Plans EgressRouters for egress router pods. */
export function routerPart(context: Context): Part {
  const found = holders(context.snapshot).filter(({ namespace }) => context.chosen(namespace));
  const parts = [...Map.groupBy(found, ({ namespace }) => namespace)].map(([, inNamespace]) =>
    namespacePart(context, inNamespace),
  );
  return { changes: parts.flatMap(({ changes }) => changes), findings: parts.flatMap(({ findings }) => findings) };
}

function namespacePart(context: Context, found: readonly WorkloadItem[]): Part {
  const changes: Change[] = [];
  const findings: Finding[] = [];
  let first: WorkloadItem | undefined;
  for (const holder of found) {
    const env = environment(context.snapshot, holder);
    if (!env.has('EGRESS_SOURCE')) {
      findings.push(macvlanPod(factsOf(holder)));
      continue;
    }
    const spec = routerSpec(
      env,
      (ip) =>
        [...context.ovnNodes.values()].find(({ network }) => network !== undefined && contains(network, ip))?.network
          ?.length,
    );
    if (!spec.ok) findings.push(routerUntranslated({ ...factsOf(holder), reason: spec.error }));
    else if (first !== undefined) findings.push(secondRouter({ ...factsOf(holder), first: factsOf(first) }));
    else {
      first = holder;
      const object = routerOf(holder, spec.value);
      changes.push({ action: 'apply', step: 'egress-routers', object, from: [objectRef(holder.object)] });
      findings.push(routerTranslated(factsOf(holder)), ...existing(context.snapshot, object));
    }
  }
  return { changes, findings };
}

function routerOf({ namespace, name }: WorkloadItem, spec: RouterSpec): KubeObject & { readonly spec: RouterSpec } {
  return { apiVersion: apiVersionOf(egressRouters), kind: egressRouters.kind, metadata: { name, namespace }, spec };
}

/** All that request a macvlan interface, sorted by namespace, kind and name, without those that another one made. */
function holders({ workloads }: Snapshot): readonly WorkloadItem[] {
  const uids = new Set(workloads.map(({ object }) => object.metadata.uid));
  return (
    workloads
      // what has an owner and stands still is history: a ReplicaSet of a Deployment that is no router any more
      .filter(
        ({ hasMacvlan, owners, stopped }) =>
          hasMacvlan && !owners.some((uid) => uids.has(uid)) && !(stopped && owners.length > 0),
      )
      .toSorted(
        (a, b) => compareText(a.namespace, b.namespace) || compareText(a.kind, b.kind) || compareText(a.name, b.name),
      )
  );
}

/** Variables of the init containers, then of the others. ConfigMaps are looked up; an unknown value is an error. */
function environment(snapshot: Snapshot, { namespace, containers }: WorkloadItem): ReadonlyMap<string, Result<string>> {
  const found = new Map<string, Result<string>>();
  const add = (name: string, value: Result<string>): void => {
    if (!found.has(name)) found.set(name, value);
  };
  for (const { variables, sources } of containers) {
    for (const variable of variables) add(variable.name, valueOf(snapshot, namespace, variable));
    for (const { configMap, prefix } of sources) {
      for (const [key, value] of Object.entries(dataOf(snapshot, namespace, configMap) ?? {}))
        add(`${prefix}${key}`, ok(value));
    }
  }
  return found;
}

function valueOf(snapshot: Snapshot, namespace: string, variable: Variable): Result<string> {
  switch (variable.kind) {
    case 'value':
      return ok(variable.value);
    case 'elsewhere':
      return err('its value is not in the template');
    case 'reference': {
      const { configMap, key } = variable;
      const value = dataOf(snapshot, namespace, configMap)?.[key];
      return value === undefined
        ? err(`key ${JSON.stringify(key)} of ConfigMap ${namespace}/${configMap} is not in the input`)
        : ok(value);
    }
  }
}

function dataOf(snapshot: Snapshot, namespace: string, name: string): Readonly<Record<string, string>> | undefined {
  return snapshot.configMaps.find((one) => one.namespace === namespace && one.name === name)?.data;
}

const factsOf = ({ kind, namespace, name, stopped }: WorkloadItem): HolderFacts => ({
  kind,
  namespace,
  name,
  isStopped: stopped,
});
