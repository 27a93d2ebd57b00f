import type { Finding } from '../../../src/migrate/findings/finding.ts';
import { planOf } from '../../../src/migrate/plan/make.ts';
import { type Plan } from '../../../src/migrate/plan/plan.ts';
import { countsText, findingTable, lossCells, reportOf, subjectOf } from '../../../src/migrate/report/content.ts';
import type { Change, Placement, StepName } from '../../../src/migrate/translation.ts';
import { make, snapshotOf } from '../snapshots.ts';

const finding = (
  severity: Finding['severity'],
  code: Finding['code'],
  name: string,
  more: Partial<Finding> = {},
): Finding => ({
  severity,
  code,
  kind: 'NetNamespace',
  name,
  today: 't',
  tomorrow: 'm',
  action: 'a',
  ...more,
});
interface Given {
  readonly findings?: readonly Finding[];
  readonly changes?: readonly Change[];
  readonly placement?: Readonly<Record<string, Placement>>;
  readonly options?: Plan['options'];
  readonly assignedCount?: readonly number[];
}
const report = ({ findings = [], changes = [], placement = {}, options = {}, assignedCount = [] }: Given) =>
  reportOf({
    plan: {
      ...planOf({
        tool: 't',
        target: 'ovn',
        options,
        strict: false,
        snapshot: snapshotOf([]),
        translation: { changes, findings, placement: new Map(Object.entries(placement)) },
      }),
      // as they stand in a folder that somebody edited
      findings,
    },
    assignedCount,
    nodeAddresses: ['192.168.7.11'],
    addresses: undefined,
  });

it('counts findings by severity', () => {
  expect(countsText([])).toBe('0 blockers, 0 warnings, 0 infos');
  const all = [
    finding('info', 'PinningLost', 'a'),
    finding('blocker', 'ObjectExists', 'a'),
    finding('info', 'PinningLost', 'b'),
  ];
  expect(countsText(all)).toBe('1 blocker, 0 warnings, 2 infos');
});

it('shows the options that were chosen', () => {
  const options = {
    only: ['egressip', 'router'],
    namespaces: [],
    prefix: 'x',
    keepClosed: false,
    strict: true,
    count: 3,
    empty: '',
  };
  expect(report({ options }).options).toEqual([
    ['only', 'egressip, router'],
    ['prefix', 'x'],
    ['strict', 'true'],
    ['count', '3'],
  ]);
});

it('shows the steps with how much each does', () => {
  const object = { apiVersion: 'v1', kind: 'Node', name: 'n1' };
  const apply = (step: StepName, name: string): Change => ({
    action: 'apply',
    step,
    object: make.node(name, '192.168.7.11'),
    from: [],
  });
  const changes: readonly Change[] = [
    apply('label-nodes', 'n1'),
    apply('label-nodes', 'n2'),
    { action: 'clear', step: 'finalize', object, patch: {} },
    { action: 'delete', step: 'finalize', object: { ...object, name: 'n2' }, from: [] },
  ];
  expect(report({ changes }).steps.map(({ name, changes: text }) => [name, text])).toEqual([
    ['label-nodes', '2 to apply'],
    ['switch', 'none'],
    ['finalize', '1 to delete, 1 to clear'],
  ]);
});

describe('the findings', () => {
  it('are in one section for each severity and code, the worst first, then by code', () => {
    const findings = [
      finding('info', 'PinningLost', 'a'),
      finding('warning', 'ObjectExists', 'a'),
      finding('blocker', 'ObjectExists', 'a'),
      finding('warning', 'MulticastMixed', 'a'),
      finding('warning', 'ObjectExists', 'b'),
    ];
    expect(report({ findings }).sections.map(({ severity, code, count }) => `${severity} ${code} ${count}`)).toEqual([
      'blocker ObjectExists 1',
      'warning MulticastMixed 1',
      'warning ObjectExists 2',
      'info PinningLost 1',
    ]);
  });

  it('are 200 of a section at most, which still says how many there are', () => {
    const many = Array.from({ length: 201 }, (_, index) =>
      finding('info', 'PinningLost', `p${String(index).padStart(3, '0')}`),
    );
    const [section] = report({ findings: many }).sections;
    expect([section?.findings.length, section?.findings.at(-1)?.name, section?.count]).toEqual([200, 'p199', 201]);
  });

  it('have a column of losses only if one loses something', () => {
    const plain = finding('info', 'PinningLost', 'a', { namespace: 'shop' });
    const section = (findings: readonly Finding[]) =>
      ({ severity: 'info', code: 'PinningLost', findings, count: 1 }) as const;
    expect(findingTable(section([plain]))).toEqual({
      head: ['Object', 'Today', 'Tomorrow', 'Do'],
      rows: [['NetNamespace shop/a', 't', 'm', 'a']],
    });
    const losing = finding('info', 'PinningLost', 'b', { lost: { what: 'it', span: 'reboots' } });
    expect(findingTable(section([plain, losing]))).toEqual({
      head: ['Object', 'Today', 'Tomorrow', 'Do', 'Lost'],
      rows: [
        ['NetNamespace shop/a', 't', 'm', 'a', 'nothing'],
        ['NetNamespace b', 't', 'm', 'a', 'it, while nodes are rebooted'],
      ],
    });
  });

  it('name their object without a space at the end if it has no name', () => {
    expect(subjectOf(finding('info', 'PinningLost', ''))).toBe('NetNamespace');
  });
});

describe('the placement', () => {
  it('shows where each address is and may go, eight nodes at most', () => {
    const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
    expect(
      report({ placement: { a: { today: ['n1'], allowed: names }, b: { today: [], allowed: [] } } }).placement,
    ).toEqual([
      { egressIP: 'a', today: 'n1', allowed: 'n0, n1, n2, n3, n4, n5, n6, n7 and 2 more' },
      { egressIP: 'b', today: 'nowhere', allowed: 'nowhere' },
    ]);
  });

  it('shows 200 addresses at most, and how many there are', () => {
    const place = { today: [], allowed: [] };
    const placement = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`a${index}`, place]));
    const { placement: rows, placementCount } = report({ placement });
    expect([rows.length, placementCount]).toEqual([200, 201]);
  });

  it.each<readonly [readonly number[], string]>([
    [[2], '2 of 2'],
    [[0, 1, 2], '0 to 2 of 2, by chance'],
    [[], '0 of 2'],
  ])('says how many will be assigned: %j', (assignedCount, text) => {
    const place = { today: [], allowed: [] };
    expect(report({ placement: { a: place, b: place }, assignedCount }).assigned).toBe(text);
  });

  it('says nothing if there are none', () => {
    expect(report({ assignedCount: [0] }).assigned).toBe('');
  });
});

it('names a loss of all namespaces', () => {
  expect(lossCells({ namespace: '', what: 'it', howLong: 'long', code: 'X' })).toEqual(['all', 'it', 'long', 'X']);
  expect(lossCells({ namespace: 'shop', what: 'it', howLong: 'long', code: '' })).toEqual(['shop', 'it', 'long', '']);
});
