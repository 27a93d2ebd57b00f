import { clashes, existing, present } from '../../../../src/migrate/targets/ovn/conflicts.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../../snapshots.ts';

const firewall = (namespace: string, spec: unknown): KubeObject & { readonly spec: unknown } => ({
  apiVersion: 'k8s.ovn.org/v1',
  kind: 'EgressFirewall',
  metadata: { name: 'default', namespace },
  spec,
});
const egressIP = (name: string, spec: unknown): KubeObject & { readonly spec: unknown } => ({
  apiVersion: 'k8s.ovn.org/v1',
  kind: 'EgressIP',
  metadata: { name },
  spec,
});

describe('an object that is there', () => {
  const shop = firewall('shop', {});
  const snapshot = snapshotOf([shop, firewall('bank', {}), egressIP('default', {})]);

  it('is found by kind, namespace and name', () => {
    expect(present(snapshot, firewall('shop', { other: true }))?.object).toEqual(shop);
    expect(present(snapshot, firewall('school', {}))).toBeUndefined();
    expect(present(snapshot, egressIP('default', {}))?.object.kind).toBe('EgressIP');
    expect(present(snapshot, { ...shop, apiVersion: 'k8s.ovn.org/v2' })).toBeUndefined();
  });

  it('is no conflict if its spec is the same, in whatever order', () => {
    const was = snapshotOf([firewall('shop', { a: 1, b: [{ c: 2, d: undefined }] })]);
    expect(existing(was, firewall('shop', { b: [{ c: 2 }], a: 1 }))).toEqual([]);
  });

  it('is a conflict that blocks if its spec is another, or if it has none', () => {
    const was = snapshotOf([firewall('shop', { a: 1 }), make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'e' }, {})]);
    expect(existing(was, firewall('shop', { a: 2 }))).toEqual([
      expect.objectContaining({
        code: 'ObjectExists',
        severity: 'blocker',
        kind: 'EgressFirewall',
        namespace: 'shop',
        name: 'default',
      }),
    ]);
    const [found] = existing(was, egressIP('e', { egressIPs: [] }));
    expect(found).toMatchObject({ kind: 'EgressIP', name: 'e' });
    expect(found).not.toHaveProperty('namespace');
  });

  it('is none where there is none', () => {
    expect(existing(snapshot, firewall('school', {}))).toEqual([]);
  });
});

describe('a label or annotation that is there', () => {
  const label = 'k8s.ovn.org/egress-assignable';
  const made: KubeObject = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1', labels: { [label]: '' }, annotations: { note: 'ours' } },
  };
  const codes = (metadata: Readonly<Record<string, unknown>>): readonly string[] =>
    clashes(snapshotOf([make.node('n1', '192.168.7.11', metadata)]), made).map(
      ({ code, severity, name, today, tomorrow }) => `${code} ${severity} ${name}: ${today} ${tomorrow}`,
    );

  it('is a clash if it has another value', () => {
    expect(codes({ labels: { [label]: 'yes' } })).toEqual([
      expect.stringMatching(/^ObjectExists warning n1: The label k8s.ovn.org\/egress-assignable is "yes";.* to be ""/),
    ]);
    expect(codes({ annotations: { note: 'theirs' } })).toEqual([
      expect.stringMatching(/^ObjectExists warning n1: The annotation note is "theirs";.* to be "ours"/),
    ]);
  });

  it('is none if it has the same value, or if there is none', () => {
    expect(codes({ labels: { [label]: '' }, annotations: { note: 'ours', other: 'x' } })).toEqual([]);
    expect(codes({})).toEqual([]);
    expect(clashes(snapshotOf([]), made)).toEqual([]);
  });

  it('clashes once for each', () => {
    expect(codes({ labels: { [label]: 'no' }, annotations: { note: '' } })).toHaveLength(2);
  });
});
