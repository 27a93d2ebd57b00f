/** Handles deletes: the options in their bodies, and their answers. */
import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../../model/values/json.ts';
import { protobufType } from '../http/protobuf.ts';
import { mediaType, parseObject, readBody } from '../http/request.ts';
import { answer, type Exchange } from '../http/respond.ts';
import type { StoredObject } from '../store/object.ts';
import type { NamedTarget, Objects } from './objects.ts';
import { deleteSettings } from './settings.ts';

function success(target: NamedTarget, last: StoredObject): JsonObject {
  const { resource, name } = target;
  const details = {
    name,
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
    uid: last.metadata.uid,
  };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

/** The options of a delete; protobuf ones are ignored. */
export async function optionsBody(request: IncomingMessage): Promise<JsonObject> {
  const body = await readBody(request);
  if (body.length === 0 || mediaType(request) === protobufType) return {};
  return parseObject(body, 'application/json');
}

/** Deletes the object. Answers with the object if it stays for now, or with a Status if it is gone. */
export async function handleDelete(
  objects: Objects,
  { request, response, query }: Exchange,
  target: NamedTarget,
): Promise<void> {
  const { last, gone } = objects.delete(target, deleteSettings(query, await optionsBody(request)));
  answer(response, 200, JSON.stringify(gone ? success(target, last) : last));
}
