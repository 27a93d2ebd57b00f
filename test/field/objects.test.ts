/**
 * No object stops a node: whatever the CRDs and Kubernetes' own types admit is planned, or counts as absent, and the
 * namespaces beside it are served as without it.
 */
import fc from 'fast-check';
import { stepFor } from '../../src/controllers/subnets/plan.ts';
import { clusterOf } from '../../src/model/cluster/cluster.ts';
import { statusOf } from '../../src/model/cluster/summary.ts';
import { EgressObjects } from '../../src/model/egress/objects.ts';
import { egressState } from '../../src/model/egress/state.ts';
import type { HostSubnetObject, NamespaceObject, NetNamespaceObject, NodeObject } from '../../src/model/objects/raw.ts';
import { egressPolicies } from '../../src/model/policy/egresspolicy.ts';
import { withoutNullFields } from '../../src/model/values/json.ts';
import { policyWorld } from '../../src/node/cluster/policy-world.ts';
import { planNode } from '../../src/node/plan/node.ts';
import type { RemoteNode } from '../../src/node/values/facts.ts';
import { rawHostSubnet, rawNetNamespace } from '../model/parsed.ts';
import { nodeInput, vnid } from '../node/states.ts';
import { rounds } from '../rounds.ts';

const octet = fc.integer({ min: 0, max: 255 });
const address = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'));
const ipText = fc.oneof(
  address,
  fc.constantFrom('', '0.0.0.0', '255.255.255.255', 'fd00::5', '::', '10.0.0.1/24', 'x'),
);
const cidrText = fc.oneof(
  fc.tuple(address, fc.integer({ min: 0, max: 33 })).map(([ip, length]) => `${ip}/${length}`),
  fc.integer({ min: 0, max: 32 }).map((length) => `0.0.0.0/${length}`),
  fc.integer({ min: 8, max: 32 }).map((length) => `10.128.0.0/${length}`),
  fc.constantFrom('', 'fd00::/64', '::/0', '10.0.0.5/24', '10.254.77.5/32', 'x'),
);
const label = fc.oneof(fc.constantFrom('', 'app', 'kubernetes.io/metadata.name', 'a'.repeat(63)), fc.string());
const selector = fc.record(
  {
    matchLabels: fc.oneof(fc.constant(null), fc.dictionary(label, label)),
    matchExpressions: fc.oneof(
      fc.constant(null),
      fc.array(
        fc.record(
          {
            key: label,
            operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', ''),
            values: fc.oneof(fc.constant(null), fc.array(label)),
          },
          { requiredKeys: ['key', 'operator'] },
        ),
      ),
    ),
  },
  { requiredKeys: [] },
);
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 3, arbitrary }, fc.constant(null));
const peer = fc.record(
  {
    podSelector: orNull(selector),
    namespaceSelector: orNull(selector),
    ipBlock: orNull(
      fc.record({ cidr: cidrText, except: orNull(fc.array(cidrText, { maxLength: 3 })) }, { requiredKeys: ['cidr'] }),
    ),
  },
  { requiredKeys: [] },
);
const portNumber = fc.oneof(fc.constantFrom(-1, 0, 1, 65535, 65536, 2 ** 31 - 1), fc.integer());
const port = fc.record(
  {
    protocol: orNull(fc.constantFrom('TCP', 'UDP', 'SCTP', 'ICMP', '')),
    port: orNull(fc.oneof(portNumber, label)),
    endPort: orNull(portNumber),
  },
  { requiredKeys: [] },
);
const listOf = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<(T | null)[] | null> =>
  orNull(fc.array(orNull(item), { maxLength: 3 }));
const rule = fc.record({ from: listOf(peer), to: listOf(peer), ports: listOf(port) }, { requiredKeys: [] });
const networkPolicy = fc.record({
  metadata: fc.constantFrom({ name: 'odd', namespace: 'red' }, { name: 'o'.repeat(253), namespace: 'odd' }),
  spec: orNull(
    fc.record(
      {
        podSelector: orNull(selector),
        policyTypes: orNull(fc.array(fc.constantFrom('Ingress', 'Egress', ''))),
        ingress: listOf(rule),
        egress: listOf(rule),
      },
      { requiredKeys: [] },
    ),
  ),
});
const egressPolicy = fc.record({
  metadata: fc.constant({ name: 'odd', namespace: 'odd' }),
  spec: orNull(
    fc.record(
      {
        egress: listOf(
          fc.record(
            {
              type: fc.constantFrom('Allow', 'Deny', ''),
              to: orNull(fc.record({ cidrSelector: orNull(cidrText), dnsName: orNull(label) }, { requiredKeys: [] })),
            },
            { requiredKeys: [] },
          ),
        ),
      },
      { requiredKeys: [] },
    ),
  ),
});
const hostSubnet = fc
  .record({
    hostIP: ipText,
    subnet: orNull(cidrText),
    egressIPs: orNull(fc.array(ipText)),
    egressCIDRs: orNull(fc.array(cidrText)),
  })
  .map((fields) => ({ metadata: { name: 'odd' }, host: 'odd', ...fields }));
const netNamespace = fc
  .record({
    netid: fc.oneof(fc.constantFrom(-1, 0, 1, 9, 10, 2 ** 24 - 1, 2 ** 24, 2 ** 31), fc.integer()),
    egressIPs: orNull(fc.array(ipText)),
  })
  .map((fields) => ({ metadata: { name: 'odd' }, netname: 'odd', ...fields }));
const node = fc
  .record(
    {
      addresses: listOf(
        fc.record({ type: fc.constantFrom('InternalIP', 'ExternalIP', 'Hostname', ''), address: ipText }),
      ),
      conditions: listOf(
        fc.record({ type: fc.constantFrom('Ready', ''), status: fc.constantFrom('True', 'False', 'Unknown', '') }),
      ),
    },
    { requiredKeys: [] },
  )
  .map((status) => ({ metadata: { name: 'odd' }, status }));
const pod = fc.record({
  metadata: fc.constant({ name: 'odd', namespace: 'odd', labels: null }),
  spec: orNull(
    fc.record(
      {
        hostNetwork: orNull(fc.boolean()),
        containers: listOf(
          fc.record(
            { ports: listOf(fc.record({ name: orNull(label), containerPort: portNumber, protocol: orNull(label) })) },
            { requiredKeys: [] },
          ),
        ),
      },
      { requiredKeys: [] },
    ),
  ),
  status: orNull(fc.record({ podIP: orNull(ipText), phase: orNull(label) }, { requiredKeys: [] })),
});

/** The object as the API client gives it. */
const read = (raw: object): never => withoutNullFields(raw) as never;

/** What a namespace beside odd objects must see: its hops, or that it is closed. */
const good = {
  hostSubnets: [
    rawHostSubnet('n1', { hostIP: '192.168.7.11', subnet: '10.128.0.0/23', egressIPs: ['192.168.7.201'] }),
    rawHostSubnet('n2', { hostIP: '192.168.7.12', subnet: '10.128.2.0/23', egressIPs: ['192.168.7.202'] }),
  ],
  nodes: ['n1', 'n2'].map((name, index): NodeObject => ({
    metadata: { name, uid: name },
    status: { addresses: [{ type: 'InternalIP', address: `192.168.7.1${index + 1}` }] },
  })),
  netNamespaces: [rawNetNamespace('red', 77, ['192.168.7.201']), rawNetNamespace('blue', 78)],
};

test('HostSubnets, Nodes and NetNamespaces of any content leave the namespaces beside them as they are', () => {
  fc.assert(
    fc.property(hostSubnet, node, netNamespace, (rawHost, rawNode, rawNamespace) => {
      const [host, machine]: [HostSubnetObject, NodeObject] = [read(rawHost), read(rawNode)];
      const namespace: NetNamespaceObject = read(rawNamespace);
      fc.pre(
        !(host.egressIPs ?? []).some((ip) => ip.startsWith('192.168.7.')) && !host.hostIP.startsWith('192.168.7.'),
      );
      fc.pre(namespace.netid !== 77 && !(namespace.egressIPs ?? []).some((ip) => ip.startsWith('192.168.7.')));
      const cluster = clusterOf(
        {
          hostSubnets: [...good.hostSubnets, host],
          netNamespaces: [...good.netNamespaces, namespace],
          nodes: [...good.nodes, machine],
          clusterNetworks: [],
        },
        new Set(),
      );
      expect(egressState(cluster).vnids.get(vnid(77))).toMatchObject({ kind: 'via', hops: [{ node: 'n1' }] });
      statusOf(cluster);
      const objects = new EgressObjects();
      for (const one of [...good.nodes, machine]) objects.putNode(one.metadata.name!, one);
      for (const one of cluster.duplicates.length === 0 ? [...good.hostSubnets, host] : []) objects.putHostSubnet(one);
      for (const one of [...good.netNamespaces, namespace]) objects.putNetNamespace(one);
      const remotes = [...objects.hostSubnets.reachable()]
        .filter(({ name }) => name !== 'n1')
        .map(({ name, hostIP, subnet }): RemoteNode => ({ name, nodeIP: hostIP, subnet }));
      expect(remotes.map(({ name }) => name)).toContain('n2');
      planNode({ ...nodeInput({ mode: 'subnet' }), remotes });
      const network = { ...nodeInput({ mode: 'subnet' }).networks };
      expect(network.cluster.length).toBeGreaterThan(0);
    }),
    { numRuns: rounds(10_000) },
  );
});

test('policies of any content are planned, and open nothing that the empty policy of the same name closes', () => {
  const names: readonly NamespaceObject[] = ['red', 'odd'].map((name) => ({ metadata: { name } }));
  fc.assert(
    fc.property(networkPolicy, egressPolicy, pod, (rawPolicy, rawEgress, rawPod) => {
      const vnids = new Map([
        ['red', vnid(77)],
        ['odd', vnid(78)],
      ]);
      const world = policyWorld({
        policies: [read(rawPolicy)],
        namespaces: names,
        pods: [read(rawPod)],
        vnids,
      });
      const policies = egressPolicies([read(rawEgress)], vnids);
      planNode({
        ...nodeInput({ mode: 'networkpolicy', pods: { 2: 77, 3: 78 } }),
        world,
        egressPolicies: policies,
      });
    }),
    { numRuns: rounds(10_000) },
  );
});

test('a Node of any content gets a step', () => {
  const network = { networks: [], serviceNetwork: nodeInput({ mode: 'subnet' }).networks.service } as never;
  fc.assert(
    fc.property(node, fc.option(hostSubnet, { nil: undefined }), (rawNode, rawHost) => {
      const present: HostSubnetObject | undefined = rawHost === undefined ? undefined : read(rawHost);
      stepFor(
        { node: read(rawNode), present, isWritten: false, isEgressIP: () => false, otherAt: () => undefined },
        network,
      );
    }),
    { numRuns: rounds(10_000) },
  );
});

describe('the cases that stopped clusters', () => {
  it('a HostSubnet with a subnet of one address has no pods', () => {
    const objects = new EgressObjects();
    objects.putHostSubnet(rawHostSubnet('edge', { hostIP: '192.168.7.95', subnet: '10.254.77.5/32' }));
    expect([...objects.hostSubnets.reachable()]).toEqual([]);
    expect(objects.hostSubnets.invalid()[0]?.problems).toEqual([
      {
        field: 'subnet',
        reason: '10.254.77.5/32 has no room for a gateway and pods: the prefix may have 30 bits at most',
      },
    ]);
  });

  it('a NetworkPolicy with podSelector null selects all pods of its namespace', () => {
    const raw = { metadata: { name: 'default-deny', namespace: 'shop' }, spec: { podSelector: null } };
    const { policies, problems } = policyWorld({
      policies: [read(raw)],
      namespaces: [],
      pods: [],
      vnids: new Map(),
    });
    expect(policies).toMatchObject([{ pods: {}, ingress: [], egress: undefined }]);
    expect(problems).toEqual([]);
  });

  it.each([
    ['from', [null]],
    ['from', [{}]],
    ['from', [{ podSelector: null }]],
    ['ports', [null]],
  ])('a rule whose %s are %j allows nothing', (field, value) => {
    const raw = {
      metadata: { name: 'p', namespace: 'shop' },
      spec: { podSelector: {}, ingress: [{ [field]: value }] },
    };
    const { policies, problems } = policyWorld({
      policies: [read(raw)],
      namespaces: [],
      pods: [],
      vnids: new Map(),
    });
    expect(policies[0]?.ingress).toEqual([]);
    expect(problems[0]?.message).toContain('the rule allows nothing');
  });
});
