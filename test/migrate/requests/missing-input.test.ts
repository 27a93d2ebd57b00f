import {
  egressNetworkPolicies,
  hostSubnets,
  namespaces,
  netNamespaces,
  networkPolicies,
  nodes,
} from '../../../api/kinds.ts';
import { makeSnapshot, snapshotOf as readOf } from '../../../src/migrate/input/make-snapshot.ts';
import { inputPart } from '../../../src/migrate/requests/missing-input.ts';
import { type Snapshot, type Unread } from '../../../src/migrate/snapshot.ts';
import { contextOf } from '../../../src/migrate/targets/ovn/context.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { make, options, snapshotOf } from '../snapshots.ts';

const whole = [
  make.clusterNetwork(),
  make.namespace('kube-system', { uid: 'u' }),
  make.node('n1', '192.168.7.11'),
  make.netNamespace('kube-system', 0),
];
const told = (snapshot: Snapshot, namespaces_: readonly string[] = []) =>
  inputPart(contextOf(snapshot, { ...options, namespaces: namespaces_ })).findings.map(
    ({ code, severity, kind, name }) => `${code} ${severity} ${kind} ${name}`,
  );
const from = (...objects: readonly KubeObject[]) => told(snapshotOf(objects));
const lacking = (more: Partial<Pick<Snapshot, 'missing'>>, unread: readonly Unread[] = [], objects = whole) =>
  told(makeSnapshot(snapshotOf(objects).objects, unread, more));

describe('the input', () => {
  it('lacks nothing', () => {
    expect(from(...whole)).toEqual([]);
  });

  it('makes no changes', () => {
    expect(inputPart(contextOf(snapshotOf([]), options)).changes).toEqual([]);
  });

  it('lacks Namespaces, Nodes or the ClusterNetwork, which is a warning, and the cluster is not known', () => {
    expect(from()).toEqual([
      'IncompleteInput warning Namespace *',
      'IncompleteInput warning Node *',
      'IncompleteInput warning ClusterNetwork *',
      'ClusterUnknown warning Namespace kube-system',
    ]);
  });

  it('does not tell its cluster without the uid of kube-system', () => {
    const [network, , node, net] = whole;
    expect(from(network!, make.namespace('kube-system'), node!, net!)).toEqual([
      'ClusterUnknown warning Namespace kube-system',
    ]);
  });

  it('could not be read, which blocks if something that works may be left out, and is said once', () => {
    const unread = [namespaces, networkPolicies].map((kind) => ({
      kind,
      reason: 'forbidden',
      right: `list ${kind.plural}`,
    }));
    const withoutNamespaces = whole.filter(({ kind }) => kind !== 'Namespace');
    expect(lacking({}, unread, withoutNamespaces).filter((one) => one.startsWith('Incomplete'))).toEqual([
      'IncompleteInput blocker Namespace *',
      'IncompleteInput warning NetworkPolicy *',
    ]);
    expect(lacking({}, [{ kind: nodes, reason: 'x', right: undefined }])).toEqual(['IncompleteInput blocker Node *']);
  });

  it('are files without a kind, which blocks unless the cluster may have none', () => {
    expect(lacking({ missing: [hostSubnets, netNamespaces, egressNetworkPolicies] })).toEqual([
      'IncompleteInput blocker HostSubnet *',
      'IncompleteInput blocker NetNamespace *',
      'IncompleteInput warning EgressNetworkPolicy *',
    ]);
  });
});

describe('an object that cannot be read', () => {
  it('is the ClusterNetwork', () => {
    const broken = make.any(
      'network.openshift.io/v1',
      'ClusterNetwork',
      { name: 'default' },
      { clusterNetworks: [{ CIDR: 'x', hostSubnetLength: 8 }], serviceNetwork: '172.30.0.0/16' },
    );
    expect(from(broken, ...whole.slice(1))).toEqual(['ClusterNetworkInvalid warning ClusterNetwork default']);
  });

  it('is a NetNamespace without a usable VNID', () => {
    expect(from(...whole, make.namespace('shop'), make.netNamespace('shop', -1))).toEqual([
      'NetNamespaceInvalid warning NetNamespace shop',
    ]);
  });

  it("is the cloud's annotation of a Node", () => {
    const annotations = { 'cloud.network.openshift.io/egress-ipconfig': '{' };
    const objects = whole.map((one) => (one.kind === 'Node' ? make.node('n1', '192.168.7.11', { annotations }) : one));
    expect(from(...objects)).toEqual(['EgressIPConfigInvalid warning Node n1']);
  });
});

describe('a NetNamespace', () => {
  const orphan = (egressIPs: readonly string[]) => make.netNamespace('gone', 10, { egressIPs });

  it('without its Namespace is good to know of, and a warning if it requests something', () => {
    expect(from(...whole, orphan([]))).toEqual(['NamespaceMissing info NetNamespace gone']);
    expect(from(...whole, orphan(['192.168.7.101']))).toEqual(['NamespaceMissing warning NetNamespace gone']);
  });

  test.each(['Evil_Name', 'a.b', '-a', 'a'.repeat(64), 'a\u001b[2J'])(
    'with a name that no Namespace can have is one, also where the input has no Namespaces: %j',
    (name) => {
      const own = make.netNamespace(name, 10, { egressIPs: ['192.168.7.101'] });
      expect(from(...whole, own)).toEqual([`NamespaceMissing warning NetNamespace ${name}`]);
      const without = [...whole.filter(({ kind }) => kind !== 'Namespace'), own];
      expect(from(...without)).toContain(`NamespaceMissing warning NetNamespace ${name}`);
    },
  );

  it('whose Namespace is being deleted is said so', () => {
    const dying = make.namespace('gone', { deletionTimestamp: '2026-01-01T00:00:00Z' });
    const { findings } = inputPart(contextOf(snapshotOf([...whole, dying, orphan([])]), options));
    expect(findings.map(({ today }) => today)).toEqual(['Namespace gone is being deleted.']);
    const without = inputPart(contextOf(snapshotOf([...whole, orphan([])]), options));
    expect(without.findings.map(({ today }) => today)).toEqual(['There is no Namespace gone.']);
  });

  it('is of no interest if it is not chosen', () => {
    expect(told(snapshotOf([...whole, orphan([])]), ['kube-system'])).toEqual([]);
  });
});

it('reports objects of which there are several versions, once for each kind', () => {
  const policies = ['a', 'b'].flatMap((name) => [
    make.policy('shop', name, []),
    make.policy('shop', name, [['Deny', '0.0.0.0/0']]),
  ]);
  const objects = Map.groupBy([...whole, make.namespace('shop')], ({ kind }) => kind);
  const snapshot = readOf(
    new Map([
      [egressNetworkPolicies, policies],
      [namespaces, objects.get('Namespace') ?? []],
      [nodes, objects.get('Node') ?? []],
    ]),
    [],
  );
  const { findings } = inputPart(contextOf(snapshot, options));
  const duplicates = findings.filter(({ code }) => code === 'DuplicateObject');
  expect(duplicates.map(({ severity, kind, name }) => `${severity} ${kind} ${name}`)).toEqual([
    'blocker EgressNetworkPolicy shop/a',
  ]);
  expect(duplicates[0]?.today).toMatch(/shop\/a, shop\/b/);
});
