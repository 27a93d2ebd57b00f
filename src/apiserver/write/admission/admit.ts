/** Admits every incoming object, for all verbs: identity, unknown fields, defaults. */
import type { JsonObject } from '../../../model/values/json.ts';
import { cannotUnmarshal } from '../../json-errors.ts';
import { groupVersion, type Resource } from '../../kinds/resource.ts';
import { conformToSchema } from '../../kinds/schema.ts';
import { badRequest } from '../../refusal.ts';
import { textAt, without } from '../../store/object.ts';
import { readMetadata } from './metadata.ts';
import { misfitIn } from './validate.ts';

export interface Admitted {
  readonly object: JsonObject;
  /** A sentence for each field that was dropped. */
  readonly unknown: readonly string[];
}

/** `X in version "v1" cannot be handled as a X`: the beginning of messages that refuse a body. */
export function unhandled(resource: Resource): string {
  return `${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}`;
}

/** How much of a body that names no kind is shown at the end of the message. */
const shownStart = 30;

function checkIdentity(resource: Resource, body: JsonObject): void {
  const expected = groupVersion(resource);
  const version = textAt(body, 'apiVersion') ?? '';
  const kind = textAt(body, 'kind') ?? '';
  if (kind === '') {
    const text = JSON.stringify(body);
    const start = text.length > shownStart ? `${text.slice(0, shownStart)} ...` : text;
    const why = `Object 'Kind' is missing in '${text}' (${start})`;
    throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): ${why}`);
  }
  if (kind !== resource.kind) {
    throw badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${resource.kind}: it is another kind`,
    );
  }
  if (version !== expected) {
    throw badRequest(`the API version in the data (${version}) does not match the expected API version (${expected})`);
  }
}

/** The body as an object of the resource, pruned and with defaults; throws a 400 if it is not one. */
export function admit(resource: Resource, body: JsonObject): Admitted {
  checkIdentity(resource, body);
  const { metadata, unknown } = readMetadata(body, unhandled(resource));
  if (!resource.custom) {
    const misfit = misfitIn(without(body, 'metadata'), resource.schema);
    if (misfit !== undefined) {
      const { path, value, type } = misfit;
      const into = `Go struct field ${resource.kind}.${path} of type ${type}`;
      throw badRequest(`${unhandled(resource)}: ${cannotUnmarshal(value, into)}`);
    }
  }
  const conformed = conformToSchema(body, resource.schema, { nullIsNone: !resource.custom });
  return {
    object: {
      apiVersion: groupVersion(resource),
      kind: resource.kind,
      metadata,
      ...without(conformed.object, 'apiVersion', 'kind', 'metadata'),
    },
    unknown: [...unknown, ...conformed.unknown].map((path) => `unknown field ${JSON.stringify(path)}`),
  };
}
