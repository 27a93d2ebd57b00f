/** Why a text is no JSON, and why a value does not fit, in the words of Go's decoder: clients print them. */
import { isJsonArray, type Json } from '../model/values/json.ts';

/** What Go's decoder says where V8 says this of the same text; `$` stands for the character that is wrong. */
const words: readonly (readonly [RegExp, string])[] = [
  [/^Expected (double-quoted )?property name/, 'invalid character $ looking for beginning of object key string'],
  [/^Expected ':'/, 'invalid character $ after object key'],
  [/^Expected ',' or '}'/, 'invalid character $ after object key:value pair'],
  [/^Expected ',' or ']'/, 'invalid character $ after array element'],
  [/^Unexpected non-whitespace/, 'invalid character $ after top-level value'],
  [/^Bad control character/, 'invalid character $ in string literal'],
  [/^Bad escaped character/, 'invalid character $ in string escape code'],
];

/** The character that V8 complains of: named in its message, or at the position that it names. */
function characterIn(message: string, text: string): string | undefined {
  const named = /^Unexpected token '(.)'/su.exec(message)?.[1];
  if (named !== undefined) return named;
  const position = /at position (\d+)/.exec(message)?.[1];
  return position === undefined ? undefined : text[Number(position)];
}

/** `invalid character '}' looking for beginning of value`, from the error that JSON.parse threw for the text. */
export function syntaxError(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : '';
  const character = characterIn(message, text);
  if (character === undefined) return 'unexpected end of JSON input';
  const pattern = words.find(([of]) => of.test(message))?.[1];
  const shown = character === "'" ? `'\\''` : `'${JSON.stringify(character).slice(1, -1)}'`;
  return (pattern ?? 'invalid character $ looking for beginning of value').replace('$', () => shown);
}

function typeName(value: Json): string {
  if (isJsonArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** `json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string`; `into` ends it. */
export function cannotUnmarshal(value: Json, into: string): string {
  return `json: cannot unmarshal ${typeName(value)} into ${into}`;
}
