/** Label selectors (Kubernetes API conventions, labels and selectors). */
import type { LabelSelectorObject } from './raw.ts';
import { namespaceNameLabel } from './well-known.ts';

export type Labels = Readonly<Record<string, string>>;
type Expression = NonNullable<LabelSelectorObject['matchExpressions']>[number];

/** The keys of the labels that the selector asks of. */
export function keysOf({ matchLabels, matchExpressions }: LabelSelectorObject): readonly string[] {
  return [...Object.keys(matchLabels ?? {}), ...(matchExpressions ?? []).map(({ key }) => key)];
}

/** Whether the selector selects everything, that is, has neither labels nor expressions. */
export function selectsAll(selector: LabelSelectorObject): boolean {
  return keysOf(selector).length === 0;
}

/** The label; undefined if there is none. Every object of JavaScript has a `constructor` that is no label. */
function labelAt(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function meets({ key, operator, values = [] }: Expression, labels: Labels): boolean {
  const value = labelAt(labels, key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** Whether the labels satisfy all requirements of the selector; an unknown operator selects nothing. */
export function matches(selector: LabelSelectorObject, labels: Labels): boolean {
  const byLabels = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labelAt(labels, key) === value);
  return byLabels && (selector.matchExpressions ?? []).every((expression) => meets(expression, labels));
}

/** The names that a selector by name lists; undefined when it selects by anything else. */
export function namesIn(selector: LabelSelectorObject): readonly string[] | undefined {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const keys = keysOf(selector);
  if (keys.length !== 1 || keys[0] !== namespaceNameLabel) return undefined;
  const [expression] = matchExpressions;
  if (expression === undefined) return Object.values(matchLabels);
  return expression.operator === 'In' ? (expression.values ?? []) : undefined;
}
