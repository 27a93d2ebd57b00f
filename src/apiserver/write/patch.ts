/** Turns the body of a PATCH into a function from the old object to the new one. */
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../model/values/json.ts';
import { parseJsonBody } from '../http/request.ts';
import { cannotUnmarshal } from '../json-errors.ts';
import type { Resource } from '../kinds/resource.ts';
import { badRequest, Refusal, unsupportedMediaType } from '../refusal.ts';
import type { StoredObject } from '../store/object.ts';
import { afterOperation } from './jsonpatch.ts';
import { mergeKeysOf, mergePatch, strategicPatch } from './merge.ts';

export type Update = (old: StoredObject) => JsonObject;

/** The most operations of a JSON patch that Kubernetes takes. */
const mostOperations = 10_000;

/** What Kubernetes answers when an operation fails: it does not say which, and not of which object. */
function cannotPatch(): Refusal {
  return new Refusal(422, 'Invalid', 'the server rejected our request due to an error in our request', { details: {} });
}

/** The operations in the body; throws a 400 if it is no list of objects, and a 413 if they are too many. */
function operationsIn(body: Buffer): readonly JsonObject[] {
  const patch = parseJsonBody(body);
  if (!isJsonArray(patch)) throw badRequest(cannotUnmarshal(patch, 'Go value of type jsonpatch.Patch'));
  if (patch.length > mostOperations) {
    const message = `Request entity too large: The allowed maximum operations in a JSON patch is ${mostOperations}, got ${patch.length}`;
    throw new Refusal(413, 'RequestEntityTooLarge', message, { details: {} });
  }
  return patch.map((step) => {
    if (!isJsonObject(step)) throw badRequest(cannotUnmarshal(step, 'Go value of type jsonpatch.Operation'));
    return step;
  });
}

/** The object after the operations of a JSON patch; throws a 422 if one of them fails. */
function jsonPatched(old: StoredObject, patch: readonly JsonObject[]): JsonObject {
  let document: Json = old;
  for (const operation of patch) {
    const after = afterOperation(document, operation);
    if (!after.ok) throw cannotPatch();
    document = after.value;
  }
  if (!isJsonObject(document)) throw cannotPatch();
  return document;
}

function patchObject(body: Buffer): JsonObject {
  const value = parseJsonBody(body);
  if (!isJsonObject(value)) throw badRequest(cannotUnmarshal(value, 'Go value of type map[string]interface {}'));
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
      const patch = operationsIn(body);
      return (old) => jsonPatched(old, patch);
    }
    case 'application/strategic-merge-patch+json': {
      if (resource.custom) throw unsupported(resource);
      const patch = patchObject(body);
      const keys = mergeKeysOf(resource.plural);
      return (old) => strategicPatch(old, patch, keys);
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
