/** Why a plan may not be applied, and what of it the admin can accept. */
import { noAssignableNode } from '../../../../src/migrate/findings/egressips.ts';
import { planOf } from '../../../../src/migrate/plan/make.ts';
import { type Plan, planHash } from '../../../../src/migrate/plan/plan.ts';
import { type Acceptance, changesSince, objections } from '../../../../src/migrate/run/apply/objections.ts';
import { type Entry, progressOf } from '../../../../src/migrate/run/journal.ts';
import { toOVN } from '../../../../src/migrate/targets/ovn/translate.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { make, options, snapshotOf } from '../../snapshots.ts';
import { liveFrom } from '../live-from.ts';

const nothing: Acceptance = { strict: false, acceptBlockers: false, acceptIncomplete: false, acceptChanges: false };
const cluster = (egressIP: string): readonly KubeObject[] => [
  make.node('n1', '192.168.7.11'),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101', '192.168.7.102'] }),
  make.namespace('shop'),
  make.netNamespace('shop', 10, { egressIPs: [egressIP] }),
];

function planWith(more: Partial<Plan>): Plan {
  const snapshot = snapshotOf(cluster('192.168.7.101'));
  const translation = toOVN(snapshot, { ...options, machineNetworks: ['192.168.7.0/24'] });
  const plan = planOf({ tool: 'test', target: 'ovn', options: {}, strict: false, snapshot, translation });
  return { ...plan, findings: [], incomplete: [], ...more };
}

const said = (more: Partial<Plan>, accepted: Partial<Acceptance> = {}, entries: readonly Entry[] = []) =>
  objections(planWith(more), progressOf(entries), { ...nothing, ...accepted });

const blocker = noAssignableNode({ name: 'shop', ip: '192.168.7.101', isInUse: true });
const findings = [
  { ...blocker, severity: 'blocker' },
  { ...blocker, severity: 'warning' },
  { ...blocker, severity: 'info' },
] as const;

test('nothing speaks against a plan without findings that is whole and not begun', () => {
  expect(said({})).toEqual([]);
});

test('blockers do, and warnings of a strict plan or run, until they are accepted', () => {
  const codes = (more: Partial<Plan>, accepted: Partial<Acceptance>): readonly string[] =>
    said({ findings, ...more }, accepted).map((text) => text.replace(/:.*/, ''));
  expect(codes({}, {})).toEqual(['blocker']);
  expect(codes({}, { strict: true })).toEqual(['blocker', 'warning']);
  expect(codes({ strict: true }, {})).toEqual(['blocker', 'warning']);
  expect(codes({ strict: true }, { acceptBlockers: true })).toEqual([]);
});

test('what the plan could not read does, until it is accepted', () => {
  expect(said({ incomplete: ['nodes'] })).toEqual(['it is incomplete: nodes (--accept-incomplete goes on)']);
  expect(said({ incomplete: ['nodes'] }, { acceptIncomplete: true })).toEqual([]);
});

test('nothing makes good for a plan that was changed since it was begun, or whose way back was begun', () => {
  const all = { acceptBlockers: true, acceptIncomplete: true, acceptChanges: true };
  expect(said({}, all, [{ event: 'plan', plan: planHash(planWith({})) }])).toEqual([]);
  expect(said({}, all, [{ event: 'plan', plan: 'another' }])).toEqual([
    'it was changed since it was begun: restore it, or make a new plan',
  ]);
  expect(said({}, all, [{ event: 'back-begin' }])).toEqual([
    'its way back was begun: finish that with `migrate back --plan`, or make a new plan',
  ]);
});

test('a cluster that changed since the plan does, until it is accepted', () => {
  const since = (objects: readonly KubeObject[], acceptChanges: boolean): readonly string[] =>
    changesSince(
      { plan: planWith({}), progress: progressOf([]), options: { acceptChanges } },
      { snapshot: snapshotOf(objects), live: liveFrom(objects) },
    );
  expect(since(cluster('192.168.7.101'), false)).toEqual([]);
  const [first = ''] = since(cluster('192.168.7.102'), false);
  expect(first).toMatch(/^the cluster changed since the plan was made .*NetNamespace shop/);
  expect(since(cluster('192.168.7.102'), true)).toEqual([]);
});
