import { egressFirewalls, egressIPs, hostSubnets, netNamespaces, nodes, pods } from '../../../api/kinds.ts';
import { shapeOf, snapshotOf } from '../../../src/migrate/input/make-snapshot.ts';
import { objectsOf } from '../../../src/migrate/snapshot.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { make } from '../snapshots.ts';

const egressIP = (name: string, resourceVersion: string, fields: Readonly<Record<string, unknown>> = {}): KubeObject =>
  make.any('k8s.ovn.org/v1', 'EgressIP', { name, resourceVersion }, fields);

describe('an object of a kind', () => {
  it('gets the current apiVersion and kind, as lists leave them out', () => {
    expect(shapeOf(nodes, { metadata: { name: 'n1' } })).toEqual({
      ok: true,
      value: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } },
    });
    const old = { apiVersion: 'v1', kind: 'NetNamespace', metadata: { name: 'a' }, netname: 'a', netid: 1 };
    expect(shapeOf(netNamespaces, old)).toMatchObject({
      ok: true,
      value: { apiVersion: 'network.openshift.io/v1', netid: 1 },
    });
  });

  it('stays the same object if it has them', () => {
    const node = make.node('n1', '192.168.7.11');
    const found = shapeOf(nodes, node);
    expect(found.ok && found.value).toBe(node);
    const other = { ...node, kind: 'Other' };
    expect(shapeOf(nodes, other)).toMatchObject({ ok: true, value: { kind: 'Node' } });
  });

  it('lacks the fields of its metadata that are null', () => {
    const empty = { labels: null, annotations: null, deletionTimestamp: null, managedFields: null };
    const found = shapeOf(nodes, { ...make.node('n1', '192.168.7.11'), metadata: { name: 'n1', ...empty } });
    expect(found.ok && found.value.metadata).toEqual({ name: 'n1' });
    expect(shapeOf(nodes, { metadata: { name: null } }).ok).toBe(false);
  });

  it('has a namespace if its kind has', () => {
    const firewall = { metadata: { name: 'default' } };
    expect(shapeOf(egressFirewalls, firewall)).toEqual({
      ok: false,
      error: { field: 'metadata.namespace', reason: 'is missing' },
    });
    expect(shapeOf(egressFirewalls, { metadata: { name: 'default', namespace: '' } }).ok).toBe(false);
    expect(shapeOf(egressFirewalls, { metadata: { name: 'default', namespace: 'shop' } }).ok).toBe(true);
  });

  it('must have the fields that OpenShift SDN reads, of their types', () => {
    expect(shapeOf(netNamespaces, { metadata: { name: 'a' }, netname: 'a', netid: '1' })).toMatchObject({
      ok: false,
      error: { field: 'netid' },
    });
    expect(shapeOf(hostSubnets, { metadata: { name: 'a' }, egressIPs: 'x' })).toMatchObject({ ok: false });
    expect(shapeOf(nodes, 7).ok).toBe(false);
  });
});

describe('a snapshot', () => {
  const names = (objects: readonly KubeObject[], kind = egressIPs) =>
    objectsOf(snapshotOf(new Map([[kind, objects]]), []), kind).map(
      ({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name ?? ''} ${metadata.resourceVersion ?? ''}`,
    );

  it('is sorted by namespace and name', () => {
    const firewall = (namespace: string): KubeObject =>
      make.any('k8s.ovn.org/v1', 'EgressFirewall', { name: 'default', namespace }, {});
    expect(names([firewall('b'), firewall('a')], egressFirewalls)).toEqual(['a/default ', 'b/default ']);
  });

  it('has the newest of several versions, by number and not by text', () => {
    const [old, young] = [egressIP('e', '9', { spec: 1 }), egressIP('e', '10', { spec: 2 })];
    expect(names([young, old])).toEqual(['/e 10']);
    expect(names([old, young])).toEqual(['/e 10']);
  });

  it('counts what is no number as the oldest', () => {
    expect(names([egressIP('e', 'x'), egressIP('e', '1')])).toEqual(['/e 1']);
  });

  it('keeps several versions of what the egress model settles itself, each once, oldest first', () => {
    const net = (resourceVersion: string, netid: number): KubeObject =>
      make.netNamespace('a', netid, {}, { resourceVersion });
    expect(names([net('2', 1), net('1', 2), net('2', 1)], netNamespaces)).toEqual(['/a 1', '/a 2']);
  });

  it('reports versions that differ in what lasts', () => {
    const duplicates = (...objects: readonly KubeObject[]) =>
      snapshotOf(new Map([[egressIPs, objects]]), []).duplicates;
    const ref = { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', name: 'e' };
    expect(
      duplicates(egressIP('e', '1', { spec: 1 }), egressIP('e', '2', { spec: 2 }), egressIP('e', '3', { spec: 1 })),
    ).toEqual([{ object: ref, count: 3 }]);
    expect(duplicates(egressIP('e', '1', { status: 1 }), egressIP('e', '2', { status: 2 }))).toEqual([]);
    const labeled = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'e', resourceVersion: '2', labels: { a: 'b' } }, {});
    expect(duplicates(egressIP('e', '1'), labeled)).toEqual([{ object: ref, count: 2 }]);
    expect(duplicates(egressIP('e', '1'), egressIP('f', '1', { spec: 1 }))).toEqual([]);
  });

  it('leaves out kinds without objects, and sorts what could not be read', () => {
    const unread = [pods, nodes].map((kind) => ({ kind, reason: 'no', right: undefined }));
    const found = snapshotOf(
      new Map([
        [nodes, []],
        [egressIPs, [egressIP('e', '1')]],
      ]),
      unread,
      { absent: [hostSubnets] },
    );
    expect([...found.objects.keys()]).toEqual(['k8s.ovn.org/v1/EgressIP']);
    expect(found.unread.map(({ kind }) => kind)).toEqual([nodes, pods]);
    expect(found.absent).toEqual([hostSubnets]);
  });
});
