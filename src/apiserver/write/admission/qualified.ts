/** What Kubernetes allows as keys of labels and annotations, as finalizers and as owners, in its own words. */
import type { JsonObject } from '../../../model/values/json.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../refusal.ts';
import { objectAt, objectsAt, textAt, textsAt } from '../../store/object.ts';
import { subdomainErrors } from './metadata.ts';

const longestName = 63;
const namePattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const characters =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  " +
  "or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** Why the text is no qualified name, `NAME` or `DOMAIN/NAME`; empty if it is one. */
export function qualifiedNameErrors(text: string): readonly string[] {
  const parts = text.split('/');
  const [prefix, name] = parts.length === 1 ? [undefined, parts[0] ?? ''] : [parts[0] ?? '', parts[1] ?? ''];
  if (parts.length > 2)
    return [`a qualified name ${characters} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  return [
    ...(prefix === '' ? ['prefix part must be non-empty'] : []),
    ...(prefix === undefined || prefix === '' ? [] : subdomainErrors(prefix).map((why) => `prefix part ${why}`)),
    ...(name === '' ? ['name part must be non-empty'] : []),
    ...(name.length > longestName ? [`name part must be no more than ${longestName} characters`] : []),
    ...(namePattern.test(name) ? [] : [`name part ${characters}`]),
  ];
}

/** Errors in the keys of labels and annotations, and in finalizers. */
export function keyErrors(metadata: JsonObject): readonly FieldError[] {
  const errors = (field: string, texts: readonly string[], asKey = (text: string): string => text): FieldError[] =>
    texts.flatMap((text) =>
      qualifiedNameErrors(asKey(text)).map((why) => invalidValue(`metadata.${field}`, text, why)),
    );
  return [
    ...errors('labels', Object.keys(objectAt(metadata, 'labels'))),
    ...errors('annotations', Object.keys(objectAt(metadata, 'annotations')), (key) => key.toLowerCase()),
    ...errors('finalizers', textsAt(metadata, 'finalizers')),
  ];
}

/** Errors in references to owners: each names version, kind, name and uid, and one at most is the controller. */
export function ownerErrors(metadata: JsonObject): readonly FieldError[] {
  const owners = objectsAt(metadata, 'ownerReferences');
  const path = 'metadata.ownerReferences';
  const errors = owners.flatMap((owner) => {
    const version = (textAt(owner, 'apiVersion') ?? '').split('/').at(-1) ?? '';
    const has: readonly (readonly [string, string])[] = [
      ['apiVersion', version],
      ...['kind', 'name', 'uid'].map((key) => [key, textAt(owner, key) ?? ''] as const),
    ];
    const { apiVersion, kind } = owner;
    if (apiVersion === 'v1' && kind === 'Event') {
      const why = '/v1, Kind=Event is disallowed from being an owner';
      return [invalidValue(path, owner, why)];
    }
    return has.flatMap(([key, value]) =>
      value === ''
        ? [
            invalidValue(
              `${path}.${key}`,
              textAt(owner, key) ?? '',
              `${key === 'apiVersion' ? 'version' : key} must not be empty`,
            ),
          ]
        : [],
    );
  });
  const [first, second] = owners
    .filter((owner) => owner['controller'] === true)
    .map((owner) => textAt(owner, 'name') ?? '');
  if (first === undefined || second === undefined) return errors;
  const why = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
  return [...errors, invalidValue(path, owners, why)];
}

/** Errors in an update of an object that is being deleted: it gets no more finalizers. */
export function lateFinalizerErrors(old: JsonObject, next: JsonObject): readonly FieldError[] {
  if (old['deletionTimestamp'] === undefined) return [];
  const before = new Set(textsAt(old, 'finalizers'));
  const added = textsAt(next, 'finalizers')
    .filter((one) => !before.has(one))
    .sort();
  if (added.length === 0) return [];
  const list = `[]string{${added.map((one) => JSON.stringify(one)).join(', ')}}`;
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
  return [forbiddenField('metadata.finalizers', why)];
}

/** Finalizers that Kubernetes itself knows; others of its own kinds have a domain. */
const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];

/** Errors in the finalizers of one of Kubernetes' own kinds. */
export function coreFinalizerErrors(metadata: JsonObject): readonly FieldError[] {
  const plain = textsAt(metadata, 'finalizers').filter(
    (name) => !name.includes('/') && !standardFinalizers.includes(name),
  );
  const why = 'name is neither a standard finalizer name nor is it fully qualified';
  return plain.map((name) => invalidValue('metadata.finalizers', name, why));
}

/** The most bytes that the keys and values of all annotations of an object may have together. */
const mostAnnotationBytes = 256 * 1024;

/** The error that the annotations are too large, if they are. */
export function annotationSizeErrors(metadata: JsonObject): readonly FieldError[] {
  const annotations = objectAt(metadata, 'annotations');
  const bytes = Object.keys(annotations).reduce(
    (sum, key) => sum + Buffer.byteLength(key) + Buffer.byteLength(textAt(annotations, key) ?? ''),
    0,
  );
  if (bytes <= mostAnnotationBytes) return [];
  const message = `Too long: must have at most ${mostAnnotationBytes} bytes`;
  return [{ reason: 'FieldValueTooLong', field: 'metadata.annotations', message }];
}
