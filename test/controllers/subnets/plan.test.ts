import {
  hostSubnetOf,
  isOrphan,
  type Known,
  type Step,
  stepFor,
  subnetOf,
} from '../../../src/controllers/subnets/plan.ts';
import { parseClusterNetwork } from '../../../src/model/objects/clusternetwork.ts';
import { parseHostSubnet } from '../../../src/model/objects/hostsubnet.ts';
import type { HostSubnetObject, NodeObject } from '../../../src/model/objects/raw.ts';
import { cidr, ip, rawHostSubnet, valid } from '../../model/parsed.ts';

const network = valid(
  parseClusterNetwork({
    apiVersion: 'network.openshift.io/v1',
    kind: 'ClusterNetwork',
    metadata: { name: 'default' },
    clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 9 }],
    serviceNetwork: '172.30.0.0/16',
  }),
);
const hostIP = ip('192.168.7.11');
const nodeAt = (address: string, uid = 'one'): NodeObject => ({
  metadata: { name: 'n', uid },
  status: { addresses: [{ type: 'InternalIP', address }] },
});
const node = nodeAt(hostIP);
const present = hostSubnetOf(node, hostIP, cidr('10.128.0.0/23'));
const byHand = (subnet: string, fields: Partial<HostSubnetObject> = {}): HostSubnetObject => ({
  ...rawHostSubnet('n', { subnet }),
  metadata: { name: 'n', annotations: { 'pod.network.openshift.io/assign-subnet': 'true' } },
  ...fields,
});
const step = (known: Partial<Known>): Step =>
  stepFor(
    {
      node: undefined,
      present: undefined,
      isWritten: false,
      isEgressIP: (one) => one === '192.168.7.222',
      otherAt: (one) => (one === '192.168.7.99' ? 'elder' : undefined),
      ...known,
    },
    network,
  );

test('a Node with an InternalIP gets a HostSubnet; one that was created is looked for, not created again', () => {
  expect(step({ node })).toEqual({ kind: 'create', node, hostIP });
  expect(step({ node, isWritten: true })).toEqual({ kind: 'find' });
  expect(step({ node, present })).toEqual({ kind: 'nothing' });
  const bare = { metadata: { name: 'n', uid: 'one' } };
  expect(step({ node: bare })).toEqual({ kind: 'lacking', node: bare });
  expect(step({ node: bare, present })).toEqual({ kind: 'nothing' });
  expect(step({})).toEqual({ kind: 'nothing' });
});

test("a Node with another host's address is refused, and keeps the one that it has", () => {
  const why = { kind: 'refuse', on: 'Node', hostIP: '192.168.7.99', why: 'is that of HostSubnet elder' };
  expect(step({ node: nodeAt('192.168.7.99') })).toEqual(why);
  expect(step({ node: nodeAt('192.168.7.99'), present })).toEqual(why);
  const both = { ...present, hostIP: '192.168.7.99' };
  expect(step({ node: nodeAt('192.168.7.99'), present: both })).toEqual({ kind: 'nothing' });
});

test.each(['0.0.0.0', '127.0.0.1', '169.254.1.1', '224.0.0.1', '255.255.255.255'])(
  '%s is no address of a node',
  (address) => {
    const odd = nodeAt(address);
    expect(step({ node: odd })).toEqual({ kind: 'lacking', node: odd });
    expect(step({ node: odd, present })).toEqual({ kind: 'nothing' });
  },
);

test('a node that reports the egress IP that it hosts as its InternalIP keeps its address', () => {
  expect(step({ node: nodeAt('192.168.7.222'), present })).toEqual({ kind: 'nothing' });
  expect(step({ node: nodeAt('192.168.7.222') })).toMatchObject({ kind: 'create', hostIP: '192.168.7.222' });
});

test('a HostSubnet follows its Node to another address, unless that is one of the cluster', () => {
  expect(step({ node: nodeAt('192.168.7.12'), present })).toEqual({ kind: 'move', present, hostIP: '192.168.7.12' });
  for (const [address, range] of [
    ['10.129.0.1', '10.128.0.0/14'],
    ['172.30.0.1', '172.30.0.0/16'],
  ] as const) {
    const why = `is in ${range}, a network of the cluster`;
    const refuse = { kind: 'refuse', on: 'Node', hostIP: address, why };
    expect(step({ node: nodeAt(address), present })).toEqual(refuse);
    expect(step({ node: nodeAt(address), isWritten: true })).toEqual(refuse);
  }
});

test('a HostSubnet that lacks the uid of its Node gets it, and so goes with that Node', () => {
  const bare: HostSubnetObject = { ...present, metadata: { name: 'n' } };
  const annotations = { 'pod.network.openshift.io/node-uid': 'one' };
  expect(step({ node, present: bare })).toEqual({ kind: 'record', present: bare, annotations });
  expect(step({ node: { ...node, metadata: { name: 'n' } }, present: bare })).toEqual({ kind: 'nothing' });
  expect(step({ present: bare })).toEqual({ kind: 'nothing' });
});

test('a HostSubnet goes with its Node, also when another has the name; one made by hand stays', () => {
  expect(step({ present })).toEqual({ kind: 'remove', present });
  expect(step({ node: nodeAt(hostIP, 'two'), present })).toEqual({ kind: 'remove', present });
  expect(step({ present: rawHostSubnet('n') })).toEqual({ kind: 'nothing' });
  expect(isOrphan(rawHostSubnet('n'), undefined)).toBe(false);
  expect(isOrphan(present, node)).toBe(false);
});

test('a HostSubnet made by hand gets a subnet when it asks for one and has none, with or without a Node', () => {
  for (const known of [{}, { node }]) {
    expect(step({ ...known, present: byHand('') })).toMatchObject({ kind: 'assign' });
    expect(step({ ...known, present: byHand('10.128.2.0/23') })).toEqual({ kind: 'nothing' });
  }
  // without the annotation it gets no subnet, but the uid of a Node that is known
  const bare = rawHostSubnet('n', { subnet: '' });
  expect(step({ present: bare })).toEqual({ kind: 'nothing' });
  expect(step({ node, present: bare })).toMatchObject({ kind: 'record' });
  const refused = (address: string): Step => step({ present: byHand('', { hostIP: address }) });
  expect(refused('nowhere')).toMatchObject({ kind: 'refuse', on: 'HostSubnet', why: 'is not an IP address' });
  expect(refused('10.128.0.9')).toMatchObject({ kind: 'refuse', on: 'HostSubnet', hostIP: '10.128.0.9' });
});

test('a HostSubnet that is made reads back, and keeps its subnet from others, also one with host bits', () => {
  expect(valid(parseHostSubnet(present))).toMatchObject({
    name: 'n',
    hostIP,
    egressIPs: [],
    egressCIDRs: [],
  });
  expect(subnetOf(present)).toEqual(cidr('10.128.0.0/23'));
  expect(subnetOf(rawHostSubnet('n', { subnet: '10.128.2.5/23' }))).toEqual(cidr('10.128.2.0/23'));
  for (const subnet of ['', 'bogus']) expect(subnetOf(rawHostSubnet('n', { subnet }))).toBeUndefined();
  expect(subnetOf(undefined)).toBeUndefined();
});
