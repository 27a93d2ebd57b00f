import { EgressView } from '../../../src/controllers/egressips/view.ts';
import { egressIpConfigAnnotation } from '../../../src/model/objects/cloud.ts';
import type { HostSubnetObject, NodeObject } from '../../../src/model/objects/raw.ts';
import { cidr, type HostSubnetFields, ip, rawHostSubnet, rawNetNamespace } from '../../model/parsed.ts';

const host = (name: string, resourceVersion: string, fields: HostSubnetFields = {}, uid = 'one'): HostSubnetObject => ({
  ...rawHostSubnet(name, fields),
  metadata: { name, resourceVersion, uid },
});
const listing = (version: string, ...egressIPs: string[]): HostSubnetObject => host('a', version, { egressIPs });

let view: EgressView;
/** What was told, in order. */
let told: string[];
beforeEach(() => {
  view = new EgressView();
  told = [];
  view.onPlacement((one) => told.push(`${one} on ${view.assigned.get(one)?.node ?? 'none'}`));
  view.onNode(() => told.push('node'));
});
const listed = (): string | undefined => view.objects.get('a')?.egressIPs?.join();

test('of a HostSubnet the newest version counts, and a read is the truth whatever its version', () => {
  expect(view.putHostSubnet(listing('10', '192.168.8.1'))).toBe(true);
  expect(view.putHostSubnet(listing('9', '192.168.8.2'))).toBe(false);
  expect(view.putHostSubnet(listing('10', '192.168.8.2'))).toBe(false);
  expect(listed()).toBe('192.168.8.1');
  expect(view.putHostSubnet(listing('11', '192.168.8.3'))).toBe(true);
  view.readHostSubnet(listing('2', '192.168.8.4'));
  expect(listed()).toBe('192.168.8.4');
  expect(view.putHostSubnet(listing('3', '192.168.8.5'))).toBe(true);
});

test('that a HostSubnet is gone does not take away one that was made again under its name', () => {
  view.putHostSubnet(host('a', '10', {}, 'new'));
  view.removeHostSubnet(host('a', '9', {}, 'old'));
  expect(view.objects.has('a')).toBe(true);
  view.removeHostSubnet(host('a', '10', {}, 'new'));
  expect([view.objects.size, [...view.tracker.hosts()]]).toEqual([0, []]);
});

test('what differs from a complete list is named, on either side', () => {
  const [same, here, there] = [host('same', '1'), host('here', '1'), host('there', '1')];
  for (const one of [same, here, listing('5', '192.168.8.1')]) view.putHostSubnet(one);
  const all = new Map([same, there, listing('4')].map((one) => [one.metadata.name!, one]));
  expect(view.differing({ get: (key) => all.get(key), list: () => [...all.values()] })).toEqual(['here', 'a', 'there']);
  const copy = { ...same, metadata: { ...same.metadata } };
  all.set('same', copy);
  expect(view.differing({ get: (key) => all.get(key), list: () => [copy] })).not.toContain('same');
});

test('each IP whose placement changes is told, after the view has it', () => {
  view.putNetNamespace(rawNetNamespace('n', 42, ['192.168.8.1']));
  expect(told).toEqual([]);
  view.putHostSubnet(listing('1', '192.168.8.1'));
  view.putHostSubnet(listing('2'));
  view.putHostSubnet(listing('3', '192.168.8.1'));
  view.removeNetNamespace('n');
  expect(told).toEqual(['a', 'none', 'a', 'none'].map((name) => `192.168.8.1 on ${name}`));
});

const node = (annotation?: string, ready?: 'False', address = '192.168.7.11'): NodeObject => ({
  metadata: { name: 'a', annotations: annotation === undefined ? {} : { [egressIpConfigAnnotation]: annotation } },
  status: {
    addresses: [{ type: 'InternalIP', address }],
    conditions: ready === undefined ? [] : [{ type: 'Ready', status: ready }],
  },
});
const carries = (capacity: number): string => JSON.stringify([{ capacity: { ipv4: capacity } }]);

test('a Node is told of when its limits, its readiness or the meaning of a HostSubnet change, and not else', () => {
  view.putHostSubnet(host('0', '1')); // has the subnet of the other, until that has a Node
  view.putHostSubnet(listing('1'));
  const changes = [
    node(carries(2), undefined, '192.168.7.99'),
    node(carries(2), undefined, '192.168.7.98'),
    node(carries(2)),
    node(carries(3)),
    node('nonsense'),
    node('other nonsense'),
    node(),
    node(undefined, 'False'),
    undefined,
    undefined,
  ];
  expect(changes.map((one) => view.putNode('a', one))).toEqual([
    true,
    false,
    true,
    true,
    true,
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(told.filter((one) => one === 'node')).toHaveLength(7);
});

test('a Node that is cordoned, or no longer, is told of, and known as such', () => {
  const cordoned: NodeObject = { ...node(), spec: { unschedulable: true } };
  view.putNode('a', node());
  expect([cordoned, cordoned, node()].map((one) => [view.putNode('a', one), [...view.cordoned]])).toEqual([
    [true, ['a']],
    [false, ['a']],
    [true, []],
  ]);
  view.putNode('a', cordoned);
  view.putNode('a', undefined);
  expect([...view.cordoned]).toEqual([]);
});

test('limits that cannot be read let the node keep what it has, and the reason is there until they are fixed', () => {
  view.putNode('a', node('nonsense'));
  expect([...view.limits]).toEqual([['a', { capacity: 'current', network: undefined }]]);
  expect(view.cluster().invalidLimits.map(({ name, reason }) => `${name} ${reason.slice(0, 11)}`)).toEqual([
    'a is not JSON',
  ]);
  view.putNode('a', node(carries(2)));
  expect([...view.limits.values()].map(({ capacity }) => capacity)).toEqual([2]);
  expect(view.cluster().invalidLimits).toEqual([]);
});

test('an address is offline when any node that has it is', () => {
  view.putHostSubnet(host('a', '1', { hostIP: '192.168.7.11' }));
  view.putHostSubnet(host('b', '1', { hostIP: '192.168.7.11', subnet: '10.128.2.0/23' }));
  view.putHostSubnet(host('c', '1', { hostIP: '192.168.7.12', subnet: '10.128.4.0/23' }));
  for (const down of ['a', 'b']) {
    expect([...view.setOffline((name) => name === down)]).toEqual([ip('192.168.7.11')]);
    expect(view.tracker.input().offline).toEqual(new Set(['192.168.7.11']));
  }
  expect([...view.setOffline(() => false)]).toEqual([]);
  expect(view.tracker.input().offline.size).toBe(0);
});

test('nodes with egressCIDRs are watched at their gateways, and where these are few others with them', () => {
  expect(view.watched()).toEqual([]);
  view.putHostSubnet(host('b', '1', { subnet: '10.128.2.0/23' }));
  expect(view.watched()).toEqual([]);
  view.putHostSubnet(host('a', '1', { egressCIDRs: ['192.168.8.0/24'] }));
  expect(view.watched()).toEqual([
    { key: 'a', ip: '10.128.0.1' },
    { key: 'b', ip: '10.128.2.1', isWitness: true },
  ]);
});

test('a Node whose network plugin is away gets nothing more than it has, and has no cloud for that', () => {
  const message = 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:gone';
  const node = (status: 'True' | 'False', annotations: Record<string, string> = {}): NodeObject => ({
    metadata: { name: 'a', annotations },
    status: { conditions: [{ type: 'Ready', status, message: status === 'True' ? '' : message }] },
  });
  view.putNode('a', node('True'));
  expect(view.putNode('a', node('True'))).toBe(false);
  expect(view.putNode('a', node('False'))).toBe(true);
  expect([view.limits.size, [...view.placementLimits()]]).toEqual([
    0,
    [['a', { capacity: 'current', network: undefined }]],
  ]);
  const cloud = { [egressIpConfigAnnotation]: '[{"ifaddr":{"ipv4":"10.0.0.0/16"},"capacity":{"ip":3}}]' };
  view.putNode('a', node('False', cloud));
  expect([...view.limits]).toMatchObject([['a', { capacity: 3, network: cidr('10.0.0.0/16') }]]);
  expect([...view.placementLimits()]).toEqual([['a', { capacity: 'current', network: cidr('10.0.0.0/16') }]]);
  expect(view.putNode('a', node('True', cloud))).toBe(true);
  expect(view.placementLimits()).toBe(view.limits);
  view.putNode('a', node('False'));
  view.putNode('a', undefined);
  expect(view.placementLimits().size).toBe(0);
});

test('labels are those of the Nodes that are there, and the same map until one changes', () => {
  const node = (labels?: Record<string, string>): NodeObject => ({
    ...{ apiVersion: 'v1', kind: 'Node' },
    metadata: { name: 'a', ...(labels === undefined ? {} : { labels }) },
  });
  expect([view.putNode('a', node({ zone: 'a' })), view.putNode('a', node({ zone: 'a' }))]).toEqual([true, false]);
  const before = view.labels;
  expect(before).toEqual(new Map([['a', { zone: 'a' }]]));
  expect(view.labels).toBe(before);
  expect([view.putNode('a', node()), view.labels]).toEqual([true, new Map([['a', {}]])]);
  expect([view.putNode('a', undefined), view.labels.size, view.cluster().nodeLabels.size]).toEqual([true, 0, 0]);
  expect(before.get('a')).toEqual({ zone: 'a' });
});
