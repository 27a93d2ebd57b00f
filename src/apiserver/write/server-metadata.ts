/** The metadata that belongs to the server, whatever clients send: of new, changed and deleted objects. */
import { randomUUID } from 'node:crypto';
import { networkPolicies } from '../../../api/kinds.ts';
import type { JsonObject } from '../../model/values/json.ts';
import type { Resource } from '../kinds/resource.ts';
import { badRequest, qualified } from '../refusal.ts';
import { type Metadata, objectAt, type StoredObject, textAt, textsAt, timestamp } from '../store/object.ts';
import { nameSuffix } from './admission/metadata.ts';

/** Built-in kinds whose generation counts changes of their spec. */
const countsGenerations: readonly string[] = [qualified(networkPolicies.plural, networkPolicies.group)];

/** The metadata of a new object: what clients may not choose is the server's. */
export function newMetadata(
  { resource, namespace }: { readonly resource: Resource; readonly namespace: string | undefined },
  given: JsonObject,
  { time, random }: { readonly time: Date; readonly random: () => number },
): JsonObject & { readonly name: string } {
  if (namespace !== undefined && (given['namespace'] ?? namespace) !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if ((given['resourceVersion'] ?? '') !== '')
    throw badRequest('resourceVersion should not be set on objects to be created');
  const prefix = textAt(given, 'generateName') ?? '';
  return {
    ...given,
    name: textAt(given, 'name') ?? (prefix === '' ? '' : `${prefix}${nameSuffix(random)}`),
    namespace,
    uid: randomUUID(),
    creationTimestamp: timestamp(time),
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    selfLink: undefined,
    generation: resource.custom || countsGenerations.includes(resource.id) ? 1 : undefined,
  };
}

/** The metadata after an update: what clients may not change stays. */
export function keptMetadata(old: StoredObject, given: JsonObject, generation: number | undefined): JsonObject {
  const { uid, name, namespace, creationTimestamp } = old.metadata;
  const fixed = { uid, name, namespace, creationTimestamp, generation, selfLink: undefined };
  const deletion = {
    deletionTimestamp: old.metadata['deletionTimestamp'],
    deletionGracePeriodSeconds: old.metadata['deletionGracePeriodSeconds'],
  };
  return { ...given, ...fixed, ...deletion };
}

/** The object with its deletionTimestamp; a shorter grace period than before wins. */
export function markedForDeletion(
  resource: Resource,
  old: StoredObject,
  { grace, now }: { readonly grace: number; readonly now: Date },
): JsonObject {
  const before = old.metadata['deletionGracePeriodSeconds'];
  if (old.metadata['deletionTimestamp'] !== undefined && (typeof before !== 'number' || grace >= before)) return old;
  const metadata = {
    ...old.metadata,
    deletionTimestamp: timestamp(new Date(now.getTime() + 1000 * grace)),
    deletionGracePeriodSeconds: grace,
  };
  if (resource.id !== 'namespaces') return { ...old, metadata };
  const { deletionTimestamp } = metadata;
  return {
    ...old,
    metadata: { ...old.metadata, deletionTimestamp },
    status: { ...objectAt(old, 'status'), phase: 'Terminating' },
  };
}

/** Whether the object only waited for its last finalizer to be removed. */
export function isFinished({ kind, apiVersion, metadata }: StoredObject): boolean {
  if (metadata['deletionTimestamp'] === undefined || (kind === 'Namespace' && apiVersion === 'v1')) return false;
  return textsAt(metadata, 'finalizers').length === 0 && (metadata['deletionGracePeriodSeconds'] ?? 0) === 0;
}

/** The object as stored, with this version. */
export function stored(object: JsonObject, resourceVersion: string): StoredObject {
  const metadata = objectAt(object, 'metadata');
  const complete: Metadata = {
    ...Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined)),
    name: textAt(metadata, 'name') ?? '',
    uid: textAt(metadata, 'uid') ?? '',
    resourceVersion,
    creationTimestamp: textAt(metadata, 'creationTimestamp') ?? '',
  };
  return {
    ...object,
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    metadata: complete,
  };
}
