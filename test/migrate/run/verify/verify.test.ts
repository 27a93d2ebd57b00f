import omit from 'lodash/omit.js';
import { liveOf } from '../../../../src/migrate/live.ts';
import { managerOf } from '../../../../src/migrate/ownership.ts';
import { planOf } from '../../../../src/migrate/plan/make.ts';
import { type Plan } from '../../../../src/migrate/plan/plan.ts';
import { objectRef, refKey } from '../../../../src/migrate/ref.ts';
import { type Entry, progressOf } from '../../../../src/migrate/run/journal.ts';
import { verification } from '../../../../src/migrate/run/verify/verify.ts';
import { plannedKinds } from '../../../../src/migrate/targets.ts';
import { type Change, type Placement, refOf } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../../snapshots.ts';

const labeled = { 'k8s.ovn.org/egress-assignable': '' };
const annotations = {
  'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.11/24"}',
  'k8s.ovn.org/node-subnets': '{"default":["10.128.0.0/23"]}',
  'k8s.ovn.org/host-cidrs': '["192.168.7.11/24"]',
};
const inZone = (zone: string) => ({ annotations: { ...annotations, 'k8s.ovn.org/zone-name': zone } });
const node = (
  name: string,
  ip: string,
  more: { readonly labels?: object; readonly annotations?: object } = {},
): KubeObject => make.node(name, ip, { labels: labeled, annotations, ...more });
const notReady = (object: KubeObject): KubeObject =>
  ({ ...object, status: { addresses: [], conditions: [{ type: 'Ready', status: 'False' }] } }) as KubeObject;
const ours = (object: KubeObject): KubeObject =>
  ({
    ...object,
    metadata: {
      ...object.metadata,
      managedFields: [{ manager: managerOf({ id: '' }), operation: 'Apply', fieldsV1: { 'f:spec': {} } }],
    },
  }) as KubeObject;
const eip = (items: readonly object[] | undefined, ips = ['192.168.7.101'], name = 'egressip-shop'): KubeObject =>
  ours(
    make.any(
      'k8s.ovn.org/v1',
      'EgressIP',
      { name },
      { spec: { egressIPs: ips, namespaceSelector: {} }, ...(items === undefined ? {} : { status: { items } }) },
    ),
  );
const firewall = (status: object | undefined): KubeObject =>
  ours(
    make.any(
      'k8s.ovn.org/v1',
      'EgressFirewall',
      { name: 'default', namespace: 'shop' },
      { spec: { egress: [] }, ...(status === undefined ? {} : { status }) },
    ),
  );
const cloud = (uid: string): KubeObject =>
  make.any(
    'cloud.network.openshift.io/v1',
    'CloudPrivateIPConfig',
    { name: '192.168.7.101', uid },
    { spec: { node: 'n1' } },
  );

const apply = (
  step: 'egress-ips' | 'egress-firewalls' | 'label-nodes' | 'annotate-namespaces',
  object: KubeObject,
): Change => ({ action: 'apply', step, object, from: [] });
const wanted = (ips = ['192.168.7.101']): Change =>
  apply(
    'egress-ips',
    make.any(
      'k8s.ovn.org/v1',
      'EgressIP',
      { name: 'egressip-shop' },
      { spec: { egressIPs: ips, namespaceSelector: {} } },
    ),
  );

interface Case {
  readonly changes?: readonly Change[];
  readonly was?: readonly KubeObject[];
  readonly is: readonly KubeObject[];
  readonly placement?: Record<string, Placement>;
  readonly entries?: readonly Entry[];
}

function look({ changes = [wanted()], was = [], is, placement = {}, entries = [] }: Case) {
  const plan: Plan = {
    id: '',
    ...omit(
      planOf({
        tool: 't',
        target: 'ovn',
        options: {},
        strict: false,
        snapshot: snapshotOf(was),
        translation: { changes, findings: [], placement: new Map(Object.entries(placement)) },
      }),
      'id',
    ),
  };
  const snapshot = snapshotOf(is);
  const { well, checks } = verification(plan, { snapshot, live: liveOf(snapshot, plannedKinds) }, progressOf(entries));
  return {
    well,
    problems: checks.flatMap(({ object, part, problem }) =>
      problem === undefined ? [] : [`${object.kind} ${object.name} ${part}: ${problem}`],
    ),
    checks,
  };
}

const nodes = [node('n1', '192.168.7.11', inZone('n1')), node('n2', '192.168.7.12', inZone('n2'))];
const allowed = { '192.168.7.101': { today: ['n1'], allowed: ['n1'] } };
const on = (name: string) => [{ egressIP: '192.168.7.101', node: name }];

test('a node that was labeled after the plan may have it as well', () => {
  expect(look({ is: [...nodes, eip(on('n2'))], placement: allowed }).well).toBe(true);
});

test('an egress IP on a node that may have it is well, and shown', () => {
  const { well, checks } = look({ is: [...nodes, eip(on('n1'))], placement: allowed });
  expect(well).toBe(true);
  expect(checks).toContainEqual({
    object: { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', name: 'egressip-shop' },
    part: '192.168.7.101',
    well: true,
    node: 'n1',
    allowed: ['n1'],
  });
});

test.each<[string, Case, RegExp]>([
  [
    'on a node that neither the plan allows nor the label',
    { is: [node('n1', '192.168.7.11'), node('n2', '192.168.7.12', { labels: {} }), eip(on('n2'))], placement: allowed },
    /is on n2, where the plan does not allow it/,
  ],
  [
    'its node is not Ready, and nobody moves it',
    { is: [notReady(node('n1', '192.168.7.11')), node('n2', '192.168.7.12'), eip(on('n1'))], placement: allowed },
    /it is on n1, which is not Ready: OVN-Kubernetes did not move it/,
  ],
  [
    'another object requests the same address, though ours has it',
    {
      is: [...nodes, eip(on('n1')), { ...eip([], undefined, 'other'), metadata: { name: 'other' } }],
      placement: allowed,
    },
    /EgressIP other requests it too: after a restart of OVN-Kubernetes both have it/,
  ],
  [
    'another EgressIP selects its namespace',
    {
      is: [
        ...nodes,
        make.namespace('shop'),
        eip(on('n1')),
        make.any(
          'k8s.ovn.org/v1',
          'EgressIP',
          { name: 'theirs' },
          { spec: { egressIPs: ['192.168.7.150'], namespaceSelector: {} } },
        ),
      ],
      placement: allowed,
    },
    /egressip-shop namespaces: EgressIP theirs selects shop too/,
  ],
  ['the object is missing', { is: nodes }, /EgressIP egressip-shop : it is not there/],
  ['somebody changed the object', { is: [...nodes, eip(on('n1'), ['192.168.7.102'])] }, /it was changed/],
  [
    'one Node lacks host-cidrs',
    {
      is: [
        ...nodes,
        node('n3', '192.168.7.13', {
          labels: {},
          annotations: { ...annotations, 'k8s.ovn.org/host-cidrs': undefined },
        }),
        eip([]),
      ],
    },
    /not assigned: OVN-Kubernetes assigns none while a Node lacks its annotations: n3/,
  ],
  ['no node is labeled', { is: [node('n1', '192.168.7.11', { labels: {} }), eip([])] }, /no Node has the label/],
  [
    'no labeled node is ready',
    { is: [notReady(node('n1', '192.168.7.11')), eip([])] },
    /no Node with the label is Ready/,
  ],
  [
    'the nodes that may have it are not ready',
    { is: [notReady(node('n1', '192.168.7.11')), node('n2', '192.168.7.12'), eip([])], placement: allowed },
    /none of the Nodes that may have it has the label and is Ready: n1/,
  ],
  [
    'the plan knew no node',
    { is: [...nodes, eip([])], placement: { '192.168.7.101': { today: [], allowed: [] } } },
    /the plan knows no node that may have it/,
  ],
  [
    'a CloudPrivateIPConfig is left',
    { is: [...nodes, eip([]), cloud('u')], was: [cloud('u')] },
    /a CloudPrivateIPConfig holds it/,
  ],
  [
    'it is a node address',
    { is: [...nodes, eip([], ['192.168.7.12'])], changes: [wanted(['192.168.7.12'])] },
    /it is an address of Node n2/,
  ],
  [
    'it is no address',
    { is: [...nodes, eip([], ['192.168.7.01'])], changes: [wanted(['192.168.7.01'])] },
    /it is no IP address, which makes OVN-Kubernetes refuse the whole object/,
  ],
  [
    'another object has it',
    { is: [...nodes, eip([]), { ...eip(on('n1'), undefined, 'other'), metadata: { name: 'other' } }] },
    /EgressIP other requests it too/,
  ],
  [
    'there are more addresses than nodes',
    {
      is: [
        ...nodes,
        eip(
          ['192.168.7.101', '192.168.7.102'].map((egressIP, index) => ({ egressIP, node: `n${index + 1}` })),
          ['192.168.7.101', '192.168.7.102', '192.168.7.103'],
        ),
      ],
      changes: [wanted(['192.168.7.101', '192.168.7.102', '192.168.7.103'])],
    },
    /192.168.7.103: it is not assigned: its EgressIP asks for 3 addresses, each on a node of its own, and 2 nodes may host/,
  ],
  ['nothing tells why', { is: [...nodes, eip([])], placement: allowed }, /objects do not show why/],
  [
    'an EgressIP of ours that is not in the plan',
    { is: [...nodes, eip(on('n1')), eip([], ['192.168.7.109'], 'egressip-gone')] },
    /EgressIP egressip-gone leftover/,
  ],
])('not well: %s', (_what, given, message) => {
  const { well, problems } = look(given);
  expect(well).toBe(false);
  expect(problems).toEqual([expect.stringMatching(message)]);
});

test.each<[string, object | undefined, RegExp | undefined]>([
  ['applied', { status: 'EgressFirewall Rules applied' }, undefined],
  [
    'applied on each node',
    { status: 'EgressFirewall Rules applied', messages: ['n1: EgressFirewall Rules applied'] },
    undefined,
  ],
  [
    'not applied',
    { status: 'EgressFirewall Rules not correctly applied' },
    /says: EgressFirewall Rules not correctly applied/,
  ],
  [
    'one node failed',
    { status: 'EgressFirewall Rules applied', messages: ['n1: error: cannot parse'] },
    /says in zone n1: error: cannot parse/,
  ],
  [
    'applied by a node whose name has a word of failure',
    { status: 'EgressFirewall Rules applied', messages: ['failover-1: EgressFirewall Rules applied'] },
    undefined,
  ],
  [
    'applied by one zone of two',
    { messages: ['n1: EgressFirewall Rules applied'] },
    /status is empty\): zone n2 is silent/,
  ],
  ['silent', undefined, /has not said that it applied/],
])('a firewall that is %s', (_what, status, message) => {
  const change = apply(
    'egress-firewalls',
    make.any('k8s.ovn.org/v1', 'EgressFirewall', { name: 'default', namespace: 'shop' }, { spec: { egress: [] } }),
  );
  expect(look({ changes: [change], is: [...nodes, firewall(status)] }).problems).toEqual(
    message === undefined ? [] : [expect.stringMatching(message)],
  );
});

test('labels and multicast annotations must be what the plan says', () => {
  const changes = [
    apply('label-nodes', make.any('v1', 'Node', { name: 'n1', labels: labeled }, {})),
    apply(
      'annotate-namespaces',
      make.any('v1', 'Namespace', { name: 'shop', annotations: { 'k8s.ovn.org/multicast-enabled': 'true' } }, {}),
    ),
  ];
  expect(
    look({
      changes,
      is: [...nodes, make.namespace('shop', { annotations: { 'k8s.ovn.org/multicast-enabled': 'true' } })],
    }).well,
  ).toBe(true);
  expect(
    look({
      changes,
      is: [
        node('n1', '192.168.7.11', { labels: {} }),
        make.namespace('shop', { annotations: { 'k8s.ovn.org/multicast-enabled': 'True' } }),
      ],
    }).problems,
  ).toEqual([
    'Namespace shop annotations k8s.ovn.org/multicast-enabled: it is "True", not "true"',
    'Node n1 labels k8s.ovn.org/egress-assignable: it is missing',
  ]);
});

test('a CloudPrivateIPConfig that was to go is not well while it is there; one that OVN-Kubernetes made since is', () => {
  const changes: readonly Change[] = [
    { action: 'delete', step: 'release-cloud-addresses', object: objectRef(cloud('u')), from: [] },
  ];
  expect(look({ changes, was: [cloud('u')], is: [...nodes, cloud('u')] }).problems).toEqual([
    'CloudPrivateIPConfig 192.168.7.101 : it is still there',
  ]);
  const entries: readonly Entry[] = [
    { event: 'done', step: 'release-cloud-addresses', object: refKey(objectRef(cloud('u'))) },
  ];
  expect(look({ changes, was: [cloud('u')], is: [...nodes, cloud('v')], entries }).well).toBe(true);
  expect(look({ changes, was: [cloud('u')], is: nodes }).well).toBe(true);
});

test('fields that finalize cleared and that are set again are not well', () => {
  const was = make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] });
  const changes: readonly Change[] = [
    { action: 'clear', step: 'finalize', object: objectRef(was), patch: { egressIPs: null } },
  ];
  const entries = changes.map((change): Entry => ({ event: 'done', step: 'finalize', object: refKey(refOf(change)) }));
  expect(look({ changes, was: [was], is: [...nodes, was] }).well).toBe(true);
  expect(look({ changes, was: [was], is: [...nodes, was], entries }).problems).toEqual([
    'NetNamespace shop egressIPs: it is set again',
  ]);
  expect(
    look({ changes, was: [was], is: [...nodes, make.netNamespace('shop', 10, { egressIPs: [] })], entries }).well,
  ).toBe(true);
});
