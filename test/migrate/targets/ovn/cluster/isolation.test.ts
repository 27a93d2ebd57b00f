import { isolationPart } from '../../../../../src/migrate/targets/ovn/cluster/isolation.ts';
import type { KubeObject, NetworkPolicyObject } from '../../../../../src/model/objects/raw.ts';
import { matches } from '../../../../../src/model/objects/selector.ts';
import { parseNetworkPolicy, type Peer } from '../../../../../src/model/policy/networkpolicy.ts';
import { contains, parseIp } from '../../../../../src/model/values/address.ts';
import { generator } from '../../../../random.ts';
import { rounds } from '../../../../rounds.ts';
import { contextFrom, make } from '../../../snapshots.ts';

const multitenant = 'redhat/openshift-ovs-multitenant';

/** Where a packet comes from: pods have labels of their namespace, all else only an address. */
interface Origin {
  readonly namespace?: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly address: string;
}

const pod = (name: string): Origin => ({
  namespace: { name, labels: { 'kubernetes.io/metadata.name': name } },
  address: '10.128.3.7',
});
const origins = {
  node: { address: '192.168.7.11' },
  outside: { address: '203.0.113.9' },
  hostNetwork: {
    namespace: { name: 'openshift-host-network', labels: { 'policy-group.network.openshift.io/host-network': '' } },
    address: '10.128.9.2',
  },
} satisfies Record<string, Origin>;

function isPeer(peer: Peer, { namespace, address }: Origin, own: string): boolean {
  if (peer.kind === 'block') {
    const ip = parseIp(address);
    return ip.ok && peer.cidrs.some((cidr) => contains(cidr, ip.value));
  }
  if (namespace === undefined) return false;
  return peer.namespaces === undefined ? namespace.name === own : matches(peer.namespaces, namespace.labels);
}

/** Whether the target lets it in: no policy selects the pod, or a rule of one lets it (NetworkPolicy API). */
function letsIn(policies: readonly NetworkPolicyObject[], from: Origin, to: string): boolean {
  const own = policies
    .filter(({ metadata }) => metadata.namespace === to)
    .map((policy) => parseNetworkPolicy(policy).policy.ingress ?? []);
  return (
    own.length === 0 ||
    own.some((rules) => rules.some(({ peers }) => peers === undefined || peers.some((peer) => isPeer(peer, from, to))))
  );
}

function policiesOf(objects: readonly KubeObject[]): NetworkPolicyObject[] {
  return isolationPart(contextFrom(objects)).changes.flatMap((change) =>
    change.action === 'apply' ? [change.object as NetworkPolicyObject] : [],
  );
}

test('all pairs of pods reach each other exactly as in the multitenant plugin, and nodes and the outside reach all', () => {
  let closed = 0;
  for (let seed = 1; seed <= rounds(300); seed++) {
    const random = generator(seed);
    const names = Array.from({ length: 1 + random(9) }, (_, index) => `n${index}`);
    const vnid = new Map(names.map((name) => [name, [0, 10, 11, 12, 100 + random(5)][random(5)]!]));
    const policies = policiesOf([
      make.clusterNetwork(multitenant),
      ...names.flatMap((name) => [make.namespace(name), make.netNamespace(name, vnid.get(name)!)]),
    ]);
    for (const to of names) {
      for (const from of names) {
        const today = vnid.get(from) === vnid.get(to) || vnid.get(from) === 0 || vnid.get(to) === 0;
        if (!today) closed++;
        expect({ seed, from, to, open: letsIn(policies, pod(from), to) }).toEqual({ seed, from, to, open: today });
      }
      for (const [origin, from] of Object.entries(origins))
        expect({ origin, to, open: letsIn(policies, from, to) }).toEqual({ origin, to, open: true });
    }
  }
  expect(closed).toBeGreaterThan(100);
});

const three = [
  make.namespace('a'),
  make.netNamespace('a', 10),
  make.namespace('b'),
  make.netNamespace('b', 10),
  make.namespace('c'),
  make.netNamespace('c', 0),
];

test('joined namespaces and the mode are findings; NetworkPolicies that were ignored are warned of', () => {
  const old = make.any(
    'networking.k8s.io/v1',
    'NetworkPolicy',
    { name: 'old', namespace: 'a' },
    { spec: { podSelector: {} } },
  );
  const { changes, findings } = isolationPart(contextFrom([make.clusterNetwork(multitenant), ...three, old]));
  expect(changes.map((change) => (change.action === 'apply' ? change.object.metadata.namespace : ''))).toEqual([
    'a',
    'b',
  ]);
  expect(findings.map(({ code, name }) => `${code} ${name}`)).toEqual([
    'MultitenantIsolation default',
    'JoinedNamespaces a',
    'NetworkPolicyEnforced old',
  ]);
});

test('the networkpolicy plugin needs none; the subnet plugin ignored them', () => {
  const old = make.any(
    'networking.k8s.io/v1',
    'NetworkPolicy',
    { name: 'old', namespace: 'a' },
    { spec: { podSelector: {} } },
  );
  expect(isolationPart(contextFrom([make.clusterNetwork(), ...three, old]))).toEqual({ changes: [], findings: [] });
  expect(
    isolationPart(contextFrom([make.clusterNetwork('redhat/openshift-ovs-subnet'), ...three, old])).findings,
  ).toMatchObject([{ code: 'NetworkPolicyEnforced' }]);
});

test('a namespace without Namespace has no policy and is in none; one without NetNamespace is alone', () => {
  const policies = policiesOf([
    make.clusterNetwork(multitenant),
    ...three,
    make.netNamespace('gone', 10),
    make.namespace('new'),
  ]);
  expect(policies.map(({ metadata }) => metadata.namespace)).toEqual(['a', 'b', 'new']);
  expect(JSON.stringify(policies)).not.toContain('gone');
  expect(letsIn(policies, pod('a'), 'new')).toBe(false);
  expect(letsIn(policies, pod('c'), 'new')).toBe(true);
});

describe('the policies of the multitenant plugin', () => {
  const part = (...objects: readonly KubeObject[]) =>
    isolationPart(contextFrom([make.clusterNetwork(multitenant), ...objects]));
  const space = (name: string, netid: number): readonly KubeObject[] => [
    make.namespace(name),
    make.netNamespace(name, netid),
  ];

  it('are made from the NetNamespace, where there is one', () => {
    const { changes } = part(...space('a', 10), make.namespace('new'));
    expect(changes.map((change) => (change.action === 'apply' ? change.from : []))).toEqual([
      [{ apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', name: 'a' }],
      [],
    ]);
  });

  it('name the joined namespaces that exist, once for each VNID but the global one', () => {
    const objects = [
      ...space('a', 10),
      ...space('b', 10),
      make.netNamespace('gone', 10),
      ...space('g', 0),
      ...space('h', 0),
      ...space('c', 11),
    ];
    const joined = part(...objects).findings.filter(({ code }) => code === 'JoinedNamespaces');
    expect(joined.map(({ name, today }) => `${name}: ${today}`)).toEqual([
      'a: Pods of a, b reach one another: the namespaces share VNID 10.',
    ]);
  });

  it('are not among those of others that begin to hold, and neither are those of namespaces that are not chosen', () => {
    const policy = (namespace: string, name: string): KubeObject =>
      make.any('networking.k8s.io/v1', 'NetworkPolicy', { name, namespace }, { spec: {} });
    const policies = [policy('a', 'openshift-sdn-isolation'), policy('a', 'mine'), policy('b', 'mine')];
    const objects = [make.clusterNetwork(multitenant), ...space('a', 10), ...space('b', 11), ...policies];
    const { findings } = isolationPart(contextFrom(objects, { namespaces: ['a'] }));
    const enforced = findings.filter(({ code }) => code === 'NetworkPolicyEnforced');
    expect(enforced.map(({ namespace, name }) => [namespace, name])).toEqual([['a', 'mine']]);
  });
});
