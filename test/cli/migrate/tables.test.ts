/** Inventories and findings as text. */
import { aligned } from '../../../src/cli/aligned.ts';
import { findingsText, inventoryText } from '../../../src/cli/migrate/tables.ts';
import type { Finding } from '../../../src/migrate/findings/finding.ts';

const finding = (name: string, more: Partial<Finding> = {}): Finding => ({
  severity: 'warning',
  code: 'DropBecomesNodeAddress',
  kind: 'NetNamespace',
  name,
  today: 'is dropped',
  tomorrow: 'leaves',
  action: 'nothing',
  ...more,
});

it('aligns columns to their widest cell, and leaves nothing at the end of a line', () => {
  expect(aligned([['A', 'B', 'C'], ['long', 'x', ''], ['y']])).toBe('A      B   C\nlong   x\ny\n');
  expect(aligned([])).toBe('');
});

it('has a line for each kind, and says of one that could not be read why', () => {
  const rows = [
    { kind: 'Node', apiVersion: 'v1', count: 3 },
    { kind: 'Pod', apiVersion: 'v1', count: 0, unread: 'forbidden' },
  ];
  expect(inventoryText(rows)).toBe(
    'KIND   VERSION   OBJECTS\nNode   v1        3\nPod    v1        not read: forbidden\n',
  );
});

it('tells of each finding what is, what will be and what to do, under its code', () => {
  const blocker = finding('b', {
    severity: 'blocker',
    namespace: 'ns',
    lost: { what: 'its egress IP', span: 'for-good' },
  });
  expect(findingsText([blocker, finding('a'), finding('c')], false)).toBe(`blocker DropBecomesNodeAddress (1)
  NetNamespace ns/b
    today:    is dropped
    tomorrow: leaves
    do:       nothing
    lost:     its egress IP, from the switch, for good

warning DropBecomesNodeAddress (2)
  NetNamespace a
    today:    is dropped
    tomorrow: leaves
    do:       nothing
  NetNamespace c
    today:    is dropped
    tomorrow: leaves
    do:       nothing
`);
});

it('shows ten of a code and counts the others', () => {
  const many = (count: number): string =>
    findingsText(
      Array.from({ length: count }, (_, index) => finding(`n${index}`)),
      false,
    );
  expect(many(10)).not.toContain('more');
  expect(many(12)).toContain('  NetNamespace n9\n');
  expect(many(12)).not.toContain('NetNamespace n10');
  expect(many(12)).toMatch(/\(12\)\n[^]*\n {2}and 2 more\n$/);
});

it('is in color only where it is asked for', () => {
  expect(findingsText([finding('a')], true)).toContain('\u001b[33mwarning');
  expect(findingsText([finding('a')], false)).not.toContain('\u001b');
  expect(findingsText([], true)).toBe('');
});
