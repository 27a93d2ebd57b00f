/** Label and field selectors in query strings. */
import mapValues from 'lodash/mapValues.js';
import { matches } from '../../model/objects/selector.ts';
import { parseSelector, selectorTerms } from '../../model/objects/selector-text.ts';
import { asText, type Json, jsonEqual } from '../../model/values/json.ts';
import { badRequest } from '../refusal.ts';
import { objectAt, type StoredObject, textAt } from '../store/object.ts';

export type Matcher = (object: StoredObject) => boolean;

/**
 * Selects labels: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas. Throws Refusal if the text is
 * no selector.
 */
export function labelsMatcher(text: string): (labels: Readonly<Record<string, Json | undefined>>) => boolean {
  const selector = parseSelector(text);
  if (!selector.ok) throw badRequest(selector.error);
  return (labels) => matches(selector.value, mapValues(labels, asText));
}

/** Selects objects by their labels. */
export function labelMatcher(text: string): Matcher {
  const matches = labelsMatcher(text);
  return ({ metadata }) => matches(objectAt(metadata, 'labels'));
}

/** Reads a selectable field: `metadata.name` for any kind, others by their path. */
function fieldValue(object: StoredObject, path: string): string {
  const parts = path.split('.');
  const last = parts.pop() ?? '';
  let holder: Readonly<Record<string, Json | undefined>> = object;
  for (const part of parts) holder = objectAt(holder, part);
  const value = holder[last];
  return typeof value === 'boolean' || typeof value === 'number' ? String(value) : (textAt(holder, last) ?? '');
}

/** Selects by fields: `metadata.name=x`, `!=`, joined by commas; `fields` are the selectable ones of the kind. */
export function fieldMatcher(text: string, fields: readonly string[]): Matcher {
  const requirements = selectorTerms(text).map((term): Matcher => {
    const [, path = '', operator, value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(term) ?? [];
    if (operator === undefined) throw badRequest(`invalid field selector; can't understand '${term}'`);
    if (!fields.includes(path)) throw badRequest(`field label not supported: ${path}`);
    return (object) => jsonEqual(fieldValue(object, path), value) === (operator !== '!=');
  });
  return (object) => requirements.every((requirement) => requirement(object));
}

/** The matcher of a query; undefined if it selects everything. */
export function matcherOf(query: URLSearchParams, fields: readonly string[]): Matcher | undefined {
  const labels = query.get('labelSelector') ?? '';
  const field = query.get('fieldSelector') ?? '';
  const matchers = [
    ...(labels === '' ? [] : [labelMatcher(labels)]),
    ...(field === '' ? [] : [fieldMatcher(field, fields)]),
  ];
  return matchers.length === 0 ? undefined : (object) => matchers.every((matcher) => matcher(object));
}
