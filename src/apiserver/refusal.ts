/** Refused requests: an Error with the `Status` object from which Kubernetes' clients build their messages. */
import type { Json, JsonObject } from '../model/values/json.ts';

/** A resource's name in messages, `netnamespaces.network.openshift.io`, and its kind for details. */
export interface ResourceName {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

/** An error in one field; the texts are Kubernetes' own. */
export interface FieldError {
  /** `FieldValueInvalid` and the like. */
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

/** The value of the field is wrong, and why. */
export function invalidValue(field: string, value: Json, why: string): FieldError {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}

/** The field is missing. */
export function requiredValue(field: string, why = ''): FieldError {
  return { reason: 'FieldValueRequired', field, message: `Required value${why === '' ? '' : `: ${why}`}` };
}

/** The field may not be there, or not with this value. */
export function forbiddenField(field: string, why: string): FieldError {
  return { reason: 'FieldValueForbidden', field, message: `Forbidden: ${why}` };
}

/** The value of the field is none of those that there are. */
export function unsupportedValue(field: string, value: Json, supported: readonly string[]): FieldError {
  const list = supported.map((one) => JSON.stringify(one)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return { reason: 'FieldValueNotSupported', field, message };
}

/** The value of the field stands in its list twice; `text` is the value as Go prints it. */
export function duplicateValue(field: string, text: string): FieldError {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${text}` };
}

interface RefusalOptions {
  readonly details?: JsonObject;
  /** Seconds for a Retry-After header. */
  readonly retryAfter?: number;
}

export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: number, reason: string, message: string, options: RefusalOptions = {}) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.reason = reason;
    this.details = options.details;
    this.retryAfter = options.retryAfter;
  }

  /** The Status object. */
  status(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** `netnamespaces.network.openshift.io`, or `pods` in the core group. */
export function qualified(name: string, group: string): string {
  return group === '' ? name : `${name}.${group}`;
}

function detailsOf(resource: ResourceName, name: string): JsonObject {
  return { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural };
}

export function notFound(resource: ResourceName, name: string): Refusal {
  const message = `${qualified(resource.plural, resource.group)} "${name}" not found`;
  return new Refusal(404, 'NotFound', message, { details: detailsOf(resource, name) });
}

export function alreadyExists(resource: ResourceName, name: string): Refusal {
  const message = `${qualified(resource.plural, resource.group)} "${name}" already exists`;
  return new Refusal(409, 'AlreadyExists', message, { details: detailsOf(resource, name) });
}

const modified = 'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(resource: ResourceName, name: string, why = modified): Refusal {
  const message = `Operation cannot be fulfilled on ${qualified(resource.plural, resource.group)} "${name}": ${why}`;
  return new Refusal(409, 'Conflict', message, { details: detailsOf(resource, name) });
}

/** 403; without a name for a request that is about no single object. */
export function forbidden(resource: ResourceName, name: string, why: string): Refusal {
  const what = qualified(resource.plural, resource.group);
  const message = `${name === '' ? what : `${what} "${name}"`} is forbidden: ${why}`;
  return new Refusal(403, 'Forbidden', message, { details: detailsOf(resource, name) });
}

/** 403: the namespace is being deleted. */
export function namespaceEnds(resource: ResourceName, name: string, namespace: string): Refusal {
  const { message } = forbidden(
    resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  const cause = { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated` };
  const details = { ...detailsOf(resource, name), causes: [{ ...cause, field: 'metadata.namespace' }] };
  return new Refusal(403, 'Forbidden', message, { details });
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, 'BadRequest', message);
}

export function expired(message: string): Refusal {
  return new Refusal(410, 'Expired', message);
}

/** 404 for a path that is not served. */
export function unknownPath(): Refusal {
  return new Refusal(404, 'NotFound', 'the server could not find the requested resource', { details: {} });
}

export function methodNotAllowed(): Refusal {
  return new Refusal(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {
    details: {},
  });
}

export function unsupportedMediaType(message: string): Refusal {
  return new Refusal(415, 'UnsupportedMediaType', message);
}

/** 422 with a cause for each field. */
export function invalid(
  resource: Pick<ResourceName, 'group' | 'kind'>,
  name: string,
  errors: readonly FieldError[],
): Refusal {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  const joined = texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`;
  const causes = errors.map(({ reason, message, field }) => ({ reason, message, field }));
  return new Refusal(422, 'Invalid', `${qualified(resource.kind, resource.group)} "${name}" is invalid: ${joined}`, {
    details: { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.kind, causes },
  });
}
