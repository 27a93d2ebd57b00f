/** What an agent's Lease says, written and read. */
import fc from 'fast-check';
import { controllerLabels, controllerOf, verdictLease, verdictName, verdictOf } from '../../../src/io/kube/verdict.ts';
import { fieldOf } from '../../../src/model/values/json.ts';
import { rounds } from '../../rounds.ts';

const nothing = { carried: new Set<string>(), refused: new Map<string, string>(), applied: undefined };
const at = { node: 'n1', nodeUid: undefined, namespace: 'agents', version: 'v1' };
const author = { node: 'n1', version: 'v1', at: undefined };

test('what is written is read', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.ipV4(), fc.string()),
      fc.array(fc.ipV4()),
      fc.option(fc.string()),
      fc.dictionary(fc.ipV4(), fc.string()),
      (reasons, ips, one, ends) => {
        const said = {
          ...{ carried: new Set(ips), refused: new Map(Object.entries(reasons)), applied: one ?? undefined },
          draining: new Map(Object.entries(ends)),
        };
        expect(verdictOf(verdictLease(at, said))).toEqual({ ...author, ...said });
      },
    ),
    { numRuns: rounds(1000) },
  );
});

test('a node that refuses more than an annotation can hold says the first of it', () => {
  const refused = new Map(Array.from({ length: 5000 }, (_, n) => [`10.0.${n >> 8}.${n & 255}`, 'x'.repeat(100)]));
  const lease = verdictLease(at, { ...nothing, refused });
  expect(JSON.stringify(lease.metadata.annotations).length).toBeLessThan(256 * 1024);
  const read = verdictOf(lease)?.refused ?? new Map();
  expect(read.size).toBeGreaterThan(1000);
  expect([...read]).toEqual([...refused].slice(0, read.size));
});

const ownersOf = (about: Parameters<typeof verdictLease>[0]): unknown =>
  fieldOf(verdictLease(about, nothing), 'metadata', 'ownerReferences');

test('it goes with its Node, where the uid is known', () => {
  expect(ownersOf({ ...at, nodeUid: 'u' })).toEqual([{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u' }]);
  expect(ownersOf(at)).toBeUndefined();
});

test('every node has a name of its own for it, as Kubernetes allows names', () => {
  const long = (end: string): string => verdictName(`${'a.'.repeat(120)}${end}`);
  expect(verdictName('n1')).toBe('sdn-compat-node-n1');
  expect(long('a1')).not.toBe(long('a2'));
  for (const name of [long('a1'), long('a2')]) {
    expect(name.length).toBeLessThanOrEqual(253);
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
  }
});

test.each<readonly [string, object]>([
  ['another Lease', { metadata: { name: 'x' }, spec: { holderIdentity: 'n1' } }],
  ['one without holder', { ...verdictLease(at, nothing), spec: null }],
  [
    'one without annotation',
    { ...verdictLease(at, nothing), metadata: { labels: verdictLease(at, nothing).metadata.labels } },
  ],
])('%s says nothing', (_what, lease) => {
  expect(verdictOf(lease as Parameters<typeof verdictOf>[0])).toBeUndefined();
});

test.each(['{', 'null', '[]', '{"10.0.0.1":1}'])('an annotation that is %s refuses nothing', (text) => {
  const lease = verdictLease(at, nothing);
  const metadata = { ...lease.metadata, annotations: { 'sdn-compat/refused-egress-ips': text } };
  expect(verdictOf({ ...lease, metadata })).toEqual({ ...author, version: undefined, ...nothing, draining: new Map() });
});

describe('the Lease of the controllers', () => {
  const of = (spec: unknown, annotations?: Record<string, string>) =>
    controllerOf({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'sdn', name: 'c', labels: controllerLabels, ...(annotations && { annotations }) },
      spec,
    });
  const nobody = { lease: 'sdn/c', leader: null, version: null, backend: null, renewed: null, duration: null };

  it('says who leads, of which version, on what', () => {
    expect(
      of(
        { holderIdentity: 'a', renewTime: '2026-01-01T00:00:00.000000Z', leaseDurationSeconds: 15 },
        { 'sdn-compat/version': 'v1', 'sdn-compat/backend': 'ovn' },
      ),
    ).toEqual({
      ...nobody,
      ...{ leader: 'a', version: 'v1', backend: 'ovn', renewed: '2026-01-01T00:00:00.000000Z', duration: 15 },
    });
  });

  it('that says nothing readable has no leader', () => {
    for (const spec of [undefined, null, { holderIdentity: '' }, { holderIdentity: 1, leaseDurationSeconds: 'x' }])
      expect(of(spec)).toEqual(nobody);
  });

  it('is not that of an agent', () => {
    expect(controllerOf(verdictLease(at, nothing))).toBeUndefined();
  });
});
