/** Validates values against their schema. The messages are Kubernetes', because clients print them. */
import { isJsonArray, isJsonObject, type Json, jsonEqual, type JsonObject } from '../../../model/values/json.ts';
import { joinPath, type Rules, type Schema } from '../../kinds/schema.ts';
import { duplicateValue, type FieldError, invalidValue, requiredValue } from '../../refusal.ts';

/** Formats a value as Go's %v and %q do in these messages. */
function shown(value: Json): string {
  return JSON.stringify(value);
}

function typeName(value: Json): string {
  if (value === null) return 'null';
  if (isJsonArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function typeFits(value: Json, schema: Schema): boolean {
  if (value === null) return schema.nullable || (schema.type === undefined && !schema.intOrString);
  const actual = typeName(value);
  if (schema.intOrString) return actual === 'integer' || actual === 'string';
  if (schema.type === undefined) return true;
  return actual === schema.type || (actual === 'integer' && schema.type === 'number');
}

const formats: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/,
  date: /^\d{4}-\d\d-\d\d$/,
  ipv4: /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/,
  uuid: /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i,
};

function checkString(value: string, rules: Rules, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { minLength, maxLength, pattern, format } = rules;
  const length = Array.from(value).length; // in characters, not UTF-16 units
  if (maxLength !== undefined && length > maxLength) {
    errors.push({
      reason: 'FieldValueTooLong',
      field: path,
      message: `Too long: may not be longer than ${String(maxLength)}`,
    });
  }
  if (minLength !== undefined && length < minLength) {
    errors.push(invalidValue(path, value, `${path} in body should be at least ${String(minLength)} chars long`));
  }
  if (pattern !== undefined && !pattern.regexp.test(value)) {
    errors.push(invalidValue(path, value, `${path} in body should match '${pattern.text}'`));
  }
  if (format !== undefined && Object.hasOwn(formats, format) && formats[format]?.test(value) === false) {
    errors.push(invalidValue(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`));
  }
  return errors;
}

function checkRange(value: number, rules: Rules, path: string): FieldError[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = rules;
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    return [
      invalidValue(
        path,
        value,
        `${path} in body should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${String(minimum)}`,
      ),
    ];
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    return [
      invalidValue(
        path,
        value,
        `${path} in body should be less than ${exclusiveMaximum ? '' : 'or equal to '}${String(maximum)}`,
      ),
    ];
  }
  return [];
}

function checkNumber(value: number, rules: Rules, path: string): FieldError[] {
  const errors = checkRange(value, rules, path);
  const { multipleOf, format } = rules;
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    errors.push(invalidValue(path, value, `${path} in body should be a multiple of ${String(multipleOf)}`));
  }
  if (format === 'int32' && Number.isInteger(value) && value !== (value | 0)) {
    errors.push(invalidValue(path, value, `${path} in body must be of type int32: ${JSON.stringify(typeName(value))}`));
  }
  return errors;
}

function tooMany(path: string, count: number, most: number): FieldError {
  const message = `Too many: ${String(count)}: must have at most ${String(most)} items`;
  return { reason: 'FieldValueTooMany', field: path, message };
}

/** Finds repeated items of a list that is a set or a map. */
function duplicates(value: readonly Json[], schema: Schema, path: string): FieldError[] {
  if (schema.listType === 'atomic' || !schema.isUnique) return [];
  const seen = new Set<string>();
  return value.flatMap((item, index): FieldError[] => {
    const keys =
      isJsonObject(item) && schema.listType === 'map' ? schema.listKeys.map((key) => item[key] ?? null) : item;
    const text = JSON.stringify(keys);
    if (!seen.has(text)) {
      seen.add(text);
      return [];
    }
    return [duplicateValue(`${path}[${String(index)}]`, goText(item, schema))];
  });
}

function goText(item: Json, schema: Schema): string {
  if (!isJsonObject(item)) return shown(item);
  const parts = schema.listKeys.map((key) => `${JSON.stringify(key)}:${shown(item[key] ?? null)}`);
  return `map[string]interface {}{${parts.join(', ')}}`;
}

function checkArray(value: readonly Json[], schema: Schema, path: string): FieldError[] {
  const errors = duplicates(value, schema, path);
  const { minItems, maxItems } = schema.rules;
  if (maxItems !== undefined && value.length > maxItems) errors.push(tooMany(path, value.length, maxItems));
  if (minItems !== undefined && value.length < minItems) {
    errors.push(invalidValue(path, value.length, `${path} in body should have at least ${String(minItems)} items`));
  }
  const { items } = schema;
  if (items !== undefined)
    value.forEach((item, index) => errors.push(...check(item, items, `${path}[${String(index)}]`)));
  return errors;
}

function checkObject(value: JsonObject, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { minProperties, maxProperties, required } = schema.rules;
  const entries = Object.entries(value);
  if (maxProperties !== undefined && entries.length > maxProperties)
    errors.push(tooMany(path, entries.length, maxProperties));
  if (minProperties !== undefined && entries.length < minProperties) {
    errors.push(
      invalidValue(path, entries.length, `${path} in body should have at least ${String(minProperties)} properties`),
    );
  }
  for (const key of required) {
    if (value[key] === undefined) errors.push(requiredValue(joinPath(path, key)));
  }
  for (const [key, field] of entries) {
    const property = schema.properties.get(key) ?? schema.additional;
    if (property !== undefined && field !== undefined) errors.push(...check(field, property, joinPath(path, key)));
  }
  return errors;
}

function isOfSchema(value: Json, schema: Schema): boolean {
  return check(value, schema, '').length === 0;
}

/** allOf, anyOf, oneOf, not. */
function checkCombined(value: Json, rules: Rules, path: string): FieldError[] {
  const errors = rules.allOf.flatMap((part) => check(value, part, path));
  if (rules.anyOf.length > 0 && !rules.anyOf.some((part) => isOfSchema(value, part))) {
    errors.push(invalidValue(path, '', `"${path}" must validate at least one schema (anyOf)`));
  }
  const matching = rules.oneOf.filter((part) => isOfSchema(value, part)).length;
  if (rules.oneOf.length > 0 && matching !== 1) {
    const found = matching === 0 ? 'Found none valid' : `Found ${String(matching)} valid alternatives`;
    errors.push(invalidValue(path, '', `"${path}" must validate one and only one schema (oneOf). ${found}`));
  }
  if (rules.not !== undefined && isOfSchema(value, rules.not)) {
    errors.push(invalidValue(path, '', `"${path}" must not validate the schema (not)`));
  }
  return errors;
}

function checkEnum(value: Json, rules: Rules, path: string): FieldError[] {
  if (rules.enum === undefined || rules.enum.some((one) => jsonEqual(one, value))) return [];
  const supported = rules.enum.map((one) =>
    typeof one === 'string' ? JSON.stringify(one) : `"${JSON.stringify(one)}"`,
  );
  const message = `Unsupported value: ${shown(value)}: supported values: ${supported.join(', ')}`;
  return [{ reason: 'FieldValueNotSupported', field: path, message }];
}

function checkValue(value: Json, schema: Schema, path: string): FieldError[] {
  if (typeof value === 'string') return checkString(value, schema.rules, path);
  if (typeof value === 'number') return checkNumber(value, schema.rules, path);
  if (isJsonArray(value)) return checkArray(value, schema, path);
  return isJsonObject(value) ? checkObject(value, schema, path) : [];
}

function check(value: Json, schema: Schema, path: string): FieldError[] {
  if (!typeFits(value, schema)) {
    const actual = typeName(value);
    const expected = schema.intOrString ? 'integer,string' : (schema.type ?? '');
    return [invalidValue(path, actual, `${path} in body must be of type ${expected}: ${JSON.stringify(actual)}`)];
  }
  if (value === null) return [];
  const { rules } = schema;
  return [...checkValue(value, schema, path), ...checkEnum(value, rules, path), ...checkCombined(value, rules, path)];
}

/** The errors of the object, by field; empty if there are none. */
export function validateObject(object: JsonObject, schema: Schema): readonly FieldError[] {
  return check(object, schema, '');
}

/** A value of a type that its schema does not allow; `type` is the name that Go gives the wanted one. */
interface Misfit {
  readonly path: string;
  readonly value: Json;
  readonly type: string;
}

function goType({ type, intOrString, rules }: Schema): string {
  if (intOrString) return 'intstr.IntOrString';
  if (type === 'integer') return rules.format ?? 'int64';
  return type === 'boolean' ? 'bool' : type === 'number' ? 'float64' : (type ?? 'interface {}');
}

/** The first value that Go's decoder could not put into the object's type; undefined if there is none. */
export function misfitIn(value: Json, schema: Schema, path = ''): Misfit | undefined {
  if (value === null) return undefined;
  const isTooLarge = schema.rules.format === 'int32' && typeof value === 'number' && value !== (value | 0);
  if (!typeFits(value, schema) || isTooLarge) return { path, value, type: goType(schema) };
  if (isJsonArray(value)) {
    const { items } = schema;
    return items === undefined ? undefined : firstOf(value.map((item) => () => misfitIn(item, items, path)));
  }
  if (!isJsonObject(value)) return undefined;
  return firstOf(
    Object.entries(value).map(([key, field]) => () => {
      const property = schema.properties.get(key) ?? schema.additional;
      return property === undefined || field === undefined ? undefined : misfitIn(field, property, joinPath(path, key));
    }),
  );
}

function firstOf<T>(looks: readonly (() => T | undefined)[]): T | undefined {
  for (const look of looks) {
    const found = look();
    if (found !== undefined) return found;
  }
  return undefined;
}
