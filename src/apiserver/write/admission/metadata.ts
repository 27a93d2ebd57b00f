/** Incoming object metadata: what clients may set, valid names, what the server fills in. */
import { isJsonObject, type Json, type JsonObject } from '../../../model/values/json.ts';
import { badRequest, type FieldError } from '../../refusal.ts';
import { objectAt, textAt } from '../../store/object.ts';

const textMap = (value: Json): boolean =>
  isJsonObject(value) && Object.values(value).every((one) => typeof one === 'string');
const texts = (value: Json): boolean => Array.isArray(value) && value.every((one: unknown) => typeof one === 'string');
const objects = (value: Json): boolean => Array.isArray(value) && value.every((one: Json) => isJsonObject(one));
const text = (value: Json): boolean => typeof value === 'string';
const number = (value: Json): boolean => typeof value === 'number';

/** The fields of metadata, and what each may hold. */
const fields: Readonly<Record<string, (value: Json) => boolean>> = {
  name: text,
  generateName: text,
  namespace: text,
  selfLink: text,
  uid: text,
  resourceVersion: text,
  generation: number,
  creationTimestamp: text,
  deletionTimestamp: text,
  deletionGracePeriodSeconds: number,
  labels: textMap,
  annotations: textMap,
  ownerReferences: objects,
  finalizers: texts,
  managedFields: objects,
};

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
  if (given !== undefined && !isJsonObject(given)) throw badRequest(`${what}: json: metadata must be an object`);
  const metadata: Record<string, Json> = {};
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(objectAt(body, 'metadata'))) {
    if (value === undefined || value === null || isEmpty(value)) continue;
    const fits = fields[key];
    if (fits === undefined) unknown.push(`metadata.${key}`);
    else if (!fits(value)) throw badRequest(`${what}: json: cannot unmarshal metadata.${key}: it has the wrong type`);
    else metadata[key] = value;
  }
  return { metadata, unknown };
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const subdomainPattern = new RegExp(`^${subdomain}$`);
const labelPattern = new RegExp(`^${label}$`);
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  `alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`;
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
  `alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`;

/** Why the text is no DNS subdomain; empty if it is one. */
export function subdomainErrors(name: string): readonly string[] {
  if (name.length > 253) return ['must be no more than 253 characters'];
  return subdomainPattern.test(name) ? [] : [subdomainText];
}

/** The error that a text in a field is invalid, and why. */
export function invalidText(field: string, value: string, why: string): FieldError {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}

function labelTextErrors(name: string): readonly string[] {
  if (name.length > 63) return ['must be no more than 63 characters'];
  return labelPattern.test(name) ? [] : [labelText];
}

/** Errors in a name: names of namespaces are labels, all others are subdomains. */
export function nameErrors(name: string, isNamespace: boolean): readonly FieldError[] {
  if (name === '') {
    return [
      {
        reason: 'FieldValueRequired',
        field: 'metadata.name',
        message: 'Required value: name or generateName is required',
      },
    ];
  }
  const errors = isNamespace ? labelTextErrors(name) : subdomainErrors(name);
  return errors.map((why) => invalidText('metadata.name', name, why));
}

const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** Errors in the values of labels. */
export function labelErrors(metadata: JsonObject): readonly FieldError[] {
  const labels = objectAt(metadata, 'labels');
  return Object.keys(labels).flatMap((key): FieldError[] => {
    const value = textAt(labels, key) ?? '';
    if (labelValue.test(value) && value.length <= 63) return [];
    return [invalidText('metadata.labels', value, labelValueText)];
  });
}

/** Five letters that complete a `generateName`. */
export function nameSuffix(random: () => number): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return Array.from({ length: 5 }, () => letters[Math.floor(random() * letters.length)] ?? 'b').join('');
}
