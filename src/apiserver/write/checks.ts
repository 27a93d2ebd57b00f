/**
 * What a write must satisfy: a valid object without unknown fields, and the object and version that it is meant for.
 */
import { type JsonObject, sortedKeys } from '../../model/values/json.ts';
import { crdId, resourcesOf } from '../kinds/crd.ts';
import type { Resource } from '../kinds/resource.ts';
import { badRequest, conflict, type FieldError, invalid } from '../refusal.ts';
import { objectAt, type StoredObject, textAt } from '../store/object.ts';
import { unhandled } from './admission/admit.ts';
import { labelErrors, nameErrors } from './admission/metadata.ts';
import { networkPolicyErrors } from './admission/networkpolicy.ts';
import { nodeErrors, podErrors } from './admission/pod.ts';
import {
  annotationSizeErrors,
  coreFinalizerErrors,
  keyErrors,
  lateFinalizerErrors,
  ownerErrors,
} from './admission/qualified.ts';
import { endpointSliceErrors, serviceErrors } from './admission/service.ts';
import { validateObject } from './admission/validate.ts';
import type { DeleteSettings, WriteSettings } from './settings.ts';

/** Whether the kind is one of those that Kubernetes checks most strictly. */
const hasCoreFinalizers = ({ custom, group }: Resource): boolean =>
  !custom && (group === '' || group === 'networking.k8s.io');

/** What a kind of Kubernetes must satisfy besides its schema. */
function kindErrors(kind: string, object: JsonObject, old: StoredObject | undefined): readonly FieldError[] {
  switch (kind) {
    case 'NetworkPolicy':
      return networkPolicyErrors(object);
    case 'Pod':
      return podErrors(object, old);
    case 'Node':
      return nodeErrors(object, old);
    case 'Service':
      return serviceErrors(object, old);
    case 'EndpointSlice':
      return endpointSliceErrors(object, old);
    default:
      return [];
  }
}

/**
 * Refuses an object with a name, other metadata or fields that its kind does not allow, or that an update of `old` may
 * not bring; all errors are named at once.
 */
export function checkValid(resource: Resource, object: JsonObject, name: string, old?: StoredObject): void {
  const metadata = objectAt(object, 'metadata');
  const errors = [
    ...nameErrors(name, resource.id === 'namespaces'),
    ...labelErrors(metadata),
    ...keyErrors(metadata),
    ...ownerErrors(metadata),
    ...annotationSizeErrors(metadata),
    ...(hasCoreFinalizers(resource) ? coreFinalizerErrors(metadata) : []),
    ...(old === undefined ? [] : lateFinalizerErrors(old.metadata, metadata)),
    ...validateObject(object, resource.schema),
    ...(resource.id === crdId ? resourcesOf(object).errors : []),
    ...(resource.custom ? [] : kindErrors(resource.kind, object, old)),
  ];
  if (errors.length > 0) throw invalid(resource, name, errors);
}

/** Where the client is strict about it, refuses a body with unknown fields. */
export function refuseUnknown(resource: Resource, unknown: readonly string[], settings: WriteSettings): void {
  if (settings.fieldValidation !== 'Strict' || unknown.length === 0) return;
  throw badRequest(`${unhandled(resource)}: strict decoding error: ${unknown.join(', ')}`);
}

/** The same for a patch: the message shows the object that the patch would have made. */
export function refuseUnknownInPatch(object: JsonObject, unknown: readonly string[], settings: WriteSettings): void {
  if (settings.fieldValidation !== 'Strict' || unknown.length === 0) return;
  const shown = JSON.stringify(JSON.stringify(sortedKeys(object)));
  const message = `Invalid value: ${shown}: strict decoding error: ${unknown.join(', ')}`;
  throw invalid({ group: '', kind: '' }, '', [{ reason: 'FieldValueInvalid', field: 'patch', message }]);
}

/** The name and, for kinds that have one, the namespace must be those of the URL. Kubernetes drops any other namespace. */
function checkPlace({ namespaced }: Resource, { metadata }: StoredObject, given: JsonObject): void {
  const { name, namespace } = metadata;
  if ((given['name'] ?? name) !== name) {
    const sent = textAt(given, 'name') ?? '';
    throw badRequest(`the name of the object (${sent}) does not match the name on the URL (${name})`);
  }
  if (namespaced && (given['namespace'] ?? namespace) !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** An update must be for the same object in its present version. */
export function checkSame(resource: Resource, old: StoredObject, given: JsonObject): void {
  const { name } = old.metadata;
  checkPlace(resource, old, given);
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

/** A delete must be for the object with the uid and the version that it names. */
export function checkPreconditions(
  resource: Resource,
  old: StoredObject,
  { uid, resourceVersion }: DeleteSettings,
): void {
  const { metadata } = old;
  const failed = (what: string, given: string, actual: string): string =>
    `Precondition failed: ${what} in precondition: ${given}, ${what} in object meta: ${actual}`;
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(resource, metadata.name, failed('UID', uid, metadata.uid));
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(resource, metadata.name, failed('ResourceVersion', resourceVersion, metadata.resourceVersion));
  }
}
