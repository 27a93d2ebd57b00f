/**
 * Decides which Namespace a NetNamespace is of. One of that name that was deleted and made again is another Namespace:
 * it inherits neither VNID nor egress IPs, unless somebody has written the NetNamespace since. Pure.
 */
import type { NamespaceObject, NetNamespaceObject } from '../../model/objects/raw.ts';
import { asList, asText, fieldOf, isRecord } from '../../model/values/json.ts';
import { controllerManager } from '../field-manager.ts';

/** Annotation of a NetNamespace with the uid of its Namespace. */
export const namespaceUidAnnotation = 'sdn-compat/namespace-uid';

/**
 * The uid of the Namespace that the NetNamespace was made for, or that it was first seen with; undefined if unknown.
 */
export function namespaceUidOf({ metadata }: NetNamespaceObject): string | undefined {
  return metadata.annotations?.[namespaceUidAnnotation];
}

/** Whether it requests egress IPs, valid or not. */
export function isRequest({ egressIPs }: NetNamespaceObject): boolean {
  return (egressIPs ?? []).length > 0;
}

interface Writer {
  readonly manager: string;
  /** As RFC 3339 in UTC, which sorts as text; empty if unknown. */
  readonly time: string;
  readonly fields: unknown;
}

/** Reads metadata.managedFields, as an API server shows it; empty if it does not. */
function writersOf({ metadata }: NetNamespaceObject): readonly Writer[] {
  return asList(fieldOf(metadata, 'managedFields'))
    .filter(isRecord)
    .map(({ manager, time, fieldsV1 }) => ({ manager: asText(manager), time: asText(time), fields: fieldsV1 }));
}

/**
 * Whether the annotation is the controller's own record. Whoever restores a NetNamespace from a backup writes the
 * annotation too, with the uid of a Namespace of another time.
 */
export function isOwnRecord(object: NetNamespaceObject): boolean {
  if (namespaceUidOf(object) === undefined) return false;
  const writers = writersOf(object);
  return (
    writers.length === 0 ||
    writers.some(
      ({ manager, fields }) =>
        manager === controllerManager &&
        fieldOf(fields, 'f:metadata', 'f:annotations', `f:${namespaceUidAnnotation}`) !== undefined,
    )
  );
}

/**
 * Whether the NetNamespace is left from an earlier Namespace of that name: the controller has recorded another uid, and
 * nobody else has made the NetNamespace or written its VNID or egress IPs since the Namespace exists. Both objects must
 * be as the API server has them, with managedFields. Times are in whole seconds: a write in the second in which the
 * Namespace was made came after it, because the deletion before takes longer.
 */
export function isLeftover(object: NetNamespaceObject, namespace: NamespaceObject): boolean {
  const since = namespace.metadata.creationTimestamp ?? '';
  if (!isOwnRecord(object) || namespaceUidOf(object) === namespace.metadata.uid) return false;
  if ((object.metadata.creationTimestamp ?? '') >= since) return false;
  return !writersOf(object).some(
    ({ manager, time, fields }) =>
      manager !== controllerManager &&
      time >= since &&
      isRecord(fields) &&
      ['f:egressIPs', 'f:netid'].some((field) => field in fields),
  );
}
