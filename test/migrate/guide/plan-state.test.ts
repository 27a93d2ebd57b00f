import { planState } from '../../../src/migrate/guide/plan-state.ts';
import { planOf } from '../../../src/migrate/plan/make.ts';
import { type Plan } from '../../../src/migrate/plan/plan.ts';
import type { Entry } from '../../../src/migrate/run/journal.ts';
import type { Change, StepName } from '../../../src/migrate/translation.ts';
import { make, snapshotOf } from '../snapshots.ts';

const apply = (step: StepName, kind: string, name: string): Change => ({
  action: 'apply',
  step,
  object: make.any(kind === 'Node' ? 'v1' : 'k8s.ovn.org/v1', kind, { name }, {}),
  from: [],
});
const plan: Plan = planOf({
  tool: 'test',
  target: 'ovn',
  options: {},
  strict: false,
  snapshot: snapshotOf([make.node('n1', '192.168.7.11')]),
  translation: {
    changes: [
      apply('label-nodes', 'Node', 'n1'),
      apply('label-nodes', 'Node', 'n2'),
      apply('egress-ips', 'EgressIP', 'e1'),
      { action: 'delete', step: 'finalize', object: { apiVersion: 'v1', kind: 'Node', name: 'n1' }, from: [] },
    ],
    findings: [],
    placement: new Map(),
  },
});
const n1 = 'v1/Node//n1';
const e1 = 'k8s.ovn.org/v1/EgressIP//e1';
const begin = (step: StepName, object: string): Entry => ({ event: 'begin', step, object });
const done = (step: StepName, object: string): Entry => ({ event: 'done', step, object });
const restore = { kind: 'known', value: { count: 7, unserved: [], isNever: false, doubts: [] } } as const;
const after = (...entries: readonly Entry[]) => planState(plan, entries, { folder: 'here', restore });

it('has the folder, the target and what is to be restored as they are given', () => {
  expect(after()).toMatchObject({ folder: 'here', target: 'ovn', restore });
});

it('counts what is still to be made before the switch, after it, and at the end', () => {
  expect(after().pending).toEqual({ before: 2, after: 1, finalize: 1 });
  expect(after(done('label-nodes', n1)).pending).toEqual({ before: 1, after: 1, finalize: 1 });
  expect(after(done('egress-ips', e1)).pending).toEqual({ before: 2, after: 0, finalize: 1 });
  expect(after(done('finalize', n1)).pending).toEqual({ before: 2, after: 1, finalize: 0 });
});

it('does not count what the admin skipped, in whichever step', () => {
  expect(after({ event: 'skip', object: n1 }).pending).toEqual({ before: 1, after: 1, finalize: 0 });
});

it('counts again what is to be done once more', () => {
  const redo: Entry = { event: 'redo', step: 'egress-ips', object: e1 };
  expect(after(done('egress-ips', e1), redo).pending.after).toBe(1);
});

describe('its phase', () => {
  it.each<readonly [string, readonly Entry[], string]>([
    ['untouched without entries', [], 'untouched'],
    ['untouched while only the plan was noted', [{ event: 'plan', plan: 'x' }], 'untouched'],
    ['begun with the first change', [begin('label-nodes', n1)], 'begun'],
    ['going back from then on', [begin('label-nodes', n1), { event: 'back-begin' }], 'going-back'],
    ['back at the end', [begin('label-nodes', n1), { event: 'back-begin' }, { event: 'back-done' }], 'back'],
    [
      'begun again after that',
      [begin('label-nodes', n1), { event: 'back-begin' }, { event: 'back-done' }, begin('label-nodes', n1)],
      'begun',
    ],
  ])('is %s', (_what, entries, phase) => {
    expect(after(...entries).phase).toBe(phase);
  });
});

describe('the switch', () => {
  it('is not behind a plan of which only changes before it were begun', () => {
    expect(after(begin('label-nodes', n1)).isPastSwitch).toBe(false);
  });

  it('is behind it as soon as one after it was begun, or one of the end', () => {
    expect(after(begin('label-nodes', n1), begin('egress-ips', e1)).isPastSwitch).toBe(true);
    expect(after(begin('finalize', n1)).isPastSwitch).toBe(true);
  });

  it('is before it again after the way back', () => {
    expect(after(begin('egress-ips', e1), { event: 'back-done' }).isPastSwitch).toBe(false);
  });
});

it('knows how the nodes were booted when the way back began', () => {
  expect(after({ event: 'back-begin', boots: { n1: 'boot-1' } }).boots).toEqual(new Map([['n1', 'boot-1']]));
});
