/**
 * OpenAPI v3 documents, made from the schemas that validate objects: for `kubectl explain` and validation in `kubectl
 * create`.
 */
import { createHash } from 'node:crypto';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../model/values/json.ts';
import type { Registry } from '../kinds/registry.ts';
import { groupVersion, type Resource } from '../kinds/resource.ts';
import { unknownPath } from '../refusal.ts';

const metaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const textMap = { type: 'object', additionalProperties: { type: 'string' } };

const objectMeta: JsonObject = {
  description: 'What every object has: its name, labels, annotations and what the server says of it.',
  type: 'object',
  properties: {
    name: { type: 'string', description: 'The name, unique among the objects of the kind in a namespace.' },
    generateName: { type: 'string', description: 'The beginning of a name that the server completes.' },
    namespace: { type: 'string', description: 'The namespace the name is unique in.' },
    labels: { ...textMap, description: 'Keys and values that selectors find objects by.' },
    annotations: { ...textMap, description: 'Keys and values that programs keep with the object.' },
    finalizers: {
      type: 'array',
      items: { type: 'string' },
      description: 'Who has still to act before a deleted object goes.',
    },
    ownerReferences: { type: 'array', items: { type: 'object' }, description: 'The objects this one depends on.' },
    managedFields: { type: 'array', items: { type: 'object' }, description: 'Which program wrote which field.' },
    uid: { type: 'string', description: 'Unique over all time.' },
    resourceVersion: { type: 'string', description: 'Changes with each change of the object.' },
    generation: { type: 'integer', format: 'int64', description: 'Counts the changes of what is wanted.' },
    creationTimestamp: { type: 'string', format: 'date-time', description: 'When the object was created.' },
    deletionTimestamp: { type: 'string', format: 'date-time', description: 'When the object was or is to be deleted.' },
    deletionGracePeriodSeconds: { type: 'integer', format: 'int64', description: 'How long a deleted object stays.' },
  },
};

function schemaName({ group, version, kind }: Resource): string {
  const reversed = (group === '' ? 'core' : group).split('.').reverse().join('.');
  return `${reversed}.${version}.${kind}`;
}

function gvk({ group, version, kind }: Resource): JsonObject {
  return { group, version, kind };
}

/** Keeps `nullable` and the like; an integer-or-string has only an extension in OpenAPI, not a type. */
function exported(value: Json): Json {
  if (isJsonArray(value)) return value.map(exported);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, inner === undefined ? null : exported(inner)]),
  );
}

function schemaOf(resource: Resource): JsonObject {
  const source = exported(resource.source);
  if (!isJsonObject(source)) return {};
  const properties = isJsonObject(source['properties']) ? source['properties'] : {};
  const metadata = { description: 'What every object has.', allOf: [{ $ref: `#/components/schemas/${metaName}` }] };
  return { ...source, properties: { ...properties, metadata }, 'x-kubernetes-group-version-kind': [gvk(resource)] };
}

const parameter = (name: string, description: string): JsonObject => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string' },
});
const writeParameters = [
  parameter('dryRun', 'All: nothing is stored.'),
  parameter('fieldManager', 'Who writes.'),
  parameter('fieldValidation', 'Strict, Warn or Ignore: what becomes of unknown fields.'),
];

function operation(resource: Resource, action: string, parameters: readonly JsonObject[] = []): JsonObject {
  const schema = { $ref: `#/components/schemas/${schemaName(resource)}` };
  return {
    operationId: `${action}${resource.group}${resource.version}${resource.kind}`,
    parameters,
    responses: { '200': { description: 'OK', content: { 'application/json': { schema } } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk(resource),
  };
}

function pathsOf(resource: Resource): readonly (readonly [string, JsonObject])[] {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${groupVersion(resource)}`;
  const path = `${root}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`;
  const collection = { get: operation(resource, 'list'), post: operation(resource, 'post', writeParameters) };
  const item = {
    get: operation(resource, 'get'),
    put: operation(resource, 'put', writeParameters),
    patch: operation(resource, 'patch', [
      ...writeParameters,
      parameter('force', 'Take over fields of other managers.'),
    ]),
    delete: operation(resource, 'delete'),
  };
  const everywhere: [string, JsonObject] = [`${root}/${resource.plural}`, { get: operation(resource, 'list') }];
  return [[path, collection], [`${path}/{name}`, item], ...(resource.namespaced ? [everywhere] : [])];
}

function documentOf(resources: readonly Resource[], name: string): JsonObject {
  const schemas = Object.fromEntries(resources.map((resource) => [schemaName(resource), schemaOf(resource)]));
  return {
    openapi: '3.0.0',
    info: { title: name, version: 'v1' },
    paths: Object.fromEntries(resources.flatMap(pathsOf)),
    components: { schemas: { ...schemas, [metaName]: objectMeta } },
  };
}

function documents(registry: Registry): ReadonlyMap<string, JsonObject> {
  const entries = [...registry.byGroupVersion()].map(([name, resources]): [string, JsonObject] => {
    const path = name.includes('/') ? `apis/${name}` : `api/${name}`;
    return [path, documentOf(resources, name)];
  });
  return new Map(entries);
}

/**
 * The content type of an OpenAPI v2 document in protobuf, the only form that kubectl asks for (with an @, which is not
 * a valid media type).
 */
export const openApi2Type = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/**
 * The OpenAPI v2 document. It has no schemas, so that kubectl leaves validation to the server where it would use v2
 * (`kind: List`, and all before 1.25). In protobuf it is field 1, the version.
 */
export const openApi2 = Buffer.from('\n\x032.0');

/** The document at /openapi/v3 (the index) or /openapi/v3/apis/GROUP/VERSION; throws a 404 for any other. */
export function openApi(registry: Registry, path: string): JsonObject {
  const known = documents(registry);
  if (path === '') {
    const paths = [...known].map(([name, document]): [string, JsonObject] => {
      const hash = createHash('sha256').update(JSON.stringify(document)).digest('hex').slice(0, 32);
      return [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }];
    });
    return { paths: Object.fromEntries(paths) };
  }
  const document = known.get(path);
  if (document === undefined) throw unknownPath();
  return document;
}
