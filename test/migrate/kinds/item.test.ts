import fc from 'fast-check';
import {
  booleanAt,
  itemOf,
  listAt,
  numberAt,
  selectorAt,
  textAt,
  textsAt,
  textsByKey,
  timeAt,
  writtenAt,
} from '../../../src/migrate/kinds/item.ts';
import { rounds } from '../../rounds.ts';
import { make } from '../snapshots.ts';

describe('an object', () => {
  it('has every field of its metadata, empty where it stands for nothing', () => {
    const bare = make.any('v1', 'Node', {}, {});
    expect(itemOf(bare)).toEqual({
      object: bare,
      name: '',
      namespace: '',
      labels: {},
      annotations: {},
      isTerminating: false,
    });
    const full = make.any(
      'v1',
      'Pod',
      { name: 'p', namespace: 'n', labels: { a: 'b' }, annotations: { c: 'd' }, deletionTimestamp: 'now' },
      {},
    );
    expect(itemOf(full)).toMatchObject({
      name: 'p',
      namespace: 'n',
      labels: { a: 'b' },
      annotations: { c: 'd' },
      isTerminating: true,
    });
  });
});

describe('what stands at a path', () => {
  const value = { a: { text: 'x', list: ['y', 7], number: 0, no: false, none: null, map: { k: 'v', n: 7 } } };

  it('is of its type, or as if there were none', () => {
    expect([textAt(value, 'a', 'text'), textAt(value, 'a', 'number'), textAt(value, 'b', 'text')]).toEqual([
      'x',
      '',
      '',
    ]);
    expect([listAt(value, 'a', 'list'), listAt(value, 'a', 'text')]).toEqual([['y', 7], []]);
    expect(textsAt(value, 'a', 'list')).toEqual(['y', '']);
    expect([numberAt(value, 'a', 'number'), numberAt(value, 'a', 'text')]).toEqual([0, undefined]);
    expect([booleanAt(value, 'a', 'no'), booleanAt(value, 'a', 'none')]).toEqual([false, undefined]);
    expect([textsByKey(value, 'a', 'map'), textsByKey(value, 'a', 'list')]).toEqual([{ k: 'v', n: '' }, {}]);
  });

  it('may be a time', () => {
    expect(timeAt({ at: '2026-01-01T00:00:00Z' }, 'at')).toBe(1_767_225_600_000);
    expect([timeAt({ at: 'noon' }, 'at'), timeAt({}, 'at')]).toEqual([undefined, undefined]);
  });

  it('may be a label selector, with every part of it', () => {
    expect(
      selectorAt(
        { s: { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }] } },
        's',
      ),
    ).toEqual({
      matchLabels: { a: 'b' },
      matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }],
    });
    expect(selectorAt({ s: {} }, 's')).toEqual({ matchLabels: {}, matchExpressions: [] });
    expect([selectorAt({ s: null }, 's'), selectorAt({}, 's')]).toEqual([undefined, undefined]);
  });

  it('is read whatever the value is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (any) => {
        expect(typeof textAt(any, 'a', 'b')).toBe('string');
        expect(textsAt(any, 'a').every((text) => typeof text === 'string')).toBe(true);
        expect(Object.values(textsByKey(any, 'a')).every((text) => typeof text === 'string')).toBe(true);
      }),
      { numRuns: rounds(500) },
    );
  });
});

describe('when a field was written', () => {
  const entry = (time: string | undefined, fieldsV1: object): object => ({ manager: 'm', time, fieldsV1 });
  const since = (...managedFields: readonly object[]) =>
    writtenAt(make.any('v1', 'Thing', { name: 'x', managedFields }, {}), 'spec', 'type');
  const own = { 'f:spec': { 'f:type': {} } };

  it('is the latest time of a manager that has it', () => {
    const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
    expect(since(entry(late, own), entry(early, own))).toBe(Date.parse(late));
    expect(since(entry(early, own), entry(late, { 'f:spec': {} }))).toBe(Date.parse(early));
  });

  it('is not known if none has it, or if none has a time', () => {
    expect([since(), since(entry('2026-01-01T00:00:00Z', {})), since(entry(undefined, own))]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
