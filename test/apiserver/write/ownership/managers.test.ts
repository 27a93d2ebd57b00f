/** Which program wrote which fields. */
import {
  isSame,
  type Manager,
  managersOf,
  noteUpdate,
  setFields,
  withManagers,
  type Writer,
} from '../../../../src/apiserver/write/ownership/managers.ts';
import type { JsonObject } from '../../../../src/model/values/json.ts';
import { thing, thingKind } from '../../things.ts';

const resource = thingKind();
const [first, later] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-01T00:01:00Z')];
const writer = (manager: string, more: Partial<Writer> = {}): Writer => ({
  manager,
  operation: 'Update',
  subresource: '',
  ...more,
});
const update = (old: JsonObject, spec: JsonObject, by: string, now = first): JsonObject =>
  noteUpdate(old, { ...old, ...thing('x', spec), metadata: old['metadata'] ?? { name: 'x' } }, writer(by), {
    resource,
    now,
  });

/** Who owns what, one line for each manager: `NAME: FIELDS at TIME`. */
const owners = (object: JsonObject): string[] =>
  managersOf(object).map(
    ({ manager, fields, time }) =>
      `${manager}: ${[...fields.values()].map((path) => path.map((part) => part.slice(2)).join('.')).join(' ')} at ${time.slice(14, 16)}`,
  );

it('notes who made an object, in the form of Kubernetes', () => {
  expect(update({}, { size: 1 }, 'me')['metadata']).toEqual({
    name: 'x',
    managedFields: [
      {
        manager: 'me',
        operation: 'Update',
        apiVersion: 'example.org/v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { '.': {}, 'f:size': {} } },
      },
    ],
  });
});

it('names the subresource of who writes to one', () => {
  const object = noteUpdate({}, thing('x', { size: 1 }), writer('me', { subresource: 'status' }), {
    resource,
    now: first,
  });
  expect(managersOf(object)).toMatchObject([{ manager: 'me', subresource: 'status' }]);
});

it('gives a field to who changes it, and takes it from who had it', () => {
  const made = update({}, { size: 1, mode: 'Slow' }, 'one');
  expect(owners(update(made, { size: 2, mode: 'Slow' }, 'two', later))).toEqual([
    'one: spec spec.mode at 00',
    'two: spec.size at 01',
  ]);
});

it('forgets a manager who has lost its last field', () => {
  const made = update(update({}, { size: 1 }, 'one'), { size: 1, mode: 'Slow' }, 'two');
  expect(owners(update(made, { size: 1, mode: 'Fast' }, 'one', later))).toEqual([
    'one: spec spec.mode spec.size at 01',
  ]);
});

it('takes a field that went from everybody', () => {
  const made = update(update({}, { size: 1 }, 'one'), { size: 1, mode: 'Slow' }, 'two');
  expect(owners(update(made, { mode: 'Slow' }, 'two', later))).toEqual(['one: spec at 00', 'two: spec.mode at 00']);
});

it('dates whoever changes a value, also of a field that it owned, and not whoever only removes one', () => {
  const made = update({}, { size: 1, color: 'red' }, 'one');
  expect(owners(update(made, { size: 2, color: 'red' }, 'one', later))).toEqual([
    'one: spec spec.color spec.size at 01',
  ]);
  expect(owners(update(made, { size: 1 }, 'one', later))).toEqual(['one: spec spec.size at 00']);
});

it('changes nothing when nothing changed', () => {
  const made = update({}, { size: 1 }, 'one');
  expect(update(made, { size: 1 }, 'two', later)).toEqual(made);
});

it('tells writers apart by name, operation and subresource', () => {
  const one = writer('a');
  expect(isSame(one, writer('a'))).toBe(true);
  expect(isSame(one, writer('b'))).toBe(false);
  expect(isSame(one, writer('a', { operation: 'Apply' }))).toBe(false);
  expect(isSame(one, writer('a', { subresource: 'status' }))).toBe(false);
});

describe('the fields of a writer', () => {
  const fields = new Map([['f:a', ['f:a']]]);
  const known: Manager = { ...writer('a'), apiVersion: 'example.org/v1', time: 'then', fields };
  const other: Manager = { ...known, manager: 'b' };
  const of = { resource, now: later };

  it('are replaced in their place', () => {
    const more = new Map([['f:b', ['f:b']]]);
    expect(setFields([known, other], writer('a'), more, of)).toEqual([
      { ...known, fields: more, time: '2026-01-01T00:01:00Z' },
      other,
    ]);
  });

  it('come last when the writer is new', () => {
    expect(setFields([other], writer('a'), fields, of).map(({ manager }) => manager)).toEqual(['b', 'a']);
  });

  it('stay as they are when they are the same in the same version', () => {
    const managers = [known, other];
    expect(setFields(managers, writer('a'), new Map(fields), of)).toBe(managers);
    const [changed] = setFields([{ ...known, apiVersion: 'example.org/v0' }], writer('a'), fields, of);
    expect(changed).toMatchObject({ apiVersion: 'example.org/v1', time: '2026-01-01T00:01:00Z' });
  });
});

it('reads and writes managers without a loss', () => {
  const object = noteUpdate(
    update({}, { size: 1 }, 'one'),
    thing('x', { size: 2 }),
    writer('s', { operation: 'Apply', subresource: 'status' }),
    { resource, now: later },
  );
  expect(withManagers(object, managersOf(object))).toEqual(object);
});

it('leaves managedFields out where nobody owns anything', () => {
  const nobody: Manager = { ...writer('a'), apiVersion: 'v1', time: '', fields: new Map() };
  expect(withManagers({ metadata: { name: 'x' } }, [nobody])).toEqual({
    metadata: { name: 'x', managedFields: undefined },
  });
});

it('reads entries that lack everything as nobody with nothing', () => {
  expect(managersOf({ metadata: { managedFields: [{}, 'x'] } })).toEqual([
    { manager: '', operation: 'Update', subresource: '', apiVersion: '', time: '', fields: new Map() },
  ]);
});
