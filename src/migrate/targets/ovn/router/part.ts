/** Translates egress router pods and templates: redirect mode becomes an EgressRouter, other modes a finding. */
import { apiVersionOf, egressRouters } from '../../../../../api/kinds.ts';
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { contains } from '../../../../model/values/address.ts';
import type { Finding } from '../../../findings/finding.ts';
import {
  type Holder as HolderFacts,
  macvlanPod,
  routerTranslated,
  routerUntranslated,
  secondRouter,
} from '../../../findings/routers.ts';
import type { WorkloadItem } from '../../../kinds/workload.ts';
import { objectRef } from '../../../ref.ts';
import { environmentOf, isRouter, macvlanHolders } from '../../../routers/environment.ts';
import { type Change, type Part } from '../../../translation.ts';
import { existing } from '../conflicts.ts';
import type { Context } from '../context.ts';
import { type RouterSpec, routerSpec } from './spec.ts';

/** Plans EgressRouters for egress router pods. */
export function routerPart(context: Context): Part {
  const found = macvlanHolders(context.snapshot).filter(({ namespace }) => context.chosen(namespace));
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
    const env = environmentOf(context.snapshot, holder);
    if (!isRouter(env)) {
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

const factsOf = ({ kind, namespace, name, stopped }: WorkloadItem): HolderFacts => ({
  kind,
  namespace,
  name,
  isStopped: stopped,
});
