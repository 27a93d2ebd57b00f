/** The verbs: creates, updates and deletes objects by Kubernetes' rules. Patches are updates with a computed object. */
import { randomUUID } from 'node:crypto';
import { jsonEqual, type JsonObject, sortedKeys } from '../../model/values/json.ts';
import { resourcesOf } from '../kinds/crd.ts';
import type { Registry } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import { alreadyExists, badRequest, conflict, forbidden, invalid, notFound } from '../refusal.ts';
import { type Metadata, objectAt, type StoredObject, textAt, textsAt, timestamp } from '../store/object.ts';
import { type Collection, keyIn, type Store } from '../store/store.ts';
import { admit, unhandled } from './admission/admit.ts';
import { labelErrors, nameErrors, nameSuffix } from './admission/metadata.ts';
import { gracePeriod, nextGeneration, prepareCreate, prepareUpdate } from './admission/strategy.ts';
import { validateObject } from './admission/validate.ts';
import { noteUpdate, type Writer } from './ownership/managers.ts';

export interface World {
  readonly store: Store;
  readonly registry: Registry;
  readonly now: () => Date;
  readonly random: () => number;
}

export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
}

export interface NamedTarget extends Target {
  readonly name: string;
}

export interface WriteSettings {
  readonly dryRun: boolean;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  readonly status: boolean;
  /** Whether the new state comes from a patch, which changes the error messages. */
  readonly patch: boolean;
  /** Who writes; for an apply, managedFields is set already. */
  readonly writer: Writer;
}

export interface Written {
  readonly object: StoredObject;
  readonly warnings: readonly string[];
}

export interface DeleteSettings {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** Namespaces that always exist. */
export const permanentNamespaces = ['default', 'kube-system'];

export class Objects {
  readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  /** Adds an object from before this server started, and serves the kinds of a CRD. */
  restore(id: string, object: StoredObject): void {
    this.world.store.collection(id).restore(object);
    if (id === crdId) this.world.registry.set(object.metadata.name, resourcesOf(object).resources);
  }

  /** Resumes deletions of namespaces that a restart interrupted. */
  resume(): void {
    for (const { object } of this.world.store.collection('namespaces').sorted()) {
      if (object.metadata['deletionTimestamp'] !== undefined)
        setImmediate(() => this.#emptyNamespace(object.metadata.name));
    }
  }

  collection(resource: Resource): Collection {
    return this.world.store.collection(resource.id);
  }

  has({ resource, namespace, name }: NamedTarget): boolean {
    return this.collection(resource).get(keyIn(name, namespace)) !== undefined;
  }

  /** The object; throws a 404 if it does not exist. */
  get({ resource, namespace, name }: NamedTarget): StoredObject {
    const entry = this.collection(resource).get(keyIn(name, namespace));
    if (entry === undefined) throw notFound(resource, name);
    return entry.object;
  }

  /** Stores a new object. */
  create(target: Target, body: JsonObject, settings: WriteSettings): Written {
    const { resource, namespace } = target;
    const { now, store } = this.world;
    const admitted = admit(resource, body);
    refuseUnknown(resource, admitted.unknown, settings);
    const time = now();
    const metadata = this.#newMetadata(target, objectAt(admitted.object, 'metadata'), time);
    const { name } = metadata;
    const prepared = prepareCreate(resource, { ...admitted.object, metadata }, time);
    this.#check(resource, prepared, name);
    if (this.collection(resource).get(keyIn(name, namespace)) !== undefined) throw alreadyExists(resource, name);
    if (namespace !== undefined) this.#requireNamespace(resource, namespace, name);
    const managed =
      settings.writer.operation === 'Apply'
        ? prepared
        : noteUpdate({}, prepared, settings.writer, { resource, now: time });
    const object = stored(managed, settings.dryRun ? String(store.version) : store.nextVersion());
    if (!settings.dryRun) this.#put(resource, object);
    return { object, warnings: settings.fieldValidation === 'Warn' ? admitted.unknown : [] };
  }

  #newMetadata({ resource, namespace }: Target, given: JsonObject, time: Date): JsonObject & { readonly name: string } {
    if (namespace !== undefined && (given['namespace'] ?? namespace) !== namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    if ((given['resourceVersion'] ?? '') !== '')
      throw badRequest('resourceVersion should not be set on objects to be created');
    const prefix = textAt(given, 'generateName') ?? '';
    return {
      ...given,
      name: textAt(given, 'name') ?? (prefix === '' ? '' : `${prefix}${nameSuffix(this.world.random)}`),
      namespace,
      uid: randomUUID(),
      creationTimestamp: timestamp(time),
      deletionTimestamp: undefined,
      deletionGracePeriodSeconds: undefined,
      selfLink: undefined,
      generation: resource.custom ? 1 : undefined,
    };
  }

  /**
   * Stores a new state of an object. `change` makes it from the present one, whose resourceVersion it must have if it
   * has one. If nothing changes, the version stays.
   */
  update(target: NamedTarget, change: (old: StoredObject) => JsonObject, settings: WriteSettings): Written {
    const { resource, name } = target;
    const old = this.get(target);
    const wanted = change(old);
    const admitted = admit(resource, wanted);
    if (settings.patch) refuseUnknownInPatch(wanted, admitted.unknown, settings);
    else refuseUnknown(resource, admitted.unknown, settings);
    const warnings = settings.fieldValidation === 'Warn' ? admitted.unknown : [];
    const given = objectAt(admitted.object, 'metadata');
    checkSame(resource, old, given);
    const prepared = prepareUpdate(resource, old, admitted.object, { status: settings.status, now: this.world.now() });
    const kept = keptMetadata(old, objectAt(prepared, 'metadata'), nextGeneration(resource, old, prepared));
    const next: JsonObject = { ...prepared, metadata: kept };
    this.#check(resource, next, name);
    const { resourceVersion, managedFields } = old.metadata;
    const isApply = settings.writer.operation === 'Apply';
    const alike = { ...kept, resourceVersion, ...(isApply ? {} : { managedFields }) };
    if (jsonEqual({ ...next, metadata: alike }, old)) return { object: old, warnings };
    const managed = isApply ? next : noteUpdate(old, next, settings.writer, { resource, now: this.world.now() });
    if (settings.dryRun) return { object: stored(managed, resourceVersion), warnings };
    const object = stored(managed, this.world.store.nextVersion());
    if (isFinished(object)) this.#remove(resource, object);
    else this.#put(resource, object);
    return { object, warnings };
  }

  /** Stores a complete new state of an object; custom kinds must name the version that it replaces. */
  replace(target: NamedTarget, body: JsonObject, settings: WriteSettings): Written {
    const { resource, name } = target;
    if (resource.custom && (objectAt(body, 'metadata')['resourceVersion'] ?? '') === '') {
      const message = 'Invalid value: 0x0: must be specified for an update';
      throw invalid(resource, name, [{ reason: 'FieldValueInvalid', field: 'metadata.resourceVersion', message }]);
    }
    return this.update(target, () => body, settings);
  }

  /** Deletes the object at once, or marks it for deletion; returns its last state and whether it is gone. */
  delete(target: NamedTarget, settings: DeleteSettings): { readonly last: StoredObject; readonly gone: boolean } {
    const { resource, name } = target;
    const old = this.get(target);
    checkPreconditions(resource, old, settings);
    const isNamespace = resource.id === 'namespaces';
    if (isNamespace && permanentNamespaces.includes(name))
      throw forbidden(resource, name, 'this namespace may not be deleted');
    const grace = gracePeriod(resource, old, settings.gracePeriodSeconds);
    const stays = grace > 0 || isNamespace || textsAt(old.metadata, 'finalizers').length > 0;
    if (!stays) {
      if (!settings.dryRun) this.#remove(resource, stored(old, this.world.store.nextVersion()));
      return { last: old, gone: true };
    }
    const marked = this.#marked(resource, old, grace);
    if (jsonEqual(marked, old) || settings.dryRun)
      return { last: stored(marked, old.metadata.resourceVersion), gone: false };
    const object = stored(marked, this.world.store.nextVersion());
    this.#put(resource, object);
    if (isNamespace) setImmediate(() => this.#emptyNamespace(name));
    return { last: object, gone: false };
  }

  /** The object with its deletionTimestamp; a shorter grace period than before wins. */
  #marked(resource: Resource, old: StoredObject, grace: number): JsonObject {
    const before = old.metadata['deletionGracePeriodSeconds'];
    if (old.metadata['deletionTimestamp'] !== undefined && (typeof before !== 'number' || grace >= before)) return old;
    const metadata = {
      ...old.metadata,
      deletionTimestamp: timestamp(new Date(this.world.now().getTime() + 1000 * grace)),
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

  #put(resource: Resource, object: StoredObject): void {
    this.collection(resource).put(object);
    if (resource.id === crdId) this.world.registry.set(object.metadata.name, resourcesOf(object).resources);
    if (resource.id === 'namespaces') setImmediate(() => this.#finishNamespace(object.metadata.name));
  }

  #remove(resource: Resource, last: StoredObject): void {
    if (resource.id === crdId) this.#removeKind(last.metadata.name);
    this.collection(resource).remove(last);
    const { namespace } = last.metadata;
    if (namespace !== undefined) this.#finishNamespace(namespace);
  }

  /** Deletes a kind with all its objects. */
  #removeKind(crdName: string): void {
    const [resource] = this.world.registry.ofCrd(crdName);
    if (resource !== undefined) {
      for (const { object } of this.collection(resource).sorted()) {
        this.collection(resource).remove(stored(object, this.world.store.nextVersion()));
      }
    }
    this.world.registry.set(crdName, []);
  }

  #check(resource: Resource, object: JsonObject, name: string): void {
    const metadata = objectAt(object, 'metadata');
    const errors = [
      ...nameErrors(name, resource.id === 'namespaces'),
      ...labelErrors(metadata),
      ...validateObject(object, resource.schema),
      ...(resource.id === crdId ? resourcesOf(object).errors : []),
    ];
    if (errors.length > 0) throw invalid(resource, name, errors);
  }

  #requireNamespace(resource: Resource, namespace: string, name: string): void {
    const found = this.world.store.collection('namespaces').get(namespace);
    if (found === undefined) throw notFound({ group: '', plural: 'namespaces', kind: 'Namespace' }, namespace);
    if (found.object.metadata['deletionTimestamp'] !== undefined) {
      throw forbidden(
        resource,
        name,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
    }
  }

  #inNamespace(namespace: string): readonly { readonly resource: Resource; readonly object: StoredObject }[] {
    const kinds = new Map(
      this.world.registry
        .all()
        .filter((one) => one.namespaced)
        .map((one) => [one.id, one]),
    );
    return [...kinds.values()].flatMap((resource) =>
      this.collection(resource)
        .sorted()
        .filter(({ object }) => object.metadata.namespace === namespace)
        .map(({ object }) => ({ resource, object })),
    );
  }

  #emptyNamespace(namespace: string): void {
    for (const { resource, object } of this.#inNamespace(namespace)) {
      const settings = { dryRun: false, gracePeriodSeconds: undefined, uid: undefined, resourceVersion: undefined };
      this.delete({ resource, namespace, name: object.metadata.name }, settings);
    }
    this.#finishNamespace(namespace);
  }

  /** Removes a namespace that is being deleted and is now empty. */
  #finishNamespace(name: string): void {
    const collection = this.world.store.collection('namespaces');
    const object = collection.get(name)?.object;
    if (object?.metadata['deletionTimestamp'] === undefined || textsAt(object.metadata, 'finalizers').length > 0)
      return;
    if (this.#inNamespace(name).length === 0) collection.remove(stored(object, this.world.store.nextVersion()));
  }
}

const crdId = 'customresourcedefinitions.apiextensions.k8s.io';

function refuseUnknown(resource: Resource, unknown: readonly string[], settings: WriteSettings): void {
  if (settings.fieldValidation !== 'Strict' || unknown.length === 0) return;
  throw badRequest(`${unhandled(resource)}: strict decoding error: ${unknown.join(', ')}`);
}

/** The same for a patch: the message shows the object that the patch would have made. */
function refuseUnknownInPatch(object: JsonObject, unknown: readonly string[], settings: WriteSettings): void {
  if (settings.fieldValidation !== 'Strict' || unknown.length === 0) return;
  const shown = JSON.stringify(JSON.stringify(sortedKeys(object)));
  const message = `Invalid value: ${shown}: strict decoding error: ${unknown.join(', ')}`;
  throw invalid({ group: '', kind: '' }, '', [{ reason: 'FieldValueInvalid', field: 'patch', message }]);
}

/** The object as stored, with this version. */
function stored(object: JsonObject, resourceVersion: string): StoredObject {
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

/** An update must be for the same object in its present version. */
function checkSame(resource: Resource, old: StoredObject, given: JsonObject): void {
  const { name } = old.metadata;
  if ((given['name'] ?? name) !== name)
    throw badRequest(
      `the name of the object (${textAt(given, 'name') ?? ''}) does not match the name on the URL (${name})`,
    );
  if ((given['namespace'] ?? old.metadata.namespace) !== old.metadata.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if ((given['uid'] ?? old.metadata.uid) !== old.metadata.uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${textAt(given, 'uid') ?? ''}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  const version = textAt(given, 'resourceVersion') ?? '';
  if (version !== '' && version !== old.metadata.resourceVersion) throw conflict(resource, name);
}

/** The metadata after an update: what clients may not change stays. */
function keptMetadata(old: StoredObject, given: JsonObject, generation: number | undefined): JsonObject {
  const { uid, name, namespace, creationTimestamp } = old.metadata;
  const fixed = { uid, name, namespace, creationTimestamp, generation, selfLink: undefined };
  const deletion = {
    deletionTimestamp: old.metadata['deletionTimestamp'],
    deletionGracePeriodSeconds: old.metadata['deletionGracePeriodSeconds'],
  };
  return { ...given, ...fixed, ...deletion };
}

/** Whether the object only waited for its last finalizer to be removed. */
function isFinished({ kind, apiVersion, metadata }: StoredObject): boolean {
  if (metadata['deletionTimestamp'] === undefined || (kind === 'Namespace' && apiVersion === 'v1')) return false;
  return textsAt(metadata, 'finalizers').length === 0 && (metadata['deletionGracePeriodSeconds'] ?? 0) === 0;
}

function checkPreconditions(resource: Resource, old: StoredObject, { uid, resourceVersion }: DeleteSettings): void {
  const { metadata } = old;
  const failed = (what: string, given: string, actual: string): string =>
    `Precondition failed: ${what} in precondition: ${given}, ${what} in object meta: ${actual}`;
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(resource, metadata.name, failed('UID', uid, metadata.uid));
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(resource, metadata.name, failed('ResourceVersion', resourceVersion, metadata.resourceVersion));
  }
}
