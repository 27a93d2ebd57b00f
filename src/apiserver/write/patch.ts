/** Turns the body of a PATCH into a function from the old object to the new one. */
import { applyPatch, type Operation } from 'rfc6902';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../model/values/json.ts';
import { parseJsonBody } from '../http/request.ts';
import type { Resource } from '../kinds/resource.ts';
import { badRequest, invalid, unsupportedMediaType } from '../refusal.ts';
import type { StoredObject } from '../store/object.ts';
import { mergePatch, strategicPatch } from './merge.ts';

export type Update = (old: StoredObject) => JsonObject;

const operations = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

function isOperation(value: Json): value is Json & Operation {
  if (!isJsonObject(value) || typeof value['path'] !== 'string') return false;
  return typeof value['op'] === 'string' && operations.includes(value['op']);
}

/** The object after the operations of a JSON patch; throws a 422 if one of them fails. */
function jsonPatched(resource: Resource, old: StoredObject, patch: readonly Json[]): JsonObject {
  const steps = patch.filter(isOperation);
  if (steps.length !== patch.length) throw badRequest('a JSON patch is a list of operations, each with op and path');
  const target: Json = structuredClone(old);
  const failed = applyPatch(target, steps).find((failure) => failure !== null);
  if (failed !== undefined) {
    const message = `the server rejected our request due to an error in our request: ${failed.message}`;
    throw invalid(resource, old.metadata.name, [{ reason: 'FieldValueInvalid', field: 'patch', message }]);
  }
  return target;
}

function patchObject(body: Buffer): JsonObject {
  const value = parseJsonBody(body);
  if (!isJsonObject(value)) throw badRequest('the patch is not an object');
  return value;
}

/** The update for a patch of this media type; throws a 415 for a type that the kind does not support. */
export function changeOf(resource: Resource, body: Buffer, type: string): Update {
  switch (type) {
    case 'application/merge-patch+json': {
      const patch = patchObject(body);
      return (old) => mergePatch(old, patch);
    }
    case 'application/json-patch+json': {
      const patch = parseJsonBody(body);
      if (!isJsonArray(patch)) throw badRequest('a JSON patch is a list of operations');
      return (old) => jsonPatched(resource, old, patch);
    }
    case 'application/strategic-merge-patch+json': {
      if (resource.custom) throw unsupported(resource);
      const patch = patchObject(body);
      return (old) => strategicPatch(old, patch);
    }
    default:
      throw unsupported(resource);
  }
}

function unsupported(resource: Resource): Error {
  const known = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'];
  const types = resource.custom ? known : [...known, 'application/strategic-merge-patch+json'];
  return unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
  );
}
