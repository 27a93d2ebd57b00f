import { groupsOf, matching, type ReportFinding, type Side, worstFirst } from '../../src/page/report.ts';

const finding = (severity: string, code: string, object: string): ReportFinding => ({
  ...{ severity, code, object },
  ...{ today: 'it is there', tomorrow: 'it is gone', action: 'nothing', lost: '' },
});
const findings = [
  finding('blocker', 'One', 'NetNamespace shop'),
  finding('warning', 'Two', 'NetNamespace shop'),
  finding('blocker', 'One', 'NetNamespace crm'),
];
const none: ReadonlySet<string> = new Set();

test('a text is found in any value of a row, whatever its case, and an empty one finds all', () => {
  expect(matching([['Shop', '192.0.2.1'], ['crm']], ' sHOP ')).toEqual([['Shop', '192.0.2.1']]);
  expect(matching(findings, 'two').map(({ code }) => code)).toEqual(['Two']);
  expect(matching(findings, '  ')).toBe(findings);
});

test('a text does not reach from one value into the next', () => {
  expect(matching([['ab', 'cd']], 'bc')).toEqual([]);
});

test('findings come by code in their order, without what is hidden or does not fit', () => {
  const codes = (text: string, hidden = none) =>
    groupsOf(findings, { text, hidden }).map(({ code, findings: all }) => `${code} ${all.length}`);
  expect(codes('')).toEqual(['One 2', 'Two 1']);
  expect(codes('crm')).toEqual(['One 1']);
  expect(codes('', new Set(['blocker']))).toEqual(['Two 1']);
  expect(codes('nobody')).toEqual([]);
});

test('those that lose something come first', () => {
  const side = (namespace: string, tone: Side['tone']): Side => ({ namespace, today: '', tomorrow: '', tone });
  const sides = [side('a', 'good'), side('b', 'unsure'), side('c', 'bad'), side('d', 'bad')];
  expect(worstFirst(sides).map(({ namespace }) => namespace)).toEqual(['c', 'd', 'b', 'a']);
});
