/** Label selectors as kubectl writes them. */
import { matches } from '../../../src/model/objects/selector.ts';
import { parseSelector, selectorText } from '../../../src/model/objects/selector-text.ts';

const labels = { app: 'web', tier: 'a', 'example.com/team': 'red', empty: '' };

/** Whether the selector selects these labels; an error in words. */
function selects(text: string): boolean | string {
  const parsed = parseSelector(text);
  return parsed.ok ? matches(parsed.value, labels) : parsed.error;
}

test.each<readonly [string, boolean]>([
  ['app=web', true],
  ['app==web', true],
  ['app = web', true],
  ['app=db', false],
  ['app!=web', false],
  ['app!=db', true],
  ['legacy!=x', true],
  ['tier in (a, b)', true],
  ['tier in(b)', false],
  ['legacy in (a)', false],
  ['tier notin (b,c)', true],
  ['legacy notin (a)', true],
  ['app', true],
  ['legacy', false],
  ['!legacy', true],
  ['! app', false],
  ['empty=', true],
  ['empty in (,x)', true],
  ['example.com/team=red', true],
  ['app=web,tier in (a, b),!legacy', true],
  ['app=web,tier in (b),!legacy', false],
  [' app=web , tier ', true],
])('%s', (text, expected) => {
  expect(selects(text)).toBe(expected);
  const parsed = parseSelector(text);
  const again = parsed.ok ? parseSelector(selectorText(parsed.value)) : parsed;
  expect(again).toEqual(parsed);
});

test.each([
  '',
  ',',
  'app=web,',
  'app=we b',
  'app in web',
  'app in (a',
  'app>1',
  '=web',
  'app=/x',
  'app in (a/b)',
  'a//b',
])('%j is none', (text) => {
  expect(selects(text)).toMatch(/^unable to parse requirement: found /);
});

test('a selector of labels is written in the same form', () => {
  expect(selectorText({ matchLabels: { app: 'web' }, matchExpressions: [{ key: 'x', operator: 'Exists' }] })).toBe(
    'app=web,x',
  );
});
