import { age, endpointSliceColumns, printerColumns, serviceColumns } from '../../../src/apiserver/kinds/columns.ts';
import { parseJsonPath } from '../../../src/apiserver/kinds/jsonpath.ts';
import { labelMatcher } from '../../../src/apiserver/read/selectors.ts';
import type { StoredObject } from '../../../src/apiserver/store/object.ts';

const now = new Date('2026-06-01T00:00:00Z');
const before = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString();

test.each([
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [185, '3m5s'],
  [599, '9m59s'],
  [600, '10m'],
  [3 * 3600 - 1, '179m'],
  [3 * 3600, '3h'],
  [4 * 3600 + 60, '4h1m'],
  [47 * 3600, '47h'],
  [48 * 3600, '2d'],
  [3 * 86_400 + 7200, '3d2h'],
  [9 * 86_400, '9d'],
  [729 * 86_400, '729d'],
  [731 * 86_400, '2y1d'],
  [9 * 365 * 86_400, '9y'],
  [-5, '<invalid>'],
])('%i seconds are %s', (seconds, text) => expect(age(before(seconds), now)).toBe(text));

test('an age of nothing is unknown', () => expect(age(undefined, now)).toBe('<unknown>'));

const object: StoredObject = {
  apiVersion: 'v1',
  kind: 'X',
  metadata: {
    name: 'x',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: before(60),
    labels: { a: 'b', 'n.x/y': '' },
    annotations: { 'a.b/c': 'd' },
  },
  list: ['p', 'q'],
  spec: {
    flag: false,
    count: 0,
    items: [
      { type: 'A', value: 1 },
      { type: 'B', value: 2 },
    ],
  },
};

test.each([
  ['.list', [['p', 'q']]],
  ['{.list[0]}', ['p']],
  ['.list[-1]', ['q']],
  ['.spec.items[*].value', [1, 2]],
  ['.spec.items[?(@.type=="B")].value', [2]],
  ['.spec.items[?(@.value == 1)].type', ['A']],
  [String.raw`.metadata.annotations.a\.b/c`, ['d']],
  ["$.metadata.annotations['a.b/c']", ['d']],
  ['.spec.none.deeper', []],
])('%s', (path, expected) => expect(parseJsonPath(path)(object)).toEqual(expected));

test('a path that is not supported says where', () =>
  expect(() => parseJsonPath('.a[1:2]')).toThrow('JSONPath ".a[1:2]" is not supported at "[1:2]"'));

test.each([
  ['integer', '.spec.count', 0],
  ['integer', '.list', null],
  ['boolean', '.spec.flag', false],
  ['string', '.spec.flag', 'false'],
  ['string', '.list', '["p","q"]'],
  ['string', '.spec.items[*].value', '1,2'],
  ['string', '.spec.none', null],
  ['date', '.metadata.creationTimestamp', '60s'],
  ['number', '.spec.count', 0],
])('a column of type %s for %s', (type, jsonPath, expected) => {
  const [, column] = printerColumns({ additionalPrinterColumns: [{ name: 'C', type, jsonPath }] });
  expect(column?.cell(object, now)).toEqual(expected);
});

test.each([
  ['a=b', true],
  ['a==b', true],
  ['a!=b', false],
  ['z!=b', true],
  ['a in (x, b)', true],
  ['a notin (x,b)', false],
  ['z notin (x)', true],
  ['a', true],
  ['!a', false],
  ['!z', true],
  ['n.x/y=', true],
  ['a in (b),n.x/y,!q', true],
  ['a=b,a=c', false],
])('the label selector %s', (selector, expected) => expect(labelMatcher(selector)(object)).toBe(expected));

describe('of Services', () => {
  const cells = (columns: typeof serviceColumns, more: object) =>
    columns.map(({ cell }) => cell({ ...object, ...more }, now) as string).join(' ');

  test('addresses and ports, with those of the nodes', () => {
    const ports = [
      { port: 80, protocol: 'TCP', nodePort: 30080 },
      { port: 53, protocol: 'UDP' },
    ];
    const spec = { type: 'NodePort', clusterIP: '172.30.0.10', ports, selector: { app: 'web' } };
    expect(cells(serviceColumns, { spec })).toBe('x NodePort 172.30.0.10 <none> 80:30080/TCP,53/UDP 60s app=web');
  });

  test('the name of another, or addresses outside', () => {
    const named = { type: 'ExternalName', externalName: 'example.org' };
    expect(cells(serviceColumns, { spec: named })).toBe('x ExternalName <none> example.org <none> 60s <none>');
    const outside = { type: 'ClusterIP', clusterIP: '172.30.0.1', externalIPs: ['203.0.113.7', '203.0.113.8'] };
    expect(cells(serviceColumns, { spec: outside })).toContain('203.0.113.7,203.0.113.8');
  });

  test('the endpoints of a slice', () => {
    const endpoints = [{ addresses: ['10.254.1.2'] }, { addresses: ['10.254.2.2'] }];
    expect(cells(endpointSliceColumns, { addressType: 'IPv4', endpoints, ports: [{ port: 8080 }, {}] })).toBe(
      'x IPv4 8080,* 10.254.1.2,10.254.2.2 60s',
    );
  });
});
