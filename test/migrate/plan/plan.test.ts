import { createHash } from 'node:crypto';
import { namespaces, nodes, podDisruptionBudgets } from '../../../api/kinds.ts';
import type { Finding } from '../../../src/migrate/findings/finding.ts';
import { makeSnapshot } from '../../../src/migrate/input/make-snapshot.ts';
import { planOf, stepsOf } from '../../../src/migrate/plan/make.ts';
import { backedUp, isHashOf, planHash } from '../../../src/migrate/plan/plan.ts';
import { type Unread } from '../../../src/migrate/snapshot.ts';
import type { Change, StepName } from '../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { jsonOf, sortedKeys } from '../../../src/model/values/json.ts';
import { make, snapshotOf } from '../snapshots.ts';

const egressIP = (name: string): KubeObject => make.any('k8s.ovn.org/v1', 'EgressIP', { name }, { spec: {} });
const netNamespace = (name: string) => ({ apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', name });
const apply = (step: StepName, object: KubeObject, from: readonly ReturnType<typeof netNamespace>[] = []): Change => ({
  action: 'apply',
  step,
  object,
  from,
});
const clear = (name: string): Change => ({ action: 'clear', step: 'finalize', object: netNamespace(name), patch: {} });
const there = [
  make.namespace('kube-system', { uid: 'the-cluster' }),
  make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
  make.netNamespace('zoo', 11),
  make.node('n1', '192.168.7.11'),
  egressIP('e'),
];
const planFor = (
  changes: readonly Change[],
  objects: readonly KubeObject[] = there,
  findings: readonly Finding[] = [],
) =>
  planOf({
    tool: 'test',
    target: 'ovn',
    options: { prefix: 'x' },
    strict: true,
    snapshot: snapshotOf(objects),
    translation: {
      changes,
      findings,
      placement: new Map([
        ['b', place],
        ['a', place],
      ]),
    },
  });
const place = { today: [], allowed: [] };

const toOVN = { target: 'ovn' };

describe('the steps', () => {
  it('are in safe order, without those that have nothing to do, but for the switch', () => {
    expect(stepsOf(toOVN, []).map(({ name }) => name)).toEqual(['switch']);
    const changes = [
      apply('egress-routers', egressIP('r')),
      apply('egress-ips', egressIP('e')),
      apply('label-nodes', egressIP('n')),
    ];
    expect(stepsOf(toOVN, changes).map(({ name }) => name)).toEqual([
      'label-nodes',
      'switch',
      'egress-ips',
      'egress-routers',
    ]);
  });

  it('have their changes sorted by object', () => {
    const changes = ['c', 'a', 'b'].map((name) => apply('egress-ips', egressIP(name)));
    const [, step] = stepsOf(toOVN, changes);
    expect(step?.changes).toEqual([changes[1], changes[2], changes[0]]);
    expect(step?.description).toBe('Create EgressIPs.');
  });
});

describe('the backup', () => {
  it('is of every object that a step touches, and of those of a network plugin that it was made from', () => {
    const pod = { apiVersion: 'v1', kind: 'Node', name: 'n1' };
    const { backup } = planFor([
      clear('zoo'),
      clear('nobody'),
      apply('egress-ips', egressIP('e'), [netNamespace('shop'), pod]),
    ]);
    expect([...backup.keys()]).toEqual([
      'k8s.ovn.org/v1/EgressIP//e',
      'network.openshift.io/v1/NetNamespace//shop',
      'network.openshift.io/v1/NetNamespace//zoo',
    ]);
  });

  it('is of each as it was, without status and managers', () => {
    const managed = make.any(
      'v1',
      'Node',
      { name: 'n1', managedFields: [{}], labels: { a: 'b' } },
      { status: { x: 1 } },
    );
    expect(backedUp(managed)).toEqual({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { a: 'b' } } });
  });
});

describe('a plan', () => {
  it('says what it was made with and of which cluster', () => {
    expect(planFor([])).toMatchObject({
      tool: 'test',
      target: 'ovn',
      options: { prefix: 'x' },
      strict: true,
      cluster: 'the-cluster',
    });
    expect(planFor([], []).cluster).toBeUndefined();
  });

  it('says what could not be read, unless only warnings come from it', () => {
    const unread: readonly Unread[] = [
      { kind: namespaces, reason: 'forbidden', right: 'list namespaces' },
      { kind: podDisruptionBudgets, reason: 'forbidden', right: undefined, isMinor: true },
      { kind: nodes, reason: 'a Node is broken', right: undefined },
    ];
    const translation = { changes: [], findings: [], placement: new Map() };
    const snapshot = makeSnapshot(new Map(), unread);
    expect(planOf({ tool: 't', target: 'ovn', options: {}, strict: false, snapshot, translation }).incomplete).toEqual([
      'namespaces: forbidden (missing right: list namespaces)',
      'nodes: a Node is broken',
    ]);
  });

  it('has findings and placement sorted', () => {
    const finding = { kind: 'Node', name: 'n1', today: '', tomorrow: '', action: '' };
    const [info, blocker] = [
      { ...finding, severity: 'info', code: 'PinningLost' },
      { ...finding, severity: 'blocker', code: 'ObjectExists' },
    ] as const;
    const plan = planFor([], there, [info, blocker]);
    expect(plan.findings).toEqual([blocker, info]);
    expect([...plan.placement.keys()]).toEqual(['a', 'b']);
  });

  it('has an id of ten digits, which changes with what it does and with what was there', () => {
    const { id } = planFor([clear('shop')]);
    expect(id).toMatch(/^[0-9a-f]{10}$/);
    expect(planFor([clear('shop')], there.toReversed()).id).toBe(id);
    expect(planFor([clear('zoo')]).id).not.toBe(id);
    const other = there.map((object) => (object.metadata.name === 'shop' ? make.netNamespace('shop', 99) : object));
    expect(planFor([clear('shop')], other).id).not.toBe(id);
    expect(planHash(planFor([clear('shop')])).startsWith(id)).toBe(true);
  });
});

test('the hash is that of the whole plan as one text, as journals have it', () => {
  const plan = planFor([clear('shop'), clear('bank')]);
  const { target, steps, backup } = plan;
  const whole = JSON.stringify(sortedKeys(jsonOf({ target, steps, backup: [...backup] })));
  expect(isHashOf(createHash('sha256').update(whole).digest('hex'), plan)).toBe(true);
  expect(isHashOf(createHash('sha256').update(`${whole} `).digest('hex'), plan)).toBe(false);
});
