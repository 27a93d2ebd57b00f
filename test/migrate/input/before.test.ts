import { egressIPs, networkPolicies } from '../../../api/kinds.ts';
import { withoutPlans } from '../../../src/migrate/input/before.ts';
import { objectsOf } from '../../../src/migrate/snapshot.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../snapshots.ts';

type Fields = Readonly<Record<string, unknown>>;
const wrote = (manager: string, fieldsV1: Fields): Fields => ({ manager, operation: 'Apply', fieldsV1 });
const egressIP = (name: string, metadata: Fields): KubeObject =>
  make.any('k8s.ovn.org/v1', 'EgressIP', { name, ...metadata }, { spec: { egressIPs: [] } });
const left = (...objects: readonly KubeObject[]) => withoutPlans(snapshotOf(objects), [egressIPs]);
const names = (...objects: readonly KubeObject[]): readonly string[] =>
  objectsOf(left(...objects), egressIPs).map(({ metadata }) => metadata.name ?? '');

describe('what was there before our plans', () => {
  const ours = wrote('sdn-compat-migrate-0123456789', { 'f:spec': {} });
  const theirs = wrote('kubectl', { 'f:spec': {} });

  it('are the objects whose spec we did not write', () => {
    expect(names(egressIP('ours', { managedFields: [ours] }), egressIP('theirs', { managedFields: [theirs] }))).toEqual(
      ['theirs'],
    );
    expect(names(egressIP('both', { managedFields: [ours, theirs] }))).toEqual(['both']);
  });

  it('are told by our label where there are no managers, and by nothing else', () => {
    const label = { 'app.kubernetes.io/managed-by': 'sdn-compat' };
    expect(
      names(
        egressIP('ours', { labels: label }),
        egressIP('theirs', { labels: { 'app.kubernetes.io/managed-by': 'helm' } }),
      ),
    ).toEqual(['theirs']);
    expect(names(egressIP('theirs', { labels: label, managedFields: [theirs] }))).toEqual(['theirs']);
  });

  it('has no list of a kind of which nothing is left', () => {
    const found = left(egressIP('ours', { managedFields: [ours] }), make.node('n1', '192.168.7.11'));
    expect([...found.objects.keys()]).toEqual(['v1/Node']);
    expect(found.egressIPs).toEqual([]);
  });

  it('has objects of kinds that plans do not make', () => {
    const policy = make.any(
      'networking.k8s.io/v1',
      'NetworkPolicy',
      { name: 'p', namespace: 'a', managedFields: [ours] },
      {},
    );
    expect(objectsOf(left(policy), networkPolicies)).toEqual([policy]);
  });

  it('are Nodes and Namespaces without the labels and annotations that only we wrote', () => {
    const managedFields = [
      wrote('sdn-compat-migrate', {
        'f:metadata': { 'f:labels': { 'f:a': {}, 'f:b': {} }, 'f:annotations': { 'f:x': {} } },
      }),
      wrote('kubelet', { 'f:metadata': { 'f:labels': { 'f:b': {} }, 'f:annotations': { 'f:y': {} } } }),
    ];
    const metadata = { labels: { a: '1', b: '2' }, annotations: { x: '1', y: '2' }, managedFields };
    const { nodes, namespaces } = left(make.node('n1', '192.168.7.11', metadata), make.namespace('shop', metadata));
    for (const found of [...nodes, ...namespaces])
      expect(found).toMatchObject({ labels: { b: '2' }, annotations: { y: '2' } });
    expect(nodes[0]?.labels).not.toHaveProperty('a');
    expect(namespaces[0]?.annotations).not.toHaveProperty('x');
  });

  it('keeps a Node as it is that we did not touch, and what could not be read', () => {
    const node = make.node('n1', '192.168.7.11', { labels: { a: '1' } });
    expect(left(node).nodes[0]?.object).toBe(node);
  });
});
