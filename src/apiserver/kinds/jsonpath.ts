/**
 * The simple JSONPath of printer columns: `.spec.x`, `.a[0].b`, `.items[*].name`, `.metadata.annotations['a\.b']`,
 * filters by equality.
 */
import { isJsonArray, isJsonObject, type Json } from '../../model/values/json.ts';

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly path: readonly Step[]; readonly equals: Json };

/** A parsed path: returns the values that it finds in an object, in order. */
export type JsonPath = (value: Json) => readonly Json[];

const tokens: readonly { readonly pattern: RegExp; readonly step: (match: RegExpExecArray) => Step }[] = [
  { pattern: /^\.?\[\*\]|^\.\*/, step: () => ({ kind: 'all' }) },
  { pattern: /^\.?\[(-?\d+)\]/, step: ([, index]) => ({ kind: 'index', index: Number(index) }) },
  { pattern: /^\.?\['((?:[^'\\]|\\.)*)'\]/, step: ([, name = '']) => ({ kind: 'field', name: unescape(name) }) },
  { pattern: /^\.?\["((?:[^"\\]|\\.)*)"\]/, step: ([, name = '']) => ({ kind: 'field', name: unescape(name) }) },
  {
    pattern: /^\.?\[\?\(\s*@((?:\.[\w-]+)+)\s*==\s*(?:'([^']*)'|"([^"]*)"|([^)\s]+))\s*\)\]/,
    step: ([, path = '', single, double, bare = '']) => ({
      kind: 'filter',
      path: parseSteps(path),
      equals: single ?? double ?? literal(bare),
    }),
  },
  { pattern: /^\.((?:[^.[\]\\'"]|\\.)+)/, step: ([, name = '']) => ({ kind: 'field', name: unescape(name) }) },
];

function unescape(name: string): string {
  return name.replace(/\\(.)/g, '$1');
}

function literal(text: string): Json {
  if (text === 'true' || text === 'false') return text === 'true';
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

function parseSteps(text: string): readonly Step[] {
  const steps: Step[] = [];
  for (let rest = text; rest !== '';) {
    const [found] = tokens.flatMap(({ pattern, step }) => {
      const match = pattern.exec(rest);
      return match === null ? [] : [{ match, step }];
    });
    if (found === undefined)
      throw new SyntaxError(`JSONPath ${JSON.stringify(text)} is not supported at ${JSON.stringify(rest)}`);
    steps.push(found.step(found.match));
    rest = rest.slice(found.match[0].length);
  }
  return steps;
}

function children(value: Json): readonly Json[] {
  if (isJsonArray(value)) return value;
  return isJsonObject(value) ? Object.values(value).filter((child) => child !== undefined) : [];
}

function take(value: Json, step: Step): readonly Json[] {
  switch (step.kind) {
    case 'field': {
      const field = isJsonObject(value) ? value[step.name] : undefined;
      return field === undefined ? [] : [field];
    }
    case 'index': {
      const item = isJsonArray(value) ? value.at(step.index) : undefined;
      return item === undefined ? [] : [item];
    }
    case 'all':
      return children(value);
    case 'filter':
      return children(value).filter((child) => follow([child], step.path).includes(step.equals));
  }
}

function follow(values: readonly Json[], steps: readonly Step[]): readonly Json[] {
  let current = values;
  for (const step of steps) current = current.flatMap((value) => take(value, step));
  return current;
}

/** Parses the path; throws SyntaxError for unsupported syntax. */
export function parseJsonPath(text: string): JsonPath {
  const path = text
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .replace(/^\$/, '');
  const steps = parseSteps(path.startsWith('.') || path.startsWith('[') ? path : `.${path}`);
  return (value) => follow([value], steps);
}
