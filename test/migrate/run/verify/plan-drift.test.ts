/** What a plan made now would have otherwise. */
import fc from 'fast-check';
import { netNamespaces } from '../../../../api/kinds.ts';
import { makeSnapshot } from '../../../../src/migrate/input/make-snapshot.ts';
import { managerOf } from '../../../../src/migrate/ownership.ts';
import { makePlan } from '../../../../src/migrate/plan/make.ts';
import { type Plan } from '../../../../src/migrate/plan/plan.ts';
import { refKey, refText } from '../../../../src/migrate/ref.ts';
import { type Entry, progressOf } from '../../../../src/migrate/run/journal.ts';
import { planDrift, planDriftText } from '../../../../src/migrate/run/verify/plan-drift.ts';
import type { Target } from '../../../../src/migrate/target.ts';
import { ovn } from '../../../../src/migrate/targets/ovn/target.ts';
import { sdn } from '../../../../src/migrate/targets/sdn/target.ts';
import { type Change, refOf } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { rounds } from '../../../rounds.ts';
import { make, options, snapshotOf } from '../../snapshots.ts';
import { byName, downWorker, egressIP, first, project, second, worker } from '../../targets/ovn/cluster-of.ts';

const planOfAll = (objects: readonly KubeObject[], target: Target = ovn, keepClosed = false): Plan =>
  makePlan(snapshotOf(objects), { tool: 'test', target, options: { ...options, keepClosed }, strict: false }).plan;

const textsOf = (plan: Plan, objects: readonly KubeObject[], entries: readonly Entry[] = []): readonly string[] =>
  planDrift(plan, snapshotOf(objects), progressOf(entries)).map(planDriftText);

const nodes = [...worker(1, { egressIPs: [first] }), ...worker(2)];
const shop = project('shop', 10, [first]);
const policy = make.policy('shop', 'rules', [['Deny', '192.168.9.0/24']]);
const cluster = [make.clusterNetwork(), ...nodes, ...shop, policy];
const plan = planOfAll(cluster);
const without = (...gone: readonly KubeObject[]): readonly KubeObject[] =>
  cluster.filter((object) => !gone.includes(object));

test('a plan is up to date in the cluster that it was made from, in any order', () => {
  expect(plan.steps.flatMap(({ changes }) => changes).length).toBeGreaterThan(3);
  expect(textsOf(plan, cluster)).toEqual([]);
  expect(textsOf(plan, cluster.toReversed())).toEqual([]);
});

test('a request that came since is named with its source, and so is a node', () => {
  const more = [...worker(3, { egressIPs: [second] }), ...project('mail', 11, [second])];
  expect(textsOf(plan, [...cluster, ...more])).toEqual([
    'EgressIP egressip-mail: the plan does not have it (from NetNamespace mail)',
    'Node n3: the plan does not have it (from HostSubnet n3)',
  ]);
});

test('a request that went is named', () => {
  expect(textsOf(plan, without(...shop, policy))).toContain('EgressIP egressip-shop: nothing asks for it any more');
  expect(textsOf(plan, without(policy))).toEqual(['EgressFirewall shop/default: nothing asks for it any more']);
});

test('differences are in the order of objects, whatever they are', () => {
  const now = [...without(policy), ...worker(3, { egressIPs: [second] }), ...project('mail', 11, [second])];
  const broken = [make.namespace('broken'), make.netNamespace('broken', 12, { egressIPs: ['none'] })];
  expect(textsOf(plan, [...broken, ...now]).map((text) => text.split(':', 1)[0])).toEqual([
    'EgressFirewall shop/default',
    'EgressIP egressip-mail',
    'NetNamespace broken',
    'Node n3',
  ]);
});

test('a request for something else is named with the fields', () => {
  const edited = make.policy('shop', 'rules', [['Deny', '192.168.8.0/24']]);
  expect(textsOf(plan, [...without(policy), edited])).toEqual([
    'EgressFirewall shop/default: it would be planned otherwise (spec.egress)',
  ]);
});

test('labels and annotations of others count as far as the plan sets them', () => {
  const withCIDRs = worker(1, { egressIPs: [first], egressCIDRs: ['192.168.7.0/24'] });
  expect(textsOf(plan, [...without(...nodes.slice(0, 2)), ...withCIDRs])).toContain(
    'Node n1: it would be planned otherwise (annotations)',
  );
  const labeled = worker(1, { egressIPs: [first] }, { labels: { other: 'label' } });
  expect(textsOf(plan, [...without(...nodes.slice(0, 2)), ...labeled])).toEqual([]);
});

describe('a cluster that no longer shows what the plan was made from', () => {
  const begin = (step: string): Entry => ({ event: 'begin', step, object: 'v1/Node//n1' });
  const otherwise = without(policy);

  it('shows after finalize only what was asked for since', () => {
    const cleared = [...nodes, make.namespace('shop'), make.netNamespace('shop', 10)];
    const late = [
      ...project('mail', 11, [second]),
      make.policy('shop', 'new', [['Deny', '192.168.8.0/24']]),
      ...project('broken', 12, ['none']),
      ...worker(3, { egressIPs: [second] }),
    ];
    expect(textsOf(plan, [...cleared, ...late], [begin('finalize')])).toEqual([
      'EgressFirewall shop/default: the plan does not have it (from EgressNetworkPolicy shop/new)',
      'EgressIP egressip-mail: the plan does not have it (from NetNamespace mail)',
      'NetNamespace broken: the plan does not have it (EgressIPInvalid)',
    ]);
    // what finalize has not cleared yet
    expect(textsOf(plan, cluster, [begin('finalize')])).toEqual([]);
  });

  it('has no differences on the way back or after finalize', () => {
    expect(textsOf(plan, otherwise, [begin('egress-ips')])).toHaveLength(1);
    expect(textsOf(plan, otherwise, [begin('finalize')])).toEqual([]);
    expect(textsOf(plan, otherwise, [{ event: 'back-begin' }])).toEqual([]);
  });

  const unserved = makeSnapshot(snapshotOf(otherwise).objects, [], { absent: [netNamespaces] });
  const textsAfter = (entries: readonly Entry[], of = plan): readonly string[] =>
    planDrift(of, unserved, progressOf(entries)).map(planDriftText);
  const afterSwitch = ['egress-firewalls', 'keep-placement', 'egress-ips'];
  const doneAll: readonly Entry[] = plan.steps
    .filter(({ name }) => afterSwitch.includes(name))
    .flatMap(({ name, changes }) =>
      changes.map((change) => ({ event: 'done', step: name, object: refKey(refOf(change)) })),
    );

  it("is unknown when the API server does not serve a kind of the old plugin's before all was made", () => {
    const unknown = [
      expect.stringMatching(/^NetNamespace \*: nothing tells whether the same would be planned \(the API/),
    ];
    expect(doneAll.length).toBeGreaterThan(1);
    expect(textsAfter([])).toEqual(unknown);
    expect(textsAfter(doneAll.slice(1))).toEqual(unknown);
    // nothing follows the switch that would have been looked at
    expect(textsAfter([], planOfAll([make.clusterNetwork(), ...nodes]))).toEqual(unknown);
    const { objects } = snapshotOf(otherwise);
    const other = makeSnapshot(objects, [], { absent: [{ ...netNamespaces }] });
    expect(planDrift(plan, other, progressOf([])).map(({ kind }) => kind)).toEqual(['gone']);
  });

  it('is known when all that follows the switch was made or left out', () => {
    expect(textsAfter(doneAll)).toEqual([]);
    const [first] = doneAll;
    expect(textsAfter([{ event: 'skip', object: first?.object ?? '' }, ...doneAll.slice(1)])).toEqual([]);
  });

  it('has none for a plan whose options this program does not know', () => {
    expect(textsOf({ ...plan, options: { prefix: 7 } }, otherwise)).toEqual([]);
  });
});

test('what the admin left out is not named', () => {
  const [change] = plan.steps.flatMap(({ changes }) => changes.filter(({ step }) => step === 'egress-firewalls'));
  const skip: readonly Entry[] = change === undefined ? [] : [{ event: 'skip', object: refKey(refOf(change)) }];
  expect(skip).toHaveLength(1);
  expect(textsOf(plan, without(policy), skip)).toEqual([]);
});

test('what the plan made itself is no difference', () => {
  const managedFields = [{ manager: managerOf(plan), fieldsV1: { 'f:spec': { 'f:egressIPs': {} } } }];
  const spec = { egressIPs: [first], namespaceSelector: byName('shop') };
  const made = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'egressip-shop', managedFields }, { spec });
  expect(textsOf(plan, [...cluster, made])).toEqual([]);
});

describe('an EgressFirewall that keeps a namespace closed', () => {
  const up = [make.clusterNetwork(), ...worker(1, { egressIPs: [first] }), ...shop];
  const down = [make.clusterNetwork(), ...downWorker(1, { egressIPs: [first] }), ...shop];
  const firewalls = (texts: readonly string[]) => texts.filter((text) => text.startsWith('EgressFirewall'));
  const drift = (then: readonly KubeObject[], now: readonly KubeObject[]) =>
    firewalls(textsOf(planOfAll(then, ovn, true), now));
  const madeFrom = (objects: readonly KubeObject[]): readonly string[] =>
    firewalls(planOfAll(objects, ovn, true).steps.flatMap(({ changes }) => changes.map((one) => refText(refOf(one)))));

  it('is of the moment, and neither new nor gone', () => {
    expect([madeFrom(up), madeFrom(down)]).toEqual([[], ['EgressFirewall shop/default']]);
    expect([drift(up, down), drift(down, up)]).toEqual([[], []]);
  });

  it('takes the place of a policy without being named, but a policy that came since is named', () => {
    const [upWith, downWith] = [
      [...up, policy],
      [...down, policy],
    ];
    expect(madeFrom(downWith)).toEqual(madeFrom(upWith));
    expect([drift(upWith, downWith), drift(downWith, upWith)]).toEqual([[], []]);
    expect(drift(up, upWith)).toHaveLength(1);
  });

  it('hides no policy that came since, whatever the nodes are at the moment', () => {
    const named = ['EgressNetworkPolicy shop/rules: the plan does not have it'];
    const closed = planOfAll(down, ovn, true);
    expect([textsOf(closed, [...up, policy]), textsOf(closed, [...down, policy])]).toEqual([named, named]);
    expect(textsOf(planOfAll(up, ovn, true), [...down, policy])).toEqual(named);
    const known = planOfAll([...down, policy], ovn, true);
    expect([textsOf(known, [...up, policy]), textsOf(known, [...down, policy])]).toEqual([[], []]);
  });
});

describe('a request that cannot be had', () => {
  it('is named when it came since', () => {
    const twice = [make.namespace('twice'), make.netNamespace('twice', 12, { egressIPs: [first] })];
    expect(textsOf(plan, [...cluster, ...twice]).filter((text) => text.includes('EgressIPClaimedTwice'))).not.toEqual(
      [],
    );
    expect(textsOf(planOfAll([...cluster, ...twice]), [...cluster, ...twice])).toEqual([]);
  });

  it('is named with its object and its code', () => {
    const broken = [make.namespace('broken'), make.netNamespace('broken', 12, { egressIPs: ['none'] })];
    expect(planDrift(plan, snapshotOf([...cluster, ...broken]), progressOf([]))).toEqual([
      { kind: 'new', object: { apiVersion: '', kind: 'NetNamespace', name: 'broken' }, detail: 'EgressIPInvalid' },
    ]);
  });

  it('is named with its namespace if it has one', () => {
    const broken = make.policy('shop', 'rules', [['Deny', '192.168.9.1/24x']]);
    expect(textsOf(plan, [...without(policy), broken])).toContain(
      'EgressNetworkPolicy shop/rules: the plan does not have it (PolicyRuleInvalid)',
    );
  });

  it('is not named for what depends on the moment', () => {
    const down = [...without(...nodes.slice(0, 2)), ...downWorker(1, { egressIPs: [first] })];
    expect(planOfAll(down).findings.length).toBeGreaterThan(plan.findings.length);
    expect(textsOf(plan, down)).toEqual([]);
  });
});

describe('a plan of the way back', () => {
  const labels = { 'k8s.ovn.org/egress-assignable': '' };
  const kept = [
    make.clusterNetwork(),
    ...worker(1, {}, { labels }),
    ...worker(2, {}, { labels }),
    ...project('shop', 10),
    ...project('mail', 11),
  ];
  const before = [...kept, egressIP('one', [first], byName('shop'), { [first]: 'n1' })];
  const back = planOfAll(before, sdn);

  it('is up to date in the cluster that it was made from', () => {
    expect(back.steps.flatMap(({ changes }) => changes).length).toBeGreaterThan(1);
    expect(textsOf(back, before)).toEqual([]);
  });

  it('names a source that came since, and nothing that went or differs', () => {
    const two = egressIP('two', [second], byName('mail'), { [second]: 'n2' });
    expect(textsOf(back, [...before, two])).toContain('EgressIP two: the plan does not have it');
    expect(textsOf(back, kept)).toEqual([]);
    expect(textsOf(back, [...kept, egressIP('one', [second], byName('shop'), { [second]: 'n1' })])).toEqual([]);
  });
});

test('texts say what would be otherwise, with the detail if there is one', () => {
  const object = { apiVersion: 'v1', kind: 'Node', name: 'n1' };
  expect(planDriftText({ kind: 'gone', object, detail: '' })).toBe('Node n1: nothing asks for it any more');
  expect(planDriftText({ kind: 'other', object, detail: 'labels' })).toBe(
    'Node n1: it would be planned otherwise (labels)',
  );
});

test('what an update of the plan took back is no part of the plan', () => {
  const idle: Change = {
    action: 'apply',
    step: 'label-nodes',
    object: make.any('v1', 'Node', { name: 'n2' }, {}),
    from: [],
  };
  const step = { name: 'label-nodes', description: '', changes: [idle] } as const;
  expect(textsOf({ ...plan, steps: [...plan.steps, step] }, cluster)).toEqual([]);
});

test('what is new in one cluster against another is gone the other way round', () => {
  const parts = [
    ...['a', 'b', 'c'].map((name, index) => project(name, 20 + index, [`192.168.7.${110 + index}`])),
    ...['shop', 'a'].map((name) => [make.namespace(name), make.policy(name, 'more', [['Deny', '192.168.9.0/24']])]),
    worker(3, { egressIPs: ['192.168.7.110'] }),
  ];
  const some = fc.subarray(parts).map((all) => {
    const objects = [
      make.clusterNetwork(),
      ...worker(1, { egressIPs: [first] }),
      ...worker(2, { egressIPs: ['192.168.7.111'] }),
      ...all.flat(),
    ];
    return [
      ...new Map(
        objects.map((object) => [
          `${object.kind ?? ''} ${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`,
          object,
        ]),
      ).values(),
    ];
  });
  const named = (from: readonly KubeObject[], to: readonly KubeObject[]) => {
    const drifts = planDrift(planOfAll(from), snapshotOf(to), progressOf([])).filter(
      ({ object }) => object.apiVersion !== '',
    );
    const of = (kind: string): readonly string[] =>
      drifts.filter((one) => one.kind === kind).map(({ object }) => refKey(object));
    return { new: of('new'), gone: of('gone'), other: of('other') };
  };
  fc.assert(
    fc.property(some, some, (one, other) => {
      const [forth, back] = [named(one, other), named(other, one)];
      expect(forth).toEqual({ new: back.gone, gone: back.new, other: back.other });
      expect(named(one, one)).toEqual({ new: [], gone: [], other: [] });
    }),
    { numRuns: rounds(200) },
  );
});
