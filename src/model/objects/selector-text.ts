/** Label selectors as kubectl writes them: `a=b`, `a!=b`, `a in (b, c)`, `a notin (b)`, `a`, `!a`, joined by commas. */
import { err, ok, type Result } from '../values/result.ts';
import type { LabelSelectorObject } from './raw.ts';

type Requirement = NonNullable<LabelSelectorObject['matchExpressions']>[number];

const key = '((?:[a-zA-Z0-9.-]+/)?[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?)';
const value = '([a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?)?';
const equality = new RegExp(`^${key}\\s*(=|==|!=)\\s*(${value})$`);
const membership = new RegExp(`^${key}\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const existence = new RegExp(`^(!?)\\s*${key}$`);
const wholeValue = new RegExp(`^${value}$`);

/** Splits at commas outside parentheses. */
export function selectorTerms(text: string): readonly string[] {
  return text.split(/,(?![^()]*\))/).map((term) => term.trim());
}

function setRequirement(term: string): Requirement | undefined {
  const match = membership.exec(term);
  if (match === null) return undefined;
  const [, name = '', , operator, list = ''] = match;
  const values = list.split(',').map((item) => item.trim());
  if (!values.every((item) => wholeValue.test(item))) return undefined;
  return { key: name, operator: operator === 'in' ? 'In' : 'NotIn', values };
}

function requirement(term: string): Requirement | undefined {
  const [, name = '', , operator, wanted = ''] = equality.exec(term) ?? [];
  if (operator !== undefined) return { key: name, operator: operator === '!=' ? 'NotIn' : 'In', values: [wanted] };
  const set = setRequirement(term);
  if (set !== undefined) return set;
  const [, not, present = ''] = existence.exec(term) ?? [];
  return not === undefined ? undefined : { key: present, operator: not === '' ? 'Exists' : 'DoesNotExist' };
}

/** Parses a selector; the error names the requirement that cannot be read. */
export function parseSelector(text: string): Result<LabelSelectorObject> {
  const matchExpressions: Requirement[] = [];
  for (const term of selectorTerms(text)) {
    const parsed = requirement(term);
    if (parsed === undefined)
      return err(`unable to parse requirement: found '${term}', expected: identifier or operator`);
    matchExpressions.push(parsed);
  }
  return ok({ matchExpressions });
}

function requirementText({ key: name, operator, values = [] }: Requirement): string {
  const isOne = values.length === 1;
  switch (operator) {
    case 'In':
      return isOne ? `${name}=${values.join()}` : `${name} in (${values.join()})`;
    case 'NotIn':
      return isOne ? `${name}!=${values.join()}` : `${name} notin (${values.join()})`;
    case 'Exists':
      return name;
    default:
      return `!${name}`;
  }
}

/** A selector in the form that `parseSelector` reads. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelectorObject): string {
  const labels = Object.entries(matchLabels).map(([name, wanted]) => `${name}=${wanted}`);
  return [...labels, ...matchExpressions.map(requirementText)].join(',');
}
