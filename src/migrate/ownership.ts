/** Determines who owns an object, and which of its fields are ours. */
import isEqual from 'lodash/isEqual.js';
import { apiVersionOf, type Kind, namespaces, netNamespaces, nodes } from '../../api/kinds.ts';
import { asList, fieldOf, isRecord } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { ObjectRef } from './ref.ts';

/** Field manager of all our writes. It also identifies our objects. */
export const fieldManager = 'sdn-compat-migrate';

/** Kinds of which plans only write fields into existing objects. Applying must not create one. */
export const foreignKinds: readonly Kind[] = [nodes, namespaces];

/** Whether plans write only fields of such an object, never the whole. */
export function isForeignKind({ apiVersion, kind }: ObjectRef): boolean {
  return foreignKinds.some((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
}

/** Whether the object belongs to OpenShift SDN. */
export function isSDN({ apiVersion }: Pick<ObjectRef, 'apiVersion'>): boolean {
  return apiVersion === apiVersionOf(netNamespaces);
}

/** Whether the live object has everything in the configuration. Lists must be equal as a whole. */
export function holds(config: unknown, live: unknown): boolean {
  if (!isRecord(config)) return isEqual(config, live);
  return isRecord(live) && Object.entries(config).every(([field, value]) => holds(value, live[field]));
}

interface ManagerEntry {
  readonly manager: unknown;
  readonly isOurs: boolean;
  readonly fields: Readonly<Record<string, unknown>>;
}

function managersOf({ metadata }: { readonly metadata: unknown }): readonly ManagerEntry[] {
  const entries = isRecord(metadata) ? asList(metadata['managedFields']) : [];
  return entries.filter(isRecord).map(({ manager, fieldsV1 }) => ({
    manager,
    isOurs: manager === fieldManager,
    fields: isRecord(fieldsV1) ? fieldsV1 : {},
  }));
}

/** Whether we wrote any field of the object. */
export function bearsOurMark(object: KubeObject): boolean {
  return managersOf(object).some(({ isOurs }) => isOurs);
}

/** Whether the whole object is ours: we wrote its spec, and nobody else did. */
export function isOurs(object: KubeObject): boolean {
  const writers = managersOf(object).filter(({ fields }) => 'f:spec' in fields);
  return writers.length > 0 && writers.every((one) => one.isOurs);
}

/** Whether others also own every field of the spec, so that the object stays whole without our ownership. */
export function isShared(object: KubeObject): boolean {
  const others = managersOf(object)
    .filter((one) => !one.isOurs)
    .map(({ fields }) => fieldOf(fields, 'f:spec'));
  const spec = fieldOf(object, 'spec');
  return Object.keys(isRecord(spec) ? spec : {}).every((key) =>
    others.some((fields) => fieldOf(fields, `f:${key}`) !== undefined),
  );
}
