import { objectAt, objectsAt, textAt, textsAt, timestamp, without } from '../../../src/apiserver/store/object.ts';

const object = { text: 'a', number: 1, object: { b: 1 }, list: ['a', 1, null, { c: 1 }, ['d'], 'e'], nothing: null };

test.each(['text', 'number', 'list', 'nothing', 'none'])('there is no object at %s', (key) => {
  expect(objectAt(object, key)).toEqual({});
});

test.each(['number', 'object', 'list', 'nothing', 'none'])('there is no text at %s', (key) => {
  expect(textAt(object, key)).toBeUndefined();
});

test.each(['text', 'number', 'object', 'nothing', 'none'])('there is no list at %s', (key) => {
  expect([textsAt(object, key), objectsAt(object, key)]).toEqual([[], []]);
});

it('finds what is there', () => {
  expect([objectAt(object, 'object'), textAt(object, 'text')]).toEqual([{ b: 1 }, 'a']);
});

it('takes from a list only what was asked for', () => {
  expect(textsAt(object, 'list')).toEqual(['a', 'e']);
  expect(objectsAt(object, 'list')).toEqual([{ c: 1 }]);
});

it('leaves keys out', () => {
  expect(without({ a: 1, b: 2, c: 3 }, 'a', 'c', 'd')).toEqual({ b: 2 });
});

it('writes times in whole seconds', () => {
  expect(timestamp(new Date('2026-01-01T00:00:00.999Z'))).toBe('2026-01-01T00:00:00Z');
});
