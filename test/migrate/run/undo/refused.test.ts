/** The way back when some of its writes are refused: what does not depend on them goes on. */
import {
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  hostSubnets,
  type Kind,
  netNamespaces,
  networkConfigs,
  nodes,
} from '../../../../api/kinds.ts';
import type { KubeClient } from '../../../../src/io/kube/client.ts';
import { ApiError } from '../../../../src/io/kube/error.ts';
import type { ApplyOutcome } from '../../../../src/migrate/run/apply/apply.ts';
import { goBack } from '../../../../src/migrate/run/undo/undo.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import type { Started } from '../../../apiserver/started.ts';
import { passing } from '../../../io/kube/passing.ts';
import { generator } from '../../../random.ts';
import { rounds } from '../../../rounds.ts';
import { create, dump, isMarked, objectsOn, startCluster } from '../../cluster.ts';
import { PlanInFolder, reasonsOf } from '../../plan-in-folder.ts';
import { make } from '../../snapshots.ts';

const cluster: readonly KubeObject[] = [
  make.node('n1', '192.168.7.11'),
  make.node('n2', '192.168.7.12'),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] }),
  make.hostSubnet('n2', '192.168.7.12', { egressIPs: ['192.168.7.102'] }),
  ...['shop', 'bank'].map((name) => make.namespace(name)),
  make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
  make.netNamespace('bank', 11, { egressIPs: ['192.168.7.102'] }),
  ...['shop', 'bank'].map((name) => make.policy(name, 'p', [['Deny', '203.0.113.0/24']])),
];
const sdn = [netNamespaces, hostSubnets, egressNetworkPolicies];

let started: Started;
let client: KubeClient;
let migration: PlanInFolder;
let before: Record<string, unknown>;
beforeEach(async () => {
  started = await startCluster();
  client = started.client;
  await create(client, cluster);
  before = await dump(client, sdn);
  migration = await PlanInFolder.of(client, { keepPlacement: false });
  await migration.forth();
  expect(await migration.apply({ finalize: true })).toMatchObject({ kind: 'done', left: 'nothing' });
});
afterEach(async () => {
  await migration.remove();
  await started.stop();
});

const webhook = new ApiError(403, { message: 'admission webhook "w" denied the request: no', code: 403 });
const invalid = new ApiError(422, { message: 'it is invalid', code: 422 });
const mayNot = (verb: string): ApiError =>
  new ApiError(403, { message: `User "x" cannot ${verb} resource "y" in API group`, code: 403 });
const forbidden = mayNot('patch');

type Refusals = ReadonlyMap<string, Error>;
const keyOf = (kind: Kind, { name, namespace }: { readonly name?: string; readonly namespace?: string }): string =>
  [kind.kind, ...(namespace === undefined ? [] : [namespace]), name].join('/');

/** Refuses to write these objects, named as by `--skip`. */
function refusing(refusals: Refusals): KubeClient {
  const unless = <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const error = refusals.get(key);
    return error === undefined ? work() : Promise.reject(error);
  };
  return passing(client, {
    create: (kind, object, given) => unless(keyOf(kind, object.metadata), () => client.create(kind, object, given)),
    patch: (kind, ref, body, given) => unless(keyOf(kind, ref), () => client.patch(kind, ref, body, given)),
    delete: (kind, ref, given) => unless(keyOf(kind, ref), () => client.delete(kind, ref, given)),
  });
}

interface Given {
  readonly refuse?: Refusals;
  readonly skip?: readonly string[];
  readonly force?: boolean;
}

async function back({ refuse = new Map(), skip = [], force = false }: Given = {}): Promise<
  ApplyOutcome & { readonly said: readonly string[] }
> {
  const said: string[] = [];
  const { folder, plan } = migration;
  const outcome = await goBack(
    {
      client: refusing(refuse),
      folder,
      plan: () => Promise.resolve(plan),
      signal: new AbortController().signal,
      report: (line) => said.push(line),
      progress: () => undefined,
    },
    { mode: 'write', force, skip },
  );
  return { ...outcome, said };
}

const names = async (kind: Kind): Promise<readonly string[]> =>
  (await client.list(kind)).items.map((one) => keyOf(kind, one.metadata));

test.each([
  ['a webhook', webhook, 'admission webhook "w" denied the request: no'],
  ['its content', invalid, 'it is invalid'],
  [
    'a missing right',
    forbidden,
    'missing right: patch netnamespaces.network.openshift.io (User "x" cannot patch resource "y" in API group)',
  ],
])('a request that cannot be restored for %s keeps its own EgressIP, and no other', async (_, error, text) => {
  const outcome = await back({ refuse: new Map([['NetNamespace/shop', error]]) });
  expect(outcome).toMatchObject({
    kind: 'failed',
    reasons: ['EgressIP egressip-shop: it stays until NetNamespace shop is restored', `NetNamespace shop: ${text}`],
  });
  expect(await names(egressIPs)).toEqual(['EgressIP/egressip-shop']);
  expect(await names(egressFirewalls)).toEqual([]);
  expect((await objectsOn(client, [nodes])).filter(isMarked)).toEqual([]);

  expect((await back()).kind).toBe('done');
  expect(await dump(client, sdn)).toEqual(before);
  expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
});

test('no namespace gets its egress IPs back before its policies, and keeps its firewall until then', async () => {
  const outcome = await back({ refuse: new Map([['EgressNetworkPolicy/shop/p', webhook]]) });
  expect(reasonsOf(outcome)).toEqual([
    'EgressFirewall shop/default: it stays until EgressNetworkPolicy shop/p is restored',
    'EgressIP egressip-shop: it stays until NetNamespace shop is restored',
    `EgressNetworkPolicy shop/p: ${webhook.message}`,
    'NetNamespace shop: it waits for EgressNetworkPolicy shop/p',
  ]);
  expect(await names(egressFirewalls)).toEqual(['EgressFirewall/shop/default']);
  expect((await dump(client, [netNamespaces]))['NetNamespace /shop']).not.toHaveProperty('egressIPs');
  expect((await back()).kind).toBe('done');
  expect(await dump(client, sdn)).toEqual(before);
});

test('what needs an object that is awaited is awaited too, however many need each other', async () => {
  await create(client, [make.policy('shop', 'theirs', [['Deny', '198.51.100.0/24']])]);
  const awaited = [
    'EgressFirewall shop/default: it stays until EgressNetworkPolicy shop/p is restored',
    'EgressIP egressip-shop: it stays until NetNamespace shop is restored',
    'EgressNetworkPolicy shop/p is not restored: EgressNetworkPolicy shop/theirs is there, and with two policies OpenShift SDN drops all',
    'NetNamespace shop: it waits for EgressNetworkPolicy shop/p',
  ];
  const failing = await back({ refuse: new Map([['HostSubnet/n1', webhook]]) });
  expect(failing.kind).toBe('failed');
  expect(reasonsOf(failing)).toEqual(expect.arrayContaining(awaited));
  expect(await back()).toMatchObject({ kind: 'waiting', on: 'objects', reasons: awaited });
  await client.delete(egressNetworkPolicies, { name: 'theirs', namespace: 'shop' });
  expect((await back()).kind).toBe('done');
  expect(await dump(client, sdn)).toEqual(before);
});

test('a node that cannot be restored keeps its label', async () => {
  const outcome = await back({ refuse: new Map([['HostSubnet/n1', forbidden]]) });
  expect(reasonsOf(outcome)).toEqual([
    expect.stringMatching(/^HostSubnet n1: missing right: patch hostsubnets/),
    'Node n1: it stays until HostSubnet n1 is restored',
  ]);
  expect(await names(egressIPs)).toEqual([]);
  expect((await objectsOn(client, [nodes])).filter(isMarked).map(({ metadata }) => metadata.name)).toEqual(['n1']);
});

test('what cannot be removed holds up nothing', async () => {
  const outcome = await back({ refuse: new Map([['EgressIP/egressip-shop', mayNot('delete')]]) });
  expect(reasonsOf(outcome)).toEqual([
    expect.stringMatching(/^EgressIP egressip-shop: missing right: delete egressips\.k8s\.ovn\.org /),
  ]);
  expect(await dump(client, sdn)).toEqual(before);
  expect(await names(egressIPs)).toEqual(['EgressIP/egressip-shop']);
  expect(await names(egressFirewalls)).toEqual([]);
});

test('what is left out by name holds up nothing, and is told in every run', async () => {
  const refuse = new Map([['EgressNetworkPolicy/shop/p', webhook]]);
  const skip = ['EgressNetworkPolicy/shop/p'];
  expect(await back({ refuse, skip: [...skip, 'NetNamespace/nowhere'] })).toMatchObject({
    kind: 'refused',
    writes: 0,
    reasons: ['--skip NetNamespace/nowhere: neither an object of the plan nor a Node has that name'],
  });
  const first = await back({ refuse: new Map([...refuse, ['NetNamespace/bank', webhook]]), skip });
  expect(reasonsOf(first)).toEqual([
    'EgressIP egressip-bank: it stays until NetNamespace bank is restored',
    `NetNamespace bank: ${webhook.message}`,
  ]);
  const left = 'EgressNetworkPolicy shop/p is left as it is: it was left out';
  expect(first.said).toEqual([left]);
  expect(await back({ refuse })).toMatchObject({ kind: 'done', left: 'skipped', said: [left] });
  expect(await names(egressFirewalls)).toEqual([]);
  expect(await names(egressNetworkPolicies)).toEqual(['EgressNetworkPolicy/bank/p']);
  expect(await dump(client, [netNamespaces, hostSubnets])).toEqual(
    Object.fromEntries(Object.entries(before).filter(([key]) => !key.startsWith('EgressNetworkPolicy'))),
  );
});

test('what others changed can be left out by name, instead of --force for everything', async () => {
  await client.patch(netNamespaces, { name: 'shop' }, { egressIPs: ['192.168.7.105'] }, { type: 'merge' });
  expect(await back()).toMatchObject({
    kind: 'refused',
    writes: 0,
    reasons: [
      expect.stringMatching(/^somebody changed it \(--force undoes that too, --skip leaves it\): NetNamespace shop/),
    ],
  });
  expect((await back({ skip: ['NetNamespace/shop'] })).kind).toBe('done');
  expect((await dump(client, sdn))['NetNamespace /shop']).toMatchObject({ egressIPs: ['192.168.7.105'] });
  expect(await names(egressIPs)).toEqual([]);
});

test('the switch waits for what cannot be restored, unless it is left out', async () => {
  const type = (networkType: string): KubeObject =>
    make.any('config.openshift.io/v1', 'Network', { name: 'cluster' }, { spec: {}, status: { networkType } });
  await client.create(networkConfigs, type('OVNKubernetes'));
  const refuse = new Map([['NetNamespace/shop', invalid]]);
  expect(await back({ refuse })).toMatchObject({ kind: 'failed', reasons: ['NetNamespace shop: it is invalid'] });
  expect(await names(egressIPs)).toHaveLength(2);
  expect(await back({ refuse, skip: ['NetNamespace/shop'] })).toMatchObject({ kind: 'waiting' });
});

test('a Node that is left out is not waited for', async () => {
  const patchNode = (name: string, status: object): Promise<unknown> =>
    client.patch(nodes, { name }, { status: { nodeInfo: status } }, { type: 'merge', subresource: 'status' });
  for (const name of ['n1', 'n2']) await patchNode(name, { bootID: 'one' });
  const config = make.any(
    'config.openshift.io/v1',
    'Network',
    { name: 'cluster' },
    { spec: {}, status: { networkType: 'OVNKubernetes' } },
  );
  await client.create(networkConfigs, config);
  expect((await back()).kind).toBe('waiting');
  const status = { networkType: 'OpenShiftSDN' };
  await client.patch(networkConfigs, { name: 'cluster' }, { status }, { type: 'merge' });
  await patchNode('n1', { bootID: 'two' });
  expect(await back()).toMatchObject({ kind: 'waiting', reasons: [expect.stringMatching(/^Node n2: it was not reb/)] });
  expect((await back({ skip: ['Node/n2'] })).kind).toBe('done');
});

test('whatever is refused, all the rest is undone, nothing that waits is taken away, and a later run ends the same', async () => {
  const all = [
    ...['NetNamespace/shop', 'NetNamespace/bank', 'HostSubnet/n1', 'HostSubnet/n2', 'Node/n1', 'Node/n2'],
    ...['EgressNetworkPolicy/shop/p', 'EgressNetworkPolicy/bank/p', 'EgressIP/egressip-shop', 'EgressIP/egressip-bank'],
    ...['EgressFirewall/shop/default', 'EgressFirewall/bank/default'],
  ];
  for (let seed = 1; seed <= rounds(8); seed++) {
    const random = generator(seed);
    const refuse = new Map(
      all.filter(() => random(3) === 0).map((key) => [key, [webhook, invalid, forbidden][random(3)]!]),
    );
    const outcome = await back({ refuse });
    expect([seed, outcome.kind]).toEqual([seed, refuse.size === 0 ? 'done' : 'failed']);
    const isRefused = (...keys: readonly string[]): boolean => keys.some((key) => refuse.has(key));
    for (const [index, name] of ['shop', 'bank'].entries()) {
      const [policy, request] = [`EgressNetworkPolicy/${name}/p`, `NetNamespace/${name}`];
      const has = async (kind: Kind, key: string): Promise<boolean> => (await names(kind)).includes(key);
      expect([
        seed,
        await has(egressNetworkPolicies, policy),
        await has(egressFirewalls, `EgressFirewall/${name}/default`),
        await has(egressIPs, `EgressIP/egressip-${name}`),
        (await dump(client, [netNamespaces]))[`NetNamespace /${name}`],
      ]).toEqual([
        seed,
        !isRefused(policy),
        isRefused(policy, `EgressFirewall/${name}/default`),
        isRefused(policy, request, `EgressIP/egressip-${name}`),
        isRefused(policy, request)
          ? expect.not.objectContaining({ egressIPs: [`192.168.7.10${index + 1}`] })
          : expect.objectContaining({ egressIPs: [`192.168.7.10${index + 1}`] }),
      ]);
    }
    if (outcome.kind !== 'done') expect((await back()).kind).toBe('done');
    expect(await dump(client, sdn)).toEqual(before);
    expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
    expect((await migration.apply()).kind).toBe('done');
    await migration.forth();
    expect(await migration.apply({ finalize: true })).toMatchObject({ kind: 'done', left: 'nothing' });
  }
});
