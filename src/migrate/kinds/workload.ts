/** Pods, and what makes pods, as the migrator reads them: their template, and whether it is for an egress router. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { macvlanAnnotation } from '../../model/objects/well-known.ts';
import { fieldOf, isRecord } from '../../model/values/json.ts';
import { type Item, itemOf, listAt, textAt } from './item.ts';

/** Part of the key of the annotation that makes a pod an egress router. */
export const macvlanMark = 'assign-macvlan';

/** A variable of a container. */
export type Variable = { readonly name: string } & (
  | { readonly kind: 'value'; readonly value: string }
  /** Key of a ConfigMap. */
  | { readonly kind: 'reference'; readonly configMap: string; readonly key: string }
  /** Of a Secret or a field, say. */
  | { readonly kind: 'elsewhere' }
);

/** A ConfigMap whose keys become variables. */
export interface VariableSource {
  readonly configMap: string;
  readonly prefix: string;
}

export interface Container {
  readonly variables: readonly Variable[];
  readonly sources: readonly VariableSource[];
}

export interface WorkloadItem extends Item {
  readonly kind: string;
  /** Whether its pods get a macvlan interface. */
  readonly hasMacvlan: boolean;
  /** Whether it makes no pods at the moment. */
  readonly stopped: boolean;
  /** Init containers, then the others. */
  readonly containers: readonly Container[];
  /** UIDs of the objects that made it. */
  readonly owners: readonly string[];
}

const templates = [[], ['spec', 'template'], ['spec', 'jobTemplate', 'spec', 'template']] as const;

/** Whether the pod has an annotation for a macvlan interface, or the workload makes pods with one. */
export function mentionsMacvlan(object: unknown): boolean {
  return templates.some((path) => {
    const annotations = fieldOf(object, ...path, 'metadata', 'annotations');
    return isRecord(annotations) && Object.keys(annotations).some((key) => key.includes(macvlanMark));
  });
}

/** Reads a pod or workload. */
export function workloadItem(object: KubeObject): WorkloadItem {
  const { kind = '' } = object;
  const path = kind === 'Pod' ? templates[0] : kind === 'CronJob' ? templates[2] : templates[1];
  const template = fieldOf(object, ...path);
  const value = textAt(template, 'metadata', 'annotations', macvlanAnnotation);
  return {
    ...itemOf(object),
    kind,
    hasMacvlan: value !== '' && value !== 'false',
    stopped: fieldOf(object, 'spec', 'replicas') === 0 || fieldOf(object, 'spec', 'suspend') === true,
    containers: ['initContainers', 'containers'].flatMap((list) => listAt(template, 'spec', list)).map(containerOf),
    owners: listAt(object, 'metadata', 'ownerReferences')
      .map((one) => textAt(one, 'uid'))
      .filter((uid) => uid !== ''),
  };
}

function containerOf(container: unknown): Container {
  return {
    variables: listAt(container, 'env').map(variableOf),
    sources: listAt(container, 'envFrom').map((source) => ({
      configMap: textAt(source, 'configMapRef', 'name'),
      prefix: textAt(source, 'prefix'),
    })),
  };
}

function variableOf(entry: unknown): Variable {
  const name = textAt(entry, 'name');
  const value = fieldOf(entry, 'value');
  if (typeof value === 'string') return { name, kind: 'value', value };
  const reference = fieldOf(entry, 'valueFrom', 'configMapKeyRef');
  return isRecord(reference)
    ? { name, kind: 'reference', configMap: textAt(reference, 'name'), key: textAt(reference, 'key') }
    : { name, kind: 'elsewhere' };
}
