/** Handles server-side apply requests: their own checks, then a create or an update. */
import type { JsonObject } from '../../model/values/json.ts';
import { groupVersion, type Resource } from '../kinds/resource.ts';
import { conformToSchema } from '../kinds/schema.ts';
import { badRequest, invalid, Refusal } from '../refusal.ts';
import { objectAt, textAt } from '../store/object.ts';
import type { NamedTarget, Objects, Written } from './objects.ts';
import { applied } from './ownership/apply.ts';
import type { WriteSettings } from './settings.ts';

interface ApplyRequest {
  readonly settings: WriteSettings;
  readonly query: URLSearchParams;
}

const options = { group: 'meta.k8s.io', kind: 'PatchOptions' };

function checkRequest({ query }: ApplyRequest): void {
  if ((query.get('fieldManager') ?? '') === '') {
    const message = 'Required value: is required for apply patch';
    throw invalid(options, '', [{ reason: 'FieldValueRequired', field: 'fieldManager', message }]);
  }
}

/** Rejects unknown fields: unlike other writes, apply never drops a field. */
function checkConfiguration({ resource, name, namespace }: NamedTarget, config: JsonObject): void {
  const metadata = objectAt(config, 'metadata');
  if (metadata['managedFields'] !== undefined) throw badRequest('metadata.managedFields must be nil');
  const own = textAt(metadata, 'name') ?? name;
  if (own !== name) throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
  const unknown = conformToSchema(config, resource.schema).unknown;
  if (unknown.length === 0) return;
  const where = `${namespace ?? ''}/${name}; ${groupVersion(resource)}, Kind=${resource.kind}`;
  const why = unknown.map((path) => `.${path}: field not declared in schema`);
  const joined = why.length === 1 ? why.join('') : `errors:\n${why.map((line) => `  ${line}`).join('\n')}`;
  throw new Refusal(500, '', `failed to create typed patch object (${where}): ${joined}`, { details: {} });
}

function complete(resource: Resource, name: string, config: JsonObject): JsonObject {
  const { apiVersion = groupVersion(resource), kind = resource.kind } = config;
  return { ...config, apiVersion, kind, metadata: { ...objectAt(config, 'metadata'), name } };
}

/** Applies the configuration; creates the object if it does not exist. */
export function applyConfiguration(
  objects: Objects,
  target: NamedTarget,
  given: JsonObject,
  request: ApplyRequest,
): { readonly written: Written; readonly isNew: boolean } {
  checkRequest(request);
  checkConfiguration(target, given);
  const { resource, name } = target;
  const { settings, query } = request;
  const config = complete(resource, name, given);
  const application = {
    resource,
    writer: settings.writer,
    force: query.get('force') === 'true',
    now: objects.world.now(),
  };
  if (objects.has(target)) {
    return { written: objects.update(target, (old) => applied(old, config, application), settings), isNew: false };
  }
  return { written: objects.create(target, applied({}, config, application), settings), isNew: true };
}
