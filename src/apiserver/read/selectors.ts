/** Label and field selectors in query strings. */
import { type Json, jsonEqual } from '../../model/values/json.ts';
import { badRequest } from '../refusal.ts';
import { objectAt, type StoredObject, textAt } from '../store/object.ts';

export type Matcher = (object: StoredObject) => boolean;

type Labels = ReadonlyMap<string, Json | undefined>;
type Requirement = (labels: Labels) => boolean;

const labelKey = '((?:[a-zA-Z0-9.-]+/)?[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?)';
const labelValue = '([a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?)?';
const equality = new RegExp(`^${labelKey}\\s*(=|==|!=)\\s*(${labelValue})$`);
const membership = new RegExp(`^${labelKey}\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const existence = new RegExp(`^(!?)\\s*${labelKey}$`);

/** Splits at commas outside parentheses. */
function terms(text: string): readonly string[] {
  return text.split(/,(?![^()]*\))/).map((term) => term.trim());
}

function setRequirement(term: string): Requirement | undefined {
  const match = membership.exec(term);
  if (match === null) return undefined;
  const [, key = '', , operator, list = ''] = match;
  const values: readonly (Json | undefined)[] = list.split(',').map((item) => item.trim());
  return operator === 'in'
    ? (labels) => labels.has(key) && values.includes(labels.get(key))
    : (labels) => !values.includes(labels.get(key));
}

function labelRequirement(term: string): Requirement {
  const [, key = '', , operator, value = ''] = equality.exec(term) ?? [];
  if (operator === '!=') return (labels) => labels.get(key) !== value;
  if (operator !== undefined) return (labels) => labels.get(key) === value;
  const set = setRequirement(term);
  if (set !== undefined) return set;
  const [, not, presentKey = ''] = existence.exec(term) ?? [];
  if (not === undefined)
    throw badRequest(`unable to parse requirement: found '${term}', expected: identifier or operator`);
  return (labels) => labels.has(presentKey) === (not === '');
}

/**
 * Selects labels: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas. Throws Refusal if the text is
 * no selector.
 */
export function labelsMatcher(text: string): (labels: Readonly<Record<string, Json | undefined>>) => boolean {
  const requirements = terms(text).map(labelRequirement);
  return (all) => {
    const labels = new Map(Object.entries(all));
    return requirements.every((requirement) => requirement(labels));
  };
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
  const requirements = terms(text).map((term): Matcher => {
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
