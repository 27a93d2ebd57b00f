/** The Namespace that `kubectl create namespace` sends. */
import fc from 'fast-check';
import { parseProtobuf } from '../../../src/apiserver/http/protobuf.ts';
import { rounds } from '../../rounds.ts';
import { refusalOf } from '../things.ts';

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Buffer.from([...bytes, rest]);
}
const bytesField = (number: number, value: string | Buffer): Buffer =>
  Buffer.concat([varint(number * 8 + 2), varint(Buffer.byteLength(value)), Buffer.from(value)]);
const numberField = (number: number, value: number): Buffer => Buffer.concat([varint(number * 8), varint(value)]);
const entries = (number: number, map: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat(
    Object.entries(map).map(([key, value]) =>
      bytesField(number, Buffer.concat([bytesField(1, key), bytesField(2, value)])),
    ),
  );

const magic = Buffer.from('k8s\0');
const typeMeta = (apiVersion = 'v1', kind = 'Namespace'): Buffer =>
  bytesField(1, Buffer.concat([bytesField(1, apiVersion), bytesField(2, kind)]));
const body = (metadata: Buffer, type = typeMeta()): Buffer =>
  Buffer.concat([magic, type, bytesField(2, bytesField(1, metadata))]);

it('is read with its name, labels, annotations and finalizers', () => {
  const metadata = Buffer.concat([
    bytesField(1, 'ns'),
    bytesField(2, 'gen-'),
    entries(11, { a: 'b', empty: '' }),
    entries(12, { note: 'ä' }),
    bytesField(14, 'one'),
    bytesField(14, 'two'),
  ]);
  expect(parseProtobuf(body(metadata))).toEqual({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'ns',
      generateName: 'gen-',
      labels: { a: 'b', empty: '' },
      annotations: { note: 'ä' },
      finalizers: ['one', 'two'],
    },
  });
});

it('has only what it says', () => {
  const bare = { apiVersion: 'v1', kind: 'Namespace', metadata: { labels: {}, annotations: {}, finalizers: [] } };
  expect(parseProtobuf(body(bytesField(1, '')))).toEqual(bare);
  expect(parseProtobuf(Buffer.concat([magic, typeMeta()]))).toEqual(bare);
});

it('may have fields of other types that nobody needs', () => {
  const others = Buffer.concat([
    numberField(7, 300),
    Buffer.from([8 * 8 + 1, 1, 2, 3, 4, 5, 6, 7, 8]),
    Buffer.from([9 * 8 + 5, 1, 2, 3, 4]),
    bytesField(100, 'x'),
    bytesField(1, 'ns'),
  ]);
  expect(parseProtobuf(body(others))).toMatchObject({ metadata: { name: 'ns' } });
});

it('says last what counts when it says a thing twice', () => {
  expect(parseProtobuf(body(Buffer.concat([bytesField(1, 'first'), bytesField(1, 'last')])))).toMatchObject({
    metadata: { name: 'last' },
  });
});

it('may have long texts', () => {
  const name = 'n'.repeat(20_000);
  expect(parseProtobuf(body(bytesField(1, name)))).toMatchObject({ metadata: { name } });
});

test.each<readonly [string, string, string]>([
  ['v1', 'Pod', 'protobuf is read for v1 Namespace only, not for v1 Pod: send application/json'],
  ['v2', 'Namespace', 'protobuf is read for v1 Namespace only, not for v2 Namespace: send application/json'],
])('of %s is not read for %s', (apiVersion, kind, message) => {
  expect(refusalOf(() => parseProtobuf(body(Buffer.alloc(0), typeMeta(apiVersion, kind))))).toEqual({
    code: 415,
    reason: 'UnsupportedMediaType',
    message,
  });
});

test.each<readonly [string, Buffer, string]>([
  ['with another beginning', Buffer.from('k8s\x01'), 'the protobuf body does not begin as Kubernetes has it'],
  ['that is empty', Buffer.alloc(0), 'the protobuf body does not begin as Kubernetes has it'],
  [
    'with a group, which is of no use since long',
    Buffer.concat([magic, Buffer.from([8 + 3])]),
    'the protobuf body is malformed',
  ],
  ['that ends in a number', Buffer.concat([magic, Buffer.from([8, 0x80])]), 'the protobuf body is cut off'],
  [
    'with a number that never ends',
    Buffer.concat([magic, Buffer.from([8]), Buffer.alloc(20, 0xff)]),
    'the protobuf body is cut off',
  ],
  [
    'that ends in eight bytes',
    Buffer.concat([magic, Buffer.from([8 + 1, 1, 2, 3, 4, 5, 6, 7])]),
    'the protobuf body is cut off',
  ],
  ['that ends in four bytes', Buffer.concat([magic, Buffer.from([8 + 5, 1, 2, 3])]), 'the protobuf body is cut off'],
])('a body %s is refused', (_what, bytes, message) => {
  expect(refusalOf(() => parseProtobuf(bytes))).toEqual({ code: 400, reason: 'BadRequest', message });
});

it('is refused wherever it is cut off, or read without what is missing, but never breaks the server', () => {
  const whole = body(Buffer.concat([bytesField(1, 'ns'), entries(11, { a: 'b' })]));
  for (let length = 0; length < whole.length; length++) {
    try {
      expect(parseProtobuf(whole.subarray(0, length))).toMatchObject({ kind: 'Namespace' });
    } catch {
      expect([400, 415]).toContain(refusalOf(() => parseProtobuf(whole.subarray(0, length))).code);
    }
  }
});

it('of any bytes is refused or read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = Buffer.concat([magic, typeMeta(), Buffer.from(bytes)]);
      try {
        parseProtobuf(text);
      } catch {
        expect([400, 415]).toContain(refusalOf(() => parseProtobuf(text)).code);
      }
    }),
    { numRuns: rounds(5000) },
  );
});
