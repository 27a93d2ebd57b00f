/** Objects as a whole or as rows of a table. */
import type { Column } from '../../../src/apiserver/kinds/resource.ts';
import { objectText, renderList, tableLine, type TableView, viewOf } from '../../../src/apiserver/read/view.ts';
import { without } from '../../../src/apiserver/store/object.ts';
import { Entry } from '../../../src/apiserver/store/store.ts';
import { parseJson } from '../../../src/model/values/json.ts';
import { refusalOf, storedThing, thingKind } from '../things.ts';

const now = new Date('2026-01-01T00:00:00Z');
const column = (name: string, cell: Column['cell']): Column => ({
  name,
  type: 'string',
  format: 'f',
  description: 'd',
  priority: 1,
  cell,
});
const kind = thingKind({
  columns: [column('Name', ({ metadata }) => metadata.name), column('Now', (_object, at) => at.toISOString())],
});
const one = storedThing('one', { spec: { a: 1 } }, { managedFields: [{ manager: 'm' }] });
const two = storedThing('two');
const table: TableView = { kind: 'table', version: 'v1', includeObject: 'Metadata' };

describe('the Accept header', () => {
  const query = new URLSearchParams();

  test.each([undefined, '*/*', 'application/json', 'application/*', 'text/plain', 'application/json; charset=utf-8'])(
    '%j asks for objects',
    (accept) => {
      expect(viewOf(accept, query)).toEqual({ kind: 'object' });
    },
  );

  test.each<readonly [string, string]>([
    ['application/json;as=Table;v=v1;g=meta.k8s.io', 'v1'],
    ['application/json; as=Table; g=meta.k8s.io; v=v1beta1', 'v1beta1'],
    ['application/json;as=Table;g=meta.k8s.io', 'v1'],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'v1'],
  ])('%j asks for a table of version %s', (accept, version) => {
    expect(viewOf(accept, query)).toEqual({ kind: 'table', version, includeObject: 'Metadata' });
  });

  test.each([
    'application/yaml,application/json',
    'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json',
    'application/json;as=Table;v=v1;g=other,application/json',
    'application/vnd.kubernetes.protobuf, */*',
  ])('%j asks for what we cannot do, and else for objects', (accept) => {
    expect(viewOf(accept, query)).toEqual({ kind: 'object' });
  });

  test.each(['application/yaml', '', 'application/json;as=Table;g=other'])(
    '%j asks only for what we cannot do',
    (accept) => {
      expect(refusalOf(() => viewOf(accept, query))).toMatchObject({ code: 406, reason: 'NotAcceptable' });
    },
  );

  test.each<readonly [string, string]>([
    ['includeObject=None', 'None'],
    ['includeObject=Object', 'Object'],
    ['includeObject=Metadata', 'Metadata'],
    ['includeObject=All', 'Metadata'],
  ])('for a table with %j has rows with %s', (text, includeObject) => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    expect(viewOf(accept, new URLSearchParams(text))).toMatchObject({ includeObject });
  });
});

const definitions = [
  { name: 'Name', type: 'string', format: 'f', description: 'd', priority: 1 },
  { name: 'Now', type: 'string', format: 'f', description: 'd', priority: 1 },
];

it('shows one object as it is, or as a table of its version', () => {
  expect(parseJson(objectText(kind, one, { kind: 'object' }, now))).toEqual(one);
  const metadata = without(one.metadata, 'managedFields');
  expect(parseJson(objectText(kind, one, table, now))).toEqual({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '5' },
    columnDefinitions: definitions,
    rows: [
      {
        cells: ['one', '2026-01-01T00:00:00.000Z'],
        object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata },
      },
    ],
  });
});

describe('a list', () => {
  const entries = [new Entry(one), new Entry(two)];
  const options = { now, metadata: { resourceVersion: '9' } };

  it('has its kind, version and all objects', () => {
    expect(parseJson(renderList(kind, entries, { kind: 'object' }, options))).toEqual({
      kind: 'ThingList',
      apiVersion: 'example.org/v1',
      metadata: { resourceVersion: '9' },
      items: [one, two],
    });
  });

  it('of nothing is a list, too, also in the core group', () => {
    expect(parseJson(renderList(thingKind({ group: '' }), [], { kind: 'object' }, options))).toMatchObject({
      apiVersion: 'v1',
      items: [],
    });
  });

  it('as a table has the columns once and a row for each object', () => {
    expect(parseJson(renderList(kind, entries, { ...table, includeObject: 'None' }, options))).toEqual({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '9' },
      columnDefinitions: definitions,
      rows: [
        { cells: ['one', '2026-01-01T00:00:00.000Z'], object: null },
        { cells: ['two', '2026-01-01T00:00:00.000Z'], object: null },
      ],
    });
  });
});

it('tells of a change as a table of one row, with columns only if asked', () => {
  const line = (columns: boolean): string =>
    tableLine(kind, { type: 'MODIFIED', object: two }, { ...table, includeObject: 'Object' }, { now, columns });
  expect(line(false).endsWith('\n')).toBe(true);
  expect(parseJson(line(false))).toEqual({
    type: 'MODIFIED',
    object: {
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '5' },
      rows: [{ cells: ['two', '2026-01-01T00:00:00.000Z'], object: two }],
    },
  });
  expect(parseJson(line(true))).toMatchObject({ object: { columnDefinitions: definitions } });
});
