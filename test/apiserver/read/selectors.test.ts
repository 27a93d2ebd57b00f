/** Selectors in query strings. The forms of label selectors are tried with the columns. */
import fc from 'fast-check';
import { fieldMatcher, labelMatcher, matcherOf } from '../../../src/apiserver/read/selectors.ts';
import type { StoredObject } from '../../../src/apiserver/store/object.ts';
import { refusalOf, storedThing } from '../things.ts';

const object: StoredObject = storedThing(
  'x',
  { spec: { on: true, count: 3, list: ['a'], nodeName: 'n' }, status: 'ready' },
  { namespace: 'ns', labels: { app: 'web', empty: '', 'example.org/tier': 'front' } },
);

describe('a label selector', () => {
  test.each<readonly [string, boolean]>([
    ['app = web', true],
    ['app != web', false],
    ['empty=', true],
    ['empty', true],
    ['none=', false],
    ['app in (db,web)', true],
    ['app in (db)', false],
    ['none in (db)', false],
    ['none in ()', false],
    ['empty in ()', true],
    ['app notin (db)', true],
    ['none notin (db)', true],
    ['! none', true],
    ['example.org/tier=front,app in (web,db),!none', true],
    ['app=web,example.org/tier=back', false],
  ])('%j selects it: %s', (selector, isSelected) => {
    expect(labelMatcher(selector)(object)).toBe(isSelected);
  });

  test.each([
    '',
    'a b',
    'app in web',
    'app in (web',
    '=web',
    'app=web=db',
    'app===web',
    'app=-',
    '!app=web',
    '-app',
    'a//b',
  ])('there is none like %j', (selector) => {
    expect(refusalOf(() => labelMatcher(selector))).toEqual({
      code: 400,
      reason: 'BadRequest',
      message: `unable to parse requirement: found '${selector}', expected: identifier or operator`,
    });
  });

  it('selects no object without labels by a label', () => {
    expect(labelMatcher('app')(storedThing('bare'))).toBe(false);
    expect(labelMatcher('app!=web')(storedThing('bare'))).toBe(true);
  });

  it('and its opposite part the objects between them', () => {
    const labels = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('', 'x', 'y'));
    const pairs = fc.constantFrom(['a=x', 'a!=x'], ['a in (x,y)', 'a notin (x,y)'], ['b', '!b']);
    fc.assert(
      fc.property(labels, pairs, (drawn, [one = '', other = '']) => {
        const labeled = storedThing('x', {}, { labels: drawn });
        expect(labelMatcher(one)(labeled)).not.toBe(labelMatcher(other)(labeled));
      }),
    );
  });
});

describe('a field selector', () => {
  const fields = [
    'metadata.name',
    'metadata.namespace',
    'spec.on',
    'spec.count',
    'spec.list',
    'spec.none',
    'status',
    'none.deep',
  ];

  test.each<readonly [string, boolean]>([
    ['metadata.name=x', true],
    ['metadata.name==x', true],
    ['metadata.name!=x', false],
    ['metadata.name=y', false],
    ['metadata.name=x,metadata.namespace=ns', true],
    ['metadata.name=x,metadata.namespace!=ns', false],
    ['spec.on=true', true],
    ['spec.count=3', true],
    ['spec.none=', true],
    ['spec.list=', true],
    ['none.deep!=a', true],
    ['status=ready', true],
  ])('%j selects it: %s', (selector, isSelected) => {
    expect(fieldMatcher(selector, fields)(object)).toBe(isSelected);
  });

  it('may only use the fields of the kind', () => {
    expect(refusalOf(() => fieldMatcher('metadata.uid=u', fields)).message).toBe(
      'field label not supported: metadata.uid',
    );
  });

  test.each(['metadata.name', '=x', '', 'metadata.name=x,'])('there is none like %j', (selector) => {
    expect(refusalOf(() => fieldMatcher(selector, fields)).message).toMatch(
      /^invalid field selector; can't understand '/,
    );
  });
});

describe('a query', () => {
  const selects = (query: string): boolean | undefined =>
    matcherOf(new URLSearchParams(query), ['metadata.name'])?.(object);

  it('without selectors selects everything, and says so', () => {
    expect(matcherOf(new URLSearchParams('labelSelector=&fieldSelector=&limit=1'), [])).toBeUndefined();
  });

  it('with both selects what both select', () => {
    expect(selects('labelSelector=app%3Dweb&fieldSelector=metadata.name%3Dx')).toBe(true);
    expect(selects('labelSelector=app%3Ddb&fieldSelector=metadata.name%3Dx')).toBe(false);
    expect(selects('labelSelector=app%3Dweb&fieldSelector=metadata.name%3Dy')).toBe(false);
    expect([selects('labelSelector=app'), selects('fieldSelector=metadata.name%3Dy')]).toEqual([true, false]);
  });
});

test.each(['constructor', 'valueOf', 'toString'])('a label called %s is there only if an object has it', (key) => {
  const [bare, own] = [storedThing('a'), storedThing('b', {}, { labels: { [key]: 'x' } })];
  expect([key, `!${key}`, `${key}=x`, `${key} notin (x)`].map((text) => labelMatcher(text)(bare))).toEqual([
    false,
    true,
    false,
    true,
  ]);
  expect(labelMatcher(key)(own)).toBe(true);
});
