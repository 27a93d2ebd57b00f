/** What became different in a cluster since its plan was made. */
import fc from 'fast-check';
import { planOf } from '../../../src/migrate/plan/make.ts';
import { type Plan } from '../../../src/migrate/plan/plan.ts';
import { objectRef, refKey } from '../../../src/migrate/ref.ts';
import { differingFields, driftOf, driftText, essence, isEmpty, merged } from '../../../src/migrate/run/drift.ts';
import { type Entry, progressOf } from '../../../src/migrate/run/journal.ts';
import type { Change } from '../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../snapshots.ts';

const shop = make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] });
const host = make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] });
const node = make.node('n1', '192.168.7.11');
const eip = make.any(
  'k8s.ovn.org/v1',
  'EgressIP',
  { name: 'egressip-shop' },
  { spec: { egressIPs: ['192.168.7.101'] } },
);
const label: Change = {
  action: 'apply',
  step: 'label-nodes',
  object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { wanted: 'yes' } } },
  from: [],
};
const create: Change = { action: 'apply', step: 'egress-ips', object: eip, from: [objectRef(shop)] };
const clear: Change = { action: 'clear', step: 'finalize', object: objectRef(shop), patch: { egressIPs: null } };

const planFor = (objects: readonly KubeObject[]): Plan =>
  planOf({
    tool: 'test',
    target: 'ovn',
    options: {},
    strict: false,
    snapshot: snapshotOf(objects),
    translation: { changes: [label, create, clear], findings: [], placement: new Map() },
  });
const begun = (change: Change): Entry => ({
  event: 'begin',
  step: change.step,
  object: refKey(change.action === 'apply' ? objectRef(change.object) : change.object),
});
const drift = (objects: readonly KubeObject[], entries: readonly Entry[] = [], unserved: readonly string[] = []) =>
  driftOf(
    planFor([shop, host, node]),
    {
      objects: new Map(objects.map((object) => [refKey(objectRef(object)), object])),
      unserved: new Set(unserved),
    },
    progressOf(entries),
  ).map(driftText);

test('a cluster as it was has not drifted', () => {
  expect(drift([shop, host, node])).toEqual([]);
});

test('another request is named with both values', () => {
  const other = make.netNamespace('shop', 10, { egressIPs: [] });
  expect(drift([other, host, node])).toEqual(['NetNamespace shop: egressIPs: was ["192.168.7.101"], is absent']);
});

test('an object that went is named, unless its kind went with the plugin', () => {
  expect(drift([host, node])).toEqual(['NetNamespace shop: was "there", is "gone"']);
  expect(drift([host, node], [], ['network.openshift.io/v1/NetNamespace'])).toEqual([]);
});

test('what apply did itself is no drift, done or only begun', () => {
  const cleared = make.netNamespace('shop', 10);
  expect(drift([cleared, host, node], [begun(clear)])).toEqual([]);
  expect(drift([shop, host, node], [begun(clear)])).toEqual([]);
  expect(drift([cleared, host, node])).toHaveLength(1);
  expect(drift([shop, host, node, eip], [begun(create)])).toEqual([]);
});

test('an object of the plan that appeared by other hands is named, unless it is what the plan says', () => {
  const foreign = make.any(
    'k8s.ovn.org/v1',
    'EgressIP',
    { name: 'egressip-shop' },
    { spec: { egressIPs: ['10.0.0.1'] } },
  );
  expect(drift([shop, host, node, foreign])).toEqual(['EgressIP egressip-shop: was absent, is "there"']);
  expect(drift([shop, host, node, eip])).toEqual([]);
});

test('of a Node only the labels count that the plan sets', () => {
  const labeled = (labels: object) => make.node('n1', '192.168.7.11', { labels });
  expect(drift([shop, host, labeled({ other: 'x' })])).toEqual([]);
  expect(drift([shop, host, labeled({ wanted: 'yes' })])).toEqual([]);
  expect(drift([shop, host, labeled({ wanted: 'no' })])).toEqual([
    'Node n1: metadata.labels["wanted"]: was absent, is "no"',
  ]);
});

test('absent, null and [] are the same to OpenShift SDN', () => {
  expect([undefined, null, []].every(isEmpty)).toBe(true);
  expect([0, '', false, {}, [1]].some(isEmpty)).toBe(false);
  expect(essence({ a: null, b: [], c: 0 })).toEqual({ c: 0 });
});

test('a merge patch does what RFC 7386 says', () => {
  // the examples of its appendix A
  for (const [target, patch, result] of [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]) {
    expect(merged(target, patch)).toEqual(result);
  }
});

test('contents differ in a field exactly when its values do', () => {
  const content = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(1, 2));
  fc.assert(
    fc.property(content, content, (a, b) => {
      expect(differingFields(a, b)).toEqual(differingFields(b, a));
      expect(differingFields(a, b)).toEqual(['a', 'b', 'c'].filter((field) => a[field] !== b[field]));
    }),
  );
});
