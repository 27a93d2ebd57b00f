/** Errors of JSON in the words of Go's decoder. */
import { cannotUnmarshal, syntaxError } from '../../src/apiserver/json-errors.ts';

function wordsFor(text: string): string {
  try {
    JSON.parse(text);
    return 'no error';
  } catch (error) {
    return syntaxError(error, text);
  }
}

test.each<readonly [string, string]>([
  ['', 'unexpected end of JSON input'],
  ['{', 'unexpected end of JSON input'],
  ['{"a"', 'unexpected end of JSON input'],
  ['{"a":', 'unexpected end of JSON input'],
  ['{"a":1', 'unexpected end of JSON input'],
  ['[1,', 'unexpected end of JSON input'],
  ['"a', 'unexpected end of JSON input'],
  ['x', "invalid character 'x' looking for beginning of value"],
  ["'", "invalid character '\\'' looking for beginning of value"],
  ['{"a":x}', "invalid character 'x' looking for beginning of value"],
  ['{x', "invalid character 'x' looking for beginning of object key string"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 2}', "invalid character '2' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['{} x', "invalid character 'x' after top-level value"],
  ['"\u0001"', "invalid character '\\u0001' in string literal"],
  ['"\\q"', "invalid character 'q' in string escape code"],
])('%j: %s', (text, words) => {
  expect(wordsFor(text)).toBe(words);
});

test.each<readonly [Parameters<typeof cannotUnmarshal>[0], string]>([
  ['x', 'string'],
  [1.5, 'number'],
  [true, 'bool'],
  [[], 'array'],
  [{}, 'object'],
  [null, 'object'],
])('%j is called a value of type %s', (value, name) => {
  expect(cannotUnmarshal(value, 'Go value of type int')).toBe(
    `json: cannot unmarshal ${name} into Go value of type int`,
  );
});
