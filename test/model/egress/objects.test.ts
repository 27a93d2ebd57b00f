import fc from 'fast-check';
import { clusterOf } from '../../../src/model/cluster/cluster.ts';
import { EgressObjects } from '../../../src/model/egress/objects.ts';
import { egressState } from '../../../src/model/egress/state.ts';
import type { Assignment } from '../../../src/model/egress/verdict.ts';
import { parseClusterNetwork } from '../../../src/model/objects/clusternetwork.ts';
import type {
  ClusterNetworkObject,
  Condition,
  HostSubnetObject,
  NetNamespaceObject,
  NodeObject,
} from '../../../src/model/objects/raw.ts';
import type { Ip } from '../../../src/model/values/address.ts';
import { rounds } from '../../rounds.ts';
import { ip, rawHostSubnet, rawNetNamespace, valid, vnid } from '../parsed.ts';
import { shuffled } from './operations.ts';

const node = (name: string, address: string, ready?: Condition['status']): NodeObject => ({
  metadata: { name },
  status: {
    addresses: [{ type: 'InternalIP', address }],
    conditions: ready === undefined ? [] : [{ type: 'Ready', status: ready }],
  },
});
const networkObject = (serviceNetwork: string): ClusterNetworkObject => ({
  apiVersion: 'network.openshift.io/v1',
  kind: 'ClusterNetwork',
  metadata: { name: 'default' },
  clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 9 }],
  serviceNetwork,
});

test('objects that cannot be used count as absent until they are fixed, and are listed as long', () => {
  const objects = new EgressObjects();
  objects.putHostSubnet(rawHostSubnet('n', { egressIPs: ['192.168.8.1'] }));
  expect(objects.putNetNamespace(rawNetNamespace('a', 42, ['192.168.8.1']))).toMatchObject({ name: 'a', vnid: 42 });
  const state = (): string => objects.tracker.vnid(vnid(42)).kind;
  expect(state()).toBe('via');
  expect(objects.putNetNamespace(rawNetNamespace('a', -1, ['192.168.8.1']))).toBeUndefined();
  expect(state()).toBe('normal');
  expect(objects.invalidNetNamespaces()).toMatchObject([{ name: 'a', problems: [{ field: 'netid' }] }]);
  objects.putNetNamespace(rawNetNamespace('a', 42, ['192.168.8.1']));
  expect([state(), objects.invalidNetNamespaces()]).toEqual(['via', []]);
  objects.putHostSubnet(rawHostSubnet('n', { egressIPs: ['192.168.8.1'], subnet: '' }));
  expect(state()).toBe('dropped');
  expect(objects.hostSubnets.invalid().map(({ name }) => name)).toEqual(['n']);
  objects.putNetNamespace(rawNetNamespace('b', -1));
  objects.deleteNetNamespace('b');
  objects.deleteHostSubnet('n');
  expect([objects.invalidNetNamespaces(), objects.hostSubnets.invalid()]).toEqual([[], []]);
});

test('a Node decides between HostSubnets that overlap, and says what is different for it', () => {
  const objects = new EgressObjects();
  const place = (): string | undefined => objects.tracker.state().assigned.get(ip('192.168.8.1'))?.node;
  objects.putHostSubnet(rawHostSubnet('a', { hostIP: '192.168.7.11' }));
  objects.putHostSubnet(rawHostSubnet('b', { hostIP: '192.168.7.12', egressIPs: ['192.168.8.1'] }));
  objects.putNetNamespace(rawNetNamespace('n', 42, ['192.168.8.1']));
  expect(place()).toBeUndefined();
  expect(objects.putNode('b', node('b', '192.168.7.99'))).toEqual({ hostSubnets: false, readiness: false });
  expect(objects.putNode('b', node('b', '192.168.7.12'))).toEqual({ hostSubnets: true, readiness: false });
  expect([place(), objects.hostSubnets.lostBy('a')?.winner.name]).toEqual(['b', 'b']);
  expect(objects.putNode('b', node('b', '192.168.7.12', 'False'))).toEqual({ hostSubnets: false, readiness: true });
  expect([...objects.notReady]).toEqual(['b']);
  expect(objects.putNode('b', node('b', '192.168.7.12', 'Unknown'))).toEqual({ hostSubnets: false, readiness: true });
  objects.putNode('b', node('b', '192.168.7.12', 'False'));
  expect(objects.putNode('b', undefined)).toEqual({ hostSubnets: true, readiness: true });
  expect([place(), [...objects.notReady]]).toEqual([undefined, []]);
});

type Change =
  | { readonly kind: 'host'; readonly name: string; readonly object: HostSubnetObject | undefined }
  | { readonly kind: 'namespace'; readonly name: string; readonly object: NetNamespaceObject | undefined }
  | { readonly kind: 'node'; readonly name: string; readonly object: NodeObject | undefined }
  | { readonly kind: 'network'; readonly object: ClusterNetworkObject };

const hostIP = fc.constantFrom('192.168.7.11', '192.168.7.12', '192.168.7.13', 'bogus');
const egressIPs = fc.subarray(['192.168.8.1', '192.168.8.2', '192.168.8.3', '192.168.7.12', '172.30.0.1']);
const machine = fc.constantFrom('m1', 'm2', 'm3');
const project = fc.constantFrom('a', 'b', 'c');
const sometimes = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const fields = fc.record({
  hostIP,
  subnet: fc.constantFrom('10.128.0.0/23', '10.128.0.0/22', '10.128.4.0/23', ''),
  egressIPs,
});
const requests = fc.record({ netid: fc.constantFrom(11, 12, -1), ips: egressIPs });
const status = fc.constantFrom<Condition['status']>('True', 'False', 'Unknown');
const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .tuple(machine, sometimes(fields))
    .map(([name, some]): Change => ({ kind: 'host', name, object: some && rawHostSubnet(name, some) })),
  fc.tuple(project, sometimes(requests)).map(([name, some]): Change => {
    return { kind: 'namespace', name, object: some && rawNetNamespace(name, some.netid, some.ips) };
  }),
  fc.tuple(machine, hostIP, sometimes(status), fc.boolean()).map(([name, address, ready, exists]): Change => {
    return { kind: 'node', name, object: exists ? node(name, address, ready) : undefined };
  }),
  fc
    .constantFrom('172.30.0.0/16', '172.29.0.0/16')
    .map((range): Change => ({ kind: 'network', object: networkObject(range) })),
);

/** The objects as a history leaves them: what an API server would hold. */
class Store {
  readonly hosts = new Map<string, HostSubnetObject>();
  readonly namespaces = new Map<string, NetNamespaceObject>();
  readonly nodes = new Map<string, NodeObject>();
  #networks: readonly ClusterNetworkObject[] = [];

  /** Makes the change here and there. */
  apply(one: Change, there: EgressObjects): void {
    const keep = <T>(all: Map<string, T>, name: string, object: T | undefined): void => {
      if (object === undefined) all.delete(name);
      else all.set(name, object);
    };
    switch (one.kind) {
      case 'host':
        keep(this.hosts, one.name, one.object);
        if (one.object === undefined) there.deleteHostSubnet(one.name);
        else there.putHostSubnet(one.object);
        return;
      case 'namespace':
        keep(this.namespaces, one.name, one.object);
        if (one.object === undefined) there.deleteNetNamespace(one.name);
        else there.putNetNamespace(one.object);
        return;
      case 'node':
        keep(this.nodes, one.name, one.object);
        there.putNode(one.name, one.object);
        return;
      case 'network':
        this.#networks = [one.object];
        there.setNetwork(valid(parseClusterNetwork(one.object)));
    }
  }

  cluster(seed: number) {
    const raw = {
      hostSubnets: shuffled([...this.hosts.values()], seed),
      netNamespaces: shuffled([...this.namespaces.values()], seed),
      nodes: shuffled([...this.nodes.values()], seed),
      clusterNetworks: this.#networks,
    };
    return clusterOf(raw, new Set());
  }
}

const sorted = (names: Iterable<string>): readonly string[] => [...names].sort();

test('kept up to date object by object they are what is computed from all objects at once', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 40, size: 'max' }), fc.nat(), (changes, seed) => {
      const store = new Store();
      const assigned = new Map<Ip, Assignment>();
      const objects = new EgressObjects((one) => {
        for (const [egressIP, placement] of one.assigned)
          if (placement === undefined) assigned.delete(egressIP);
          else assigned.set(egressIP, placement);
      });
      for (const one of changes) {
        store.apply(one, objects);
        const cluster = store.cluster(seed);
        const expected = egressState(cluster);
        expect([...objects.tracker.state().vnids]).toEqual([...expected.vnids]);
        expect(new Map(assigned)).toEqual(new Map(expected.assigned));
        expect(sorted(objects.invalidNetNamespaces().map(({ name }) => name))).toEqual(
          sorted(cluster.invalidNetNamespaces.map(({ name }) => name)),
        );
        expect(objects.hostSubnets.lost()).toEqual(cluster.lostSubnets);
        const down = [...store.nodes.values()].filter(({ status: is }) => is?.conditions?.[0]?.status === 'False');
        expect(sorted(objects.notReady)).toEqual(sorted(down.map(({ metadata }) => metadata.name!)));
      }
    }),
    { numRuns: rounds(1000) },
  );
});
