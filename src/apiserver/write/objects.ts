/** The verbs: creates, updates and deletes objects by Kubernetes' rules. Patches are updates with a computed object. */
import type { PortRange } from '../../model/objects/well-known.ts';
import { jsonEqual, type JsonObject } from '../../model/values/json.ts';
import { crdId, resourcesOf } from '../kinds/crd.ts';
import type { Registry } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import { alreadyExists, forbidden, invalid, namespaceEnds, notFound } from '../refusal.ts';
import { objectAt, type StoredObject, textsAt } from '../store/object.ts';
import { type Collection, type Entry, keyIn, type Store } from '../store/store.ts';
import { admit } from './admission/admit.ts';
import { allocate } from './admission/allocate.ts';
import { gracePeriod, nextGeneration, prepareCreate, prepareUpdate } from './admission/strategy.ts';
import { checkPreconditions, checkSame, checkValid, refuseUnknown, refuseUnknownInPatch } from './checks.ts';
import { noteUpdate } from './ownership/managers.ts';
import { isFinished, keptMetadata, markedForDeletion, newMetadata, stored } from './server-metadata.ts';
import type { DeleteSettings, WriteSettings } from './settings.ts';

export interface World {
  readonly store: Store;
  readonly registry: Registry;
  readonly now: () => Date;
  readonly random: () => number;
  /** The ports that Services may have on every node. */
  readonly nodePorts: PortRange;
  /** Milliseconds from the deletion of a namespace to that of its objects; until then it is only Terminating. */
  readonly namespaceDelay: number;
  /** Ends what waits. */
  readonly signal: AbortSignal;
}

export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
}

export interface NamedTarget extends Target {
  readonly name: string;
}

export interface Written {
  readonly object: StoredObject;
  readonly warnings: readonly string[];
}

/** Namespaces that always exist. */
export const permanentNamespaces = ['default', 'kube-system'];

export class Objects {
  readonly world: World;
  /** The uids of namespaces whose objects have been deleted, or wait for their finalizers. */
  readonly #emptied = new Set<string>();

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
      if (object.metadata['deletionTimestamp'] !== undefined) this.#emptyLater(object);
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
    const { now, random, store } = this.world;
    const admitted = admit(resource, body);
    refuseUnknown(resource, admitted.unknown, settings);
    const time = now();
    const metadata = newMetadata(target, objectAt(admitted.object, 'metadata'), { time, random });
    const { name } = metadata;
    const wanted = prepareCreate(resource, { ...admitted.object, metadata }, time);
    checkValid(resource, wanted, name);
    if (this.collection(resource).get(keyIn(name, namespace)) !== undefined) throw alreadyExists(resource, name);
    if (namespace !== undefined) this.#requireNamespace(resource, namespace, name);
    const prepared = this.#allocate(resource, wanted, name);
    const managed =
      settings.writer.operation === 'Apply'
        ? prepared
        : noteUpdate({}, prepared, settings.writer, { resource, now: time });
    const object = stored(managed, settings.dryRun ? String(store.version) : store.nextVersion());
    if (!settings.dryRun) {
      this.#put(resource, object);
      if (resource.id === 'namespaces') this.#createAccount(object.metadata.name);
    }
    return { object, warnings: settings.fieldValidation === 'Warn' ? admitted.unknown : [] };
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
    const asked: JsonObject = { ...prepared, metadata: kept };
    checkValid(resource, asked, name, old);
    const next: JsonObject = this.#allocate(resource, asked, name);
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
    const marked = markedForDeletion(resource, old, { grace, now: this.world.now() });
    if (jsonEqual(marked, old) || settings.dryRun)
      return { last: stored(marked, old.metadata.resourceVersion), gone: false };
    const object = stored(marked, this.world.store.nextVersion());
    this.#put(resource, object);
    if (isNamespace) this.#emptyLater(object);
    return { last: object, gone: false };
  }

  /** The object with the addresses and ports that the server chooses; only Services have any. */
  #allocate(resource: Resource, object: JsonObject, name: string): JsonObject {
    if (resource.custom || resource.kind !== 'Service') return object;
    const { metadata } = object;
    const isOther = ({ object: other }: Entry): boolean =>
      other.metadata.name !== name || other.metadata.namespace !== objectAt({ metadata }, 'metadata')['namespace'];
    const others = this.collection(resource).sorted().filter(isOther);
    const allocated = allocate(
      object,
      others.map(({ object: other }) => other),
      this.world,
    );
    if (!allocated.ok) throw invalid(resource, name, allocated.error);
    return allocated.value;
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

  /** The ServiceAccount of pods that name none. */
  #createAccount(namespace: string): void {
    const resource = this.world.registry.find('', 'v1', 'serviceaccounts');
    if (resource === undefined) return;
    const writer = { manager: 'sdn-compat-apiserver', operation: 'Update', subresource: '' } as const;
    const settings = { dryRun: false, fieldValidation: 'Ignore', status: false, patch: false, writer } as const;
    const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
    this.create({ resource, namespace }, body, settings);
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

  #requireNamespace(resource: Resource, namespace: string, name: string): void {
    const found = this.world.store.collection('namespaces').get(namespace);
    if (found === undefined) throw notFound({ group: '', plural: 'namespaces', kind: 'Namespace' }, namespace);
    if (found.object.metadata['deletionTimestamp'] !== undefined) {
      throw namespaceEnds(resource, name, namespace);
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

  /** Deletes the objects of a namespace after the time that Kubernetes' namespace controller waits. */
  #emptyLater({ metadata: { name, uid } }: StoredObject): void {
    const { signal, namespaceDelay } = this.world;
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      this.#emptied.add(uid);
      this.#emptyNamespace(name);
    }, namespaceDelay);
    const stop = (): void => clearTimeout(timer);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
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
    if (object === undefined || !this.#emptied.has(object.metadata.uid)) return;
    if (textsAt(object.metadata, 'finalizers').length > 0 || this.#inNamespace(name).length > 0) return;
    this.#emptied.delete(object.metadata.uid);
    collection.remove(stored(object, this.world.store.nextVersion()));
  }
}
