/** Translates egress router pods and templates: redirect mode becomes an EgressRouter, other modes a finding. */
import { apiVersionOf, configMaps, egressRouters, pods, workloads } from '../../../../api/kinds.ts';
import { contains } from '../../../model/address.ts';
import { asList, asText, isRecord } from '../../../model/json.ts';
import { compareText } from '../../../model/names.ts';
import type { KubeObject } from '../../../model/objects.ts';
import { err, ok, type Result } from '../../../model/result.ts';
import type { Finding } from '../../findings/finding.ts';
import {
  type Holder as HolderFacts,
  macvlanPod,
  routerTranslated,
  routerUntranslated,
  secondRouter,
} from '../../findings/routers.ts';
import { objectRef } from '../../ref.ts';
import { objectsOf, type Snapshot } from '../../snapshot.ts';
import { type Change, type Part } from '../../translation.ts';
import { existing } from '../context/conflicts.ts';
import type { Context } from '../context/context.ts';
import { type RouterSpec, routerSpec } from './spec.ts';

const macvlanAnnotation = 'pod.network.openshift.io/assign-macvlan';

type Fields = Readonly<Record<string, unknown>>;

/** A pod, or an object that makes pods, that requests a macvlan interface. */
interface Holder {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly name: string;
  readonly spec: Fields;
  /** Whether it makes no pods at the moment. */
  readonly stopped: boolean;
}

/** Plans EgressRouters for egress router pods. */
export function routerPart(context: Context): Part {
  const found = holders(context.snapshot).filter(({ namespace }) => context.chosen(namespace));
  const parts = [...Map.groupBy(found, ({ namespace }) => namespace)].map(([, inNamespace]) =>
    namespacePart(context, inNamespace),
  );
  return { changes: parts.flatMap(({ changes }) => changes), findings: parts.flatMap(({ findings }) => findings) };
}

function namespacePart(context: Context, found: readonly Holder[]): Part {
  const changes: Change[] = [];
  const findings: Finding[] = [];
  let first: Holder | undefined;
  for (const holder of found) {
    const env = environment(context.snapshot, holder);
    if (!env.has('EGRESS_SOURCE')) {
      findings.push(macvlanPod(factsOf(holder)));
      continue;
    }
    const spec = routerSpec(
      env,
      (ip) =>
        [...context.machines.values()].find(({ network }) => network !== undefined && contains(network, ip))?.network
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

function routerOf({ namespace, name }: Holder, spec: RouterSpec): KubeObject & { readonly spec: RouterSpec } {
  return { apiVersion: apiVersionOf(egressRouters), kind: egressRouters.kind, metadata: { name, namespace }, spec };
}

/** All holders of a macvlan interface, sorted by namespace, kind and name, without those that another one made. */
function holders(snapshot: Snapshot): readonly Holder[] {
  const objects = [pods, ...workloads].flatMap((kind) =>
    objectsOf(snapshot, kind).map((object) => ({ apiVersion: apiVersionOf(kind), kind: kind.kind, ...object })),
  );
  const uids = new Set(objects.map(({ metadata }) => metadata.uid));
  return objects
    .filter((object) => !owners(object).some((uid) => uids.has(uid)))
    .flatMap(holderOf)
    .sort(
      (a, b) =>
        compareText(a.namespace, b.namespace) ||
        compareText(a.object.kind ?? '', b.object.kind ?? '') ||
        compareText(a.name, b.name),
    );
}

function owners({ metadata }: { readonly metadata: unknown }): readonly string[] {
  const listed = isRecord(metadata) ? asList(metadata['ownerReferences']) : [];
  return listed.map((one) => (isRecord(one) ? asText(one['uid']) : '')).filter((uid) => uid !== '');
}

function holderOf(object: KubeObject): readonly Holder[] {
  const { namespace = '', name = '' } = object.metadata;
  const fields: Fields = { ...object };
  const spec = at(fields, 'spec');
  const template =
    object.kind === 'Pod'
      ? fields
      : object.kind === 'CronJob'
        ? at(at(at(spec, 'jobTemplate'), 'spec'), 'template')
        : at(spec, 'template');
  const value = asText(at(at(template, 'metadata'), 'annotations')[macvlanAnnotation]);
  if (value === '' || value === 'false') return [];
  const stopped = spec['replicas'] === 0 || spec['suspend'] === true;
  return [{ object, namespace, name, spec: at(template, 'spec'), stopped }];
}

function at(value: Fields, field: string): Fields {
  const found = value[field];
  return isRecord(found) ? found : {};
}

/** Variables of the init containers, then of the others. ConfigMaps are looked up; an unknown value is an error. */
function environment(snapshot: Snapshot, { namespace, spec }: Holder): ReadonlyMap<string, Result<string>> {
  const found = new Map<string, Result<string>>();
  const add = (name: string, value: Result<string>): void => {
    if (!found.has(name)) found.set(name, value);
  };
  for (const container of [...asList(spec['initContainers']), ...asList(spec['containers'])].filter(isRecord)) {
    for (const entry of asList(container['env']).filter(isRecord))
      add(asText(entry['name']), variable(snapshot, namespace, entry));
    for (const source of asList(container['envFrom']).filter(isRecord)) {
      const data = configMap(snapshot, namespace, asText(at(source, 'configMapRef')['name']));
      for (const [key, value] of Object.entries(data ?? {}))
        add(`${asText(source['prefix'])}${key}`, ok(asText(value)));
    }
  }
  return found;
}

function variable(snapshot: Snapshot, namespace: string, entry: Fields): Result<string> {
  const { configMapKeyRef } = at(entry, 'valueFrom');
  if (typeof entry['value'] === 'string') return ok(entry['value']);
  if (!isRecord(configMapKeyRef)) return err('its value is not in the template');
  const [name, key] = [asText(configMapKeyRef['name']), asText(configMapKeyRef['key'])];
  const value = configMap(snapshot, namespace, name)?.[key];
  return typeof value === 'string'
    ? ok(value)
    : err(`key ${JSON.stringify(key)} of ConfigMap ${namespace}/${name} is not in the input`);
}

function configMap(snapshot: Snapshot, namespace: string, name: string): Fields | undefined {
  const found: unknown = objectsOf(snapshot, configMaps).find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
  );
  return isRecord(found) ? at(found, 'data') : undefined;
}

const factsOf = ({ object, namespace, name, stopped }: Holder): HolderFacts => ({
  kind: object.kind ?? '',
  namespace,
  name,
  isStopped: stopped,
});
