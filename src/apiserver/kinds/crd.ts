/**
 * CustomResourceDefinitions: the kinds they define, how they are validated, and the status that shows they are served.
 */
import { isJsonObject, type JsonObject } from '../../model/values/json.ts';
import { type FieldError, invalidValue, qualified, requiredValue } from '../refusal.ts';
import { objectAt, objectsAt, textAt, textsAt } from '../store/object.ts';
import { printerColumns } from './columns.ts';
import type { Resource } from './resource.ts';
import { parseSchema, UnsupportedSchema } from './schema.ts';

/** The id of the kind CustomResourceDefinition. */
export const crdId = 'customresourcedefinitions.apiextensions.k8s.io';

function versionOf(crd: JsonObject, version: JsonObject, index: number): Resource {
  const spec = objectAt(crd, 'spec');
  const names = objectAt(spec, 'names');
  const group = textAt(spec, 'group') ?? '';
  const kind = textAt(names, 'kind') ?? '';
  const plural = textAt(names, 'plural') ?? '';
  const source = objectAt(version, 'schema')['openAPIV3Schema'];
  const namespaced = textAt(spec, 'scope') === 'Namespaced';
  if (!isJsonObject(source))
    throw new UnsupportedSchema(`spec.versions[${String(index)}].schema.openAPIV3Schema: Required value`);
  return {
    id: qualified(plural, group),
    group,
    version: textAt(version, 'name') ?? '',
    kind,
    listKind: textAt(names, 'listKind') ?? `${kind}List`,
    plural,
    singular: textAt(names, 'singular') ?? kind.toLowerCase(),
    shortNames: textsAt(names, 'shortNames'),
    categories: textsAt(names, 'categories'),
    namespaced,
    hasStatus: objectAt(version, 'subresources')['status'] !== undefined,
    custom: true,
    schema: parseSchema(source, `spec.versions[${String(index)}].schema.openAPIV3Schema`),
    source,
    columns: printerColumns(version),
    selectable: namespaced ? ['metadata.name', 'metadata.namespace'] : ['metadata.name'],
  };
}

function missing(object: JsonObject, keys: readonly string[], path: string): readonly FieldError[] {
  return keys.filter((key) => (textAt(object, key) ?? '') === '').map((key) => requiredValue(`${path}.${key}`));
}

/** Errors in the names and the structure of a CRD. */
function outlineErrors(crd: JsonObject): readonly FieldError[] {
  const spec = objectAt(crd, 'spec');
  const names = objectAt(spec, 'names');
  const errors = [...missing(spec, ['group', 'scope'], 'spec'), ...missing(names, ['plural', 'kind'], 'spec.names')];
  const versions = objectsAt(spec, 'versions');
  if (versions.length === 0) errors.push(requiredValue('spec.versions'));
  else if (versions.filter((version) => version['storage'] === true).length !== 1) {
    const why = 'must have exactly one version marked as storage version';
    errors.push(invalidValue('spec.versions', versions.map((version) => textAt(version, 'name') ?? '').join(','), why));
  }
  const wanted = qualified(textAt(names, 'plural') ?? '', textAt(spec, 'group') ?? '');
  const name = textAt(objectAt(crd, 'metadata'), 'name') ?? '';
  if (errors.length === 0 && name !== wanted) {
    errors.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  }
  const strategy = textAt(objectAt(spec, 'conversion'), 'strategy') ?? 'None';
  if (strategy !== 'None') {
    errors.push(
      invalidValue('spec.conversion.strategy', strategy, 'conversion between versions is not supported by this server'),
    );
  }
  return errors;
}

/** The kinds that a CRD defines, one for each served version, or its errors. */
export function resourcesOf(crd: JsonObject): {
  readonly resources: readonly Resource[];
  readonly errors: readonly FieldError[];
} {
  const errors = outlineErrors(crd);
  if (errors.length > 0) return { resources: [], errors };
  try {
    const versions = objectsAt(objectAt(crd, 'spec'), 'versions').map((version, index) => ({
      version,
      resource: versionOf(crd, version, index),
    }));
    return {
      resources: versions.filter(({ version }) => version['served'] === true).map(({ resource }) => resource),
      errors,
    };
  } catch (error) {
    if (!(error instanceof UnsupportedSchema)) throw error;
    const [field = '', ...why] = error.message.split(': ');
    return {
      resources: [],
      errors: [{ reason: 'FieldValueInvalid', field, message: `Invalid value: ${why.join(': ')}` }],
    };
  }
}

/** The CRD with the defaults of its spec and the status of a served one. */
export function establish(crd: JsonObject, now: string): JsonObject {
  const spec = objectAt(crd, 'spec');
  const names = objectAt(spec, 'names');
  const kind = textAt(names, 'kind') ?? '';
  const accepted = { singular: kind.toLowerCase(), listKind: `${kind}List`, ...names };
  const stored = objectsAt(spec, 'versions').flatMap((version) =>
    version['storage'] === true ? [textAt(version, 'name') ?? ''] : [],
  );
  const condition = (type: string, reason: string, message: string): JsonObject => ({
    type,
    status: 'True',
    lastTransitionTime: now,
    reason,
    message,
  });
  const known = objectsAt(objectAt(crd, 'status'), 'conditions');
  return {
    ...crd,
    spec: { ...spec, names: accepted, conversion: { strategy: 'None', ...objectAt(spec, 'conversion') } },
    status: {
      acceptedNames: accepted,
      conditions:
        known.length > 0
          ? known
          : [
              condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
              condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
            ],
      storedVersions: stored,
    },
  };
}
