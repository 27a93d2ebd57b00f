/** What the server itself does to objects when they are created and changed, by kind. */
import { namespaceNameLabel } from '../../../model/objects/well-known.ts';
import { jsonEqual, type JsonObject } from '../../../model/values/json.ts';
import { establish } from '../../kinds/crd.ts';
import type { Resource } from '../../kinds/resource.ts';
import { objectAt, objectsAt, type StoredObject, textAt, timestamp, without } from '../../store/object.ts';
import { withPolicyTypes } from './networkpolicy.ts';
import { keptService, withServiceDefaults } from './service.ts';

/** Best effort unless a container requests resources; enough for this project. */
function qosClass(pod: JsonObject): string {
  const asks = objectsAt(objectAt(pod, 'spec'), 'containers').some(
    (one) => Object.keys(objectAt(one, 'resources')).length > 0,
  );
  return asks ? 'Burstable' : 'BestEffort';
}

/** The Namespace with its name as a label, which Kubernetes sets at every write, whatever a client sends. */
function withNameLabel(namespace: JsonObject): JsonObject {
  const metadata = objectAt(namespace, 'metadata');
  const labels = { ...objectAt(metadata, 'labels'), [namespaceNameLabel]: textAt(metadata, 'name') };
  return { ...namespace, metadata: { ...metadata, labels } };
}

/** The object as a create stores it: with the server's own status, and what the kind adds. */
export function prepareCreate(resource: Resource, object: JsonObject, now: Date): JsonObject {
  if (resource.custom) return resource.hasStatus ? without(object, 'status') : object;
  switch (resource.kind) {
    case 'Namespace':
      return { ...withNameLabel(object), spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
    case 'Pod':
      return { ...object, status: { phase: 'Pending', qosClass: qosClass(object) } };
    case 'CustomResourceDefinition':
      return establish(object, timestamp(now));
    case 'NetworkPolicy':
      return withPolicyTypes(object);
    case 'Service':
      return { ...withServiceDefaults(object), status: { loadBalancer: {} } };
    default:
      return object;
  }
}

/** The object as an update stores it: the status subresource changes only status, everything else all but status. */
export function prepareUpdate(
  resource: Resource,
  old: StoredObject,
  object: JsonObject,
  update: { readonly status: boolean; readonly now: Date },
): JsonObject {
  if (update.status) {
    const { resourceVersion, managedFields } = objectAt(object, 'metadata');
    return { ...old, metadata: { ...old.metadata, resourceVersion, managedFields }, status: object['status'] };
  }
  const { status } = old;
  const kept = resource.hasStatus
    ? { ...without(object, 'status'), ...(status === undefined ? {} : { status }) }
    : object;
  if (resource.kind === 'Namespace' && !resource.custom) return { ...withNameLabel(kept), spec: old['spec'] };
  if (resource.custom) return kept;
  if (resource.kind === 'NetworkPolicy') return withPolicyTypes(kept);
  if (resource.kind === 'Service') return withServiceDefaults(keptService(old, kept));
  return resource.kind === 'CustomResourceDefinition' ? establish(kept, timestamp(update.now)) : kept;
}

function desired(resource: Resource, object: JsonObject): JsonObject {
  return without(object, 'metadata', ...(resource.hasStatus ? ['status'] : []));
}

/**
 * The generation after a change: custom kinds count changes outside metadata (and outside status, if that is a
 * subresource).
 */
export function nextGeneration(resource: Resource, old: StoredObject, object: JsonObject): number | undefined {
  const generation = old.metadata['generation'];
  if (typeof generation !== 'number') return undefined;
  return jsonEqual(desired(resource, old), desired(resource, object)) ? generation : generation + 1;
}

/**
 * The number of seconds for which a deleted object stays, so that its node can stop it; 0 for all but pods on a node.
 */
export function gracePeriod(resource: Resource, object: StoredObject, asked: number | undefined): number {
  if (resource.custom || resource.kind !== 'Pod') return 0;
  const spec = objectAt(object, 'spec');
  const phase = textAt(objectAt(object, 'status'), 'phase');
  if ((textAt(spec, 'nodeName') ?? '') === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  const own = spec['terminationGracePeriodSeconds'];
  return asked ?? (typeof own === 'number' ? own : 30);
}
