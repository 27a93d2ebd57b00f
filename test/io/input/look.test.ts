import { looksLikeObjects, packedWith } from '../../../src/io/input/look.ts';

test.each([
  ['{"apiVersion":"v1","kind":"Node"}', true],
  ['\n# a comment\n---\n- apiVersion: v1\n  kind: Node\n', true],
  ["'kind': Node\n'apiVersion': v1\n", true],
  ['metadata:\r\n  name: a\r\napiVersion: v1\r\nkind: Node\r\n', true],
  ['kind: Node\n', false],
  ['W1129 apiVersion: v1\nkind: Node\n', false],
  ['', false],
])('%j may hold objects: %s', (text, may) => {
  expect(looksLikeObjects(text)).toBe(may);
});

test('a file that another program packed is known by its first bytes', () => {
  expect(packedWith(Buffer.from('BZh9'))).toBe('bzip2');
  expect(packedWith(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))).toBe('zstd');
  expect(packedWith(Buffer.from('kind: Node'))).toBeUndefined();
});
