/** Incoming object metadata: what clients may set, valid names, what the server fills in. */
import mapValues from 'lodash/mapValues.js';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../../model/values/json.ts';
import { dnsLabel } from '../../../model/values/names.ts';
import { cannotUnmarshal } from '../../json-errors.ts';
import { badRequest, type FieldError, invalidValue, requiredValue } from '../../refusal.ts';
import { objectAt, textAt } from '../../store/object.ts';

const textMap = (value: Json): boolean =>
  isJsonObject(value) && Object.values(value).every((one) => typeof one === 'string');
const texts = (value: Json): boolean => Array.isArray(value) && value.every((one: unknown) => typeof one === 'string');
const objects = (value: Json): boolean => Array.isArray(value) && value.every((one: Json) => isJsonObject(one));
const text = (value: Json): boolean => typeof value === 'string';
const number = (value: Json): boolean => typeof value === 'number';

/** What a field of metadata may hold, and the name of that type in Go. */
interface MetadataField {
  readonly fits: (value: Json) => boolean;
  readonly type: string;
}

const textField: MetadataField = { fits: text, type: 'string' };
const numberField: MetadataField = { fits: number, type: 'int64' };
const mapField: MetadataField = { fits: textMap, type: 'map[string]string' };
const listOf = (fits: MetadataField['fits'], item: string): MetadataField => ({ fits, type: `[]${item}` });

/** The fields of metadata, and what each may hold. */
const fields: Readonly<Record<string, MetadataField>> = {
  name: textField,
  generateName: textField,
  namespace: textField,
  selfLink: textField,
  uid: { fits: text, type: 'types.UID' },
  resourceVersion: textField,
  generation: numberField,
  creationTimestamp: { fits: text, type: 'v1.Time' },
  deletionTimestamp: { fits: text, type: 'v1.Time' },
  deletionGracePeriodSeconds: numberField,
  labels: mapField,
  annotations: mapField,
  ownerReferences: listOf(objects, 'v1.OwnerReference'),
  finalizers: listOf(texts, 'string'),
  managedFields: listOf(objects, 'v1.ManagedFieldsEntry'),
};

/** The value that does not fit, and its type: the first wrong item of a map or list, else the value as a whole. */
function misfit(value: Json, { type }: MetadataField): readonly [Json, string] {
  const isContainer = type.startsWith('[]') ? isJsonArray(value) : type.startsWith('map') && isJsonObject(value);
  if (!isContainer) return [value, type];
  const itemType = type.replace(/^\[\]|^map\[string\]/, '');
  const fits = itemType === 'string' ? text : isJsonObject;
  const items: readonly (Json | undefined)[] = isJsonArray(value)
    ? value
    : Object.values(isJsonObject(value) ? value : {});
  return [items.find((item) => item !== undefined && !fits(item)) ?? null, itemType];
}

/** An empty map or list is the same as none. */
function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** The metadata of a body without unknown fields; throws a 400 if a field has a value of the wrong kind. */
export function readMetadata(
  body: JsonObject,
  what: string,
): { readonly metadata: JsonObject; readonly unknown: readonly string[] } {
  const given = body['metadata'];
  if (given !== undefined && given !== null && !isJsonObject(given))
    throw badRequest(`${what}: ${cannotUnmarshal(given, 'Go struct field .metadata of type v1.ObjectMeta')}`);
  const metadata: Record<string, Json> = {};
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(objectAt(body, 'metadata'))) {
    if (value === undefined || value === null || isEmpty(value)) continue;
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) unknown.push(`metadata.${key}`);
    else metadata[key] = readField(field, key, value, what);
  }
  return { metadata, unknown };
}

function readField(field: MetadataField, key: string, value: Json, what: string): Json {
  // Go reads a null in a map of texts as an empty one
  const read = field === mapField && isJsonObject(value) ? mapValues(value, (text) => text ?? '') : value;
  if (field.fits(read)) return read;
  const [wrong, type] = misfit(read, field);
  throw badRequest(`${what}: ${cannotUnmarshal(wrong, `Go struct field ObjectMeta.metadata.${key} of type ${type}`)}`);
}

const subdomain = `${dnsLabel}(\\.${dnsLabel})*`;
const subdomainPattern = new RegExp(`^${subdomain}$`);
const labelPattern = new RegExp(`^${dnsLabel}$`);
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  `alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`;
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
  `alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${dnsLabel}')`;

/** Why the text is no DNS subdomain; empty if it is one. */
export function subdomainErrors(name: string): readonly string[] {
  if (name.length > 253) return ['must be no more than 253 characters'];
  return subdomainPattern.test(name) ? [] : [subdomainText];
}

/** Why the text is no DNS label; empty if it is one. */
export function labelTextErrors(name: string): readonly string[] {
  if (name.length > 63) return ['must be no more than 63 characters'];
  return labelPattern.test(name) ? [] : [labelText];
}

/** Errors in a name: names of namespaces are labels, all others are subdomains. */
export function nameErrors(name: string, isNamespace: boolean): readonly FieldError[] {
  if (name === '') {
    return [requiredValue('metadata.name', 'name or generateName is required')];
  }
  const errors = isNamespace ? labelTextErrors(name) : subdomainErrors(name);
  return errors.map((why) => invalidValue('metadata.name', name, why));
}

const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** Errors in the values of the labels of `metadata`, which `field` holds. */
export function labelErrors(metadata: JsonObject, field = 'metadata.labels'): readonly FieldError[] {
  const labels = objectAt(metadata, 'labels');
  return Object.keys(labels).flatMap((key): FieldError[] => {
    const value = textAt(labels, key) ?? '';
    const reasons = [
      ...(value.length > 63 ? ['must be no more than 63 characters'] : []),
      ...(labelValue.test(value) ? [] : [labelValueText]),
    ];
    return reasons.map((why) => invalidValue(field, value, why));
  });
}

/** Five letters that complete a `generateName`. */
export function nameSuffix(random: () => number): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return Array.from({ length: 5 }, () => letters[Math.floor(random() * letters.length)] ?? 'b').join('');
}
