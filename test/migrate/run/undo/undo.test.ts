import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  hostSubnets,
  namespaces,
  netNamespaces,
  networkConfigs,
  nodes,
} from '../../../../api/kinds.ts';
import type { KubeClient } from '../../../../src/io/kube/client.ts';
import type { ApplyOutcome } from '../../../../src/migrate/run/apply/apply.ts';
import { contentOf } from '../../../../src/migrate/run/drift.ts';
import { type BackOptions, goBack } from '../../../../src/migrate/run/undo/undo.ts';
import { toOVN } from '../../../../src/migrate/targets/ovn/translate.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import type { Started } from '../../../apiserver/started.ts';
import { generator } from '../../../random.ts';
import { rounds } from '../../../rounds.ts';
import {
  create,
  dump,
  isMarked,
  type Migration,
  objectsOn,
  planFor,
  serveOVN,
  snapshot,
  startCluster,
  switchToOVN,
} from '../../cluster.ts';
import { dyingClient } from '../../dying.ts';
import { make, options } from '../../snapshots.ts';

const cluster: readonly KubeObject[] = [
  make.node('n1', '192.168.7.11'),
  make.node('n2', '192.168.7.12', { labels: { zone: 'a' }, annotations: { keep: 'this' } }),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'], egressCIDRs: [] }),
  make.hostSubnet('n2', '192.168.7.12', { egressIPs: ['192.168.7.102'], egressCIDRs: ['192.168.7.0/24'] }),
  ...['shop', 'bank', 'cast'].map((name) => make.namespace(name)),
  make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
  make.netNamespace(
    'bank',
    11,
    { egressIPs: ['192.168.7.102'] },
    { annotations: { mine: 'x', 'netnamespace.network.openshift.io/multicast-enabled': 'true' } },
  ),
  make.netNamespace('cast', 12, { egressIPs: null }),
  make.policy('cast', 'p', [
    ['Deny', '203.0.113.0/24'],
    ['Allow', '0.0.0.0/32'],
  ]),
];

let started: Started;
let client: KubeClient;
let migration: Migration;
const sdn = [netNamespaces, hostSubnets, egressNetworkPolicies];

async function plan(): Promise<Migration> {
  const { changes, findings, placement } = toOVN(await snapshot(client), {
    ...options,
    machineNetworks: ['192.168.7.0/24'],
  });
  return planFor(client, changes, { findings, placement });
}

beforeEach(async () => {
  started = await startCluster();
  client = started.client;
  await create(client, cluster);
  migration = await plan();
});
afterEach(async () => {
  await migration.remove();
  await started.stop();
});

async function back(
  given: Partial<BackOptions> = {},
  by = client,
): Promise<ApplyOutcome & { readonly said: readonly string[] }> {
  const said: string[] = [];
  const deps = {
    client: by,
    folder: migration.folder,
    plan: () => Promise.resolve(migration.plan),
    signal: new AbortController().signal,
    report: (line: string) => said.push(line),
    progress: () => undefined,
  };
  return { ...(await goBack(deps, { mode: 'write', force: false, skip: [], ...given })), said };
}

async function forth(finalize = true): Promise<void> {
  await migration.apply();
  await switchToOVN(client);
  expect((await migration.apply()).kind).toBe('done');
  await serveOVN(client);
  if (finalize) expect(await migration.apply({ finalize })).toMatchObject({ kind: 'done', left: 'nothing' });
}

const contents = async (): Promise<Record<string, unknown>> =>
  Object.fromEntries(
    (await objectsOn(client, sdn)).map((one) => [
      `${one.kind ?? ''} ${one.metadata.namespace ?? ''}/${one.metadata.name ?? ''}`,
      { ...contentOf(one), annotations: one.metadata.annotations ?? {} },
    ]),
  );

test.each([false, true])(
  'forth and back gives the same objects of OpenShift SDN and leaves nothing of ours (finalized: %s)',
  async (finalize) => {
    const before = await contents();
    await forth(finalize);
    expect(await back()).toMatchObject({ kind: 'done' });
    expect(await contents()).toEqual(before);
    expect((await client.list(egressIPs)).items).toEqual([]);
    expect((await client.list(egressFirewalls)).items).toEqual([]);
    expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
    expect((await client.get(nodes, { name: 'n2' }))?.metadata).toMatchObject({
      labels: { zone: 'a' },
      annotations: { keep: 'this' },
    });
    expect((await client.get(nodes, { name: 'n2' }))?.metadata.labels).not.toHaveProperty([
      'k8s.ovn.org/egress-assignable',
    ]);
    expect((await client.get(namespaces, { name: 'bank' }))?.metadata.annotations ?? {}).not.toHaveProperty([
      'k8s.ovn.org/multicast-enabled',
    ]);
    expect(await back()).toMatchObject({ kind: 'done', writes: 0 });
  },
);

test('annotations that others added to a NetNamespace meanwhile stay', async () => {
  await forth();
  await client.patch(
    netNamespaces,
    { name: 'bank' },
    { metadata: { annotations: { new: 'one' } } },
    { type: 'merge', fieldManager: 'admin' },
  );
  expect((await back()).kind).toBe('done');
  expect((await client.get(netNamespaces, { name: 'bank' }))?.metadata.annotations).toEqual({
    mine: 'x',
    new: 'one',
    'netnamespace.network.openshift.io/multicast-enabled': 'true',
  });
});

test('a second round restores the CIDRs of the second round', async () => {
  await forth();
  await back();
  await client.patch(hostSubnets, { name: 'n2' }, { egressCIDRs: ['192.168.7.128/25'] }, { type: 'merge' });
  await migration.remove();
  migration = await plan();
  await forth();
  expect(
    (await client.get(nodes, { name: 'n2' }))?.metadata.annotations?.[
      'networkoperator.openshift.io/sdn-to-ovn-migration'
    ],
  ).toBe('{"EgressCIDRs":["192.168.7.128/25"]}');
  expect((await back()).kind).toBe('done');
  expect(await client.get(hostSubnets, { name: 'n2' })).toMatchObject({
    egressCIDRs: ['192.168.7.128/25'],
    egressIPs: ['192.168.7.102'],
  });
});

test('the same plan may be applied again after the way back', async () => {
  const before = await contents();
  await forth();
  await back();
  await forth();
  await back();
  expect(await contents()).toEqual(before);
});

test('forth and back leaves one policy in a namespace, the one that was there', async () => {
  await forth(false);
  await back();
  expect((await client.list(egressNetworkPolicies)).items.map(({ metadata }) => metadata.name)).toEqual(['p']);
  expect((await client.list(egressFirewalls)).items).toEqual([]);
});

test('what somebody edited is not undone without --force, and is named', async () => {
  await forth();
  await client.patch(
    netNamespaces,
    { name: 'shop' },
    { egressIPs: ['192.168.7.199'] },
    { type: 'merge', fieldManager: 'admin' },
  );
  await client.patch(
    egressFirewalls,
    { namespace: 'cast', name: 'default' },
    { spec: { egress: [] } },
    { type: 'merge', fieldManager: 'admin' },
  );
  const before = await dump(client);
  expect(await back()).toMatchObject({
    kind: 'refused',
    reasons: [
      expect.stringContaining('NetNamespace shop: egressIPs: was ["192.168.7.101"], is ["192.168.7.199"]'),
      expect.stringContaining('EgressFirewall cast/default: it was edited since it was applied'),
    ],
  });
  expect(await dump(client)).toEqual(before);
  expect((await back({ force: true })).kind).toBe('done');
  expect(await client.get(netNamespaces, { name: 'shop' })).toMatchObject({ egressIPs: ['192.168.7.101'] });
  expect((await client.list(egressFirewalls)).items).toEqual([]);
});

test('an object that was deleted and made again by somebody else stays', async () => {
  await forth(false);
  const theirs = make.any(
    'k8s.ovn.org/v1',
    'EgressFirewall',
    { namespace: 'cast', name: 'default' },
    { spec: { egress: [] } },
  );
  await client.delete(egressFirewalls, { namespace: 'cast', name: 'default' });
  await create(client, [theirs]);
  expect(await back()).toMatchObject({
    kind: 'done',
    said: ['EgressFirewall cast/default is left: it was made again since'],
  });
  expect((await client.list(egressFirewalls)).items).toMatchObject([{ spec: { egress: [] } }]);
});

test('an object of somebody else that was overwritten with --force gets back what it had', async () => {
  await switchToOVN(client);
  const theirs = make.any(
    'k8s.ovn.org/v1',
    'EgressFirewall',
    { namespace: 'cast', name: 'default', labels: { team: 'x' } },
    { spec: { egress: [{ type: 'Deny', to: { cidrSelector: '10.0.0.0/8' } }] } },
  );
  await create(client, [theirs]);
  await client.patch(
    nodes,
    { name: 'n1' },
    { metadata: { labels: { 'k8s.ovn.org/egress-assignable': 'mine' } } },
    { type: 'merge', fieldManager: 'admin' },
  );
  await migration.remove();
  migration = await plan();
  const before = await dump(client);
  expect((await migration.apply()).kind).toBe('refused');
  expect(await migration.apply({ acceptBlockers: true })).toMatchObject({ kind: 'failed' });
  expect((await migration.apply({ acceptBlockers: true, force: true })).kind).toBe('done');
  expect(await client.get(egressFirewalls, { namespace: 'cast', name: 'default' })).not.toMatchObject({
    spec: (theirs as unknown as { spec: object }).spec,
  });
  expect((await back()).kind).toBe('done');
  expect(await dump(client)).toEqual(before);
  expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
});

test("the vendor's clearing counts as ours: what is empty is filled again", async () => {
  const before = await contents();
  await forth(false);
  await client.patch(
    hostSubnets,
    { name: 'n1' },
    { egressIPs: null, egressCIDRs: null },
    { type: 'merge', fieldManager: 'cno' },
  );
  expect((await back()).kind).toBe('done');
  expect(await contents()).toEqual(before);
});

test('what others changed between plan and finalize is restored as finalize found it', async () => {
  await forth(false);
  const patch = { type: 'merge', fieldManager: 'admin' } as const;
  await client.patch(hostSubnets, { name: 'n2' }, { egressIPs: ['192.168.7.105'] }, patch);
  await client.patch(netNamespaces, { name: 'shop' }, { egressIPs: ['192.168.7.101', '192.168.7.106'] }, patch);
  const egress = [{ type: 'Deny', to: { cidrSelector: '198.51.100.0/24' } }];
  await client.patch(egressNetworkPolicies, { namespace: 'cast', name: 'p' }, { spec: { egress } }, patch);
  const before = await contents();
  const accepted = { finalize: true, acceptChanges: true, acceptUnwell: true };
  expect(await migration.apply(accepted)).toMatchObject({ kind: 'done', left: 'nothing' });
  expect((await client.list(egressNetworkPolicies)).items).toEqual([]);
  expect((await back()).kind).toBe('done');
  expect(await contents()).toEqual(before);
});

/** A client that is killed at a write of NetNamespace shop, before or after it was sent. */
function killedAtShop(sent: boolean): KubeClient {
  return {
    ...client,
    get: (kind, ref, given) => client.get(kind, ref, given),
    list: (kind, given) => client.list(kind, given),
    delete: (kind, ref, given) => client.delete(kind, ref, given),
    patch: async (kind, ref, body, given) => {
      const isShop = kind === netNamespaces && ref.name === 'shop';
      if (isShop && !sent) throw new Error('killed');
      const written = await client.patch<KubeObject>(kind, ref, body, given);
      if (isShop) throw new Error('killed');
      return written as never;
    },
  };
}

test.each([true, false])(
  'it is so as well when finalize was killed at a write (sent: %s) and others changed it before the next run',
  async (sent) => {
    await forth(false);
    const patch = { type: 'merge', fieldManager: 'admin' } as const;
    const accepted = { finalize: true, acceptChanges: true, acceptUnwell: true };
    await client.patch(netNamespaces, { name: 'shop' }, { egressIPs: ['192.168.7.106'] }, patch);
    await expect(migration.apply(accepted, killedAtShop(sent))).rejects.toThrow('killed');
    if (!sent) await client.patch(netNamespaces, { name: 'shop' }, { egressIPs: ['192.168.7.107'] }, patch);
    expect(await migration.apply(accepted)).toMatchObject({ kind: 'done', left: 'nothing' });
    expect((await back()).kind).toBe('done');
    expect(await client.get(netNamespaces, { name: 'shop' })).toMatchObject({
      egressIPs: [sent ? '192.168.7.106' : '192.168.7.107'],
    });
  },
);

/** As the operator does when it removes the definitions of these kinds, and OpenShift SDN when it runs again. */
async function clearSDN(): Promise<void> {
  const made = (await objectsOn(client, sdn)).map(({ metadata: { name = '', namespace }, ...rest }) => ({
    ref: namespace === undefined ? { name } : { name, namespace },
    object: { ...rest, metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, egressIPs: [] },
  }));
  for (const { ref, object } of made) {
    const kind = sdn.find((one) => one.kind === object.kind)!;
    await client.delete(kind, ref);
    if (kind !== egressNetworkPolicies) await client.create(kind, object);
  }
}

test('what the operator cleared with the definitions of OpenShift SDN is restored, policies as well', async () => {
  await forth(false);
  await clearSDN();
  expect((await back()).kind).toBe('done');
  expect((await client.list(egressNetworkPolicies)).items.map(({ metadata }) => metadata.name)).toEqual(['p']);
  expect(await client.get(netNamespaces, { name: 'shop' })).toMatchObject({ egressIPs: ['192.168.7.101'] });
});

test.each(['before apply', 'after apply'])('the last policy, deleted by an admin %s, stays deleted', async (moment) => {
  const remove = (): Promise<unknown> => client.delete(egressNetworkPolicies, { namespace: 'cast', name: 'p' });
  if (moment === 'before apply') {
    await remove();
    expect((await migration.apply({ acceptChanges: true })).kind).toBe('waiting');
  } else {
    await forth(false);
    await remove();
  }
  expect(await back()).toMatchObject({
    kind: 'done',
    said: ['EgressNetworkPolicy cast/p is not restored: others deleted it, and this plan did not'],
  });
  expect((await client.list(egressNetworkPolicies)).items).toEqual([]);
});

test("while OVN-Kubernetes runs, SDN's objects are restored and what it serves stays", async () => {
  await client.create(
    networkConfigs,
    make.any(
      'config.openshift.io/v1',
      'Network',
      { name: 'cluster' },
      { spec: {}, status: { networkType: 'OVNKubernetes' } },
    ),
  );
  const before = await contents();
  await forth();
  expect(await back()).toMatchObject({
    kind: 'waiting',
    reasons: [expect.stringContaining('networkType is OVNKubernetes')],
  });
  expect(await contents()).toEqual(before);
  expect((await client.list(egressIPs)).items).toHaveLength(2);
  expect(await migration.apply()).toMatchObject({
    kind: 'refused',
    reasons: [expect.stringContaining('way back was begun')],
  });
  await client.patch(
    networkConfigs,
    { name: 'cluster' },
    { status: { networkType: 'OpenShiftSDN' } },
    { type: 'merge' },
  );
  expect((await back()).kind).toBe('done');
  expect((await client.list(egressIPs)).items).toEqual([]);
});

test('a dry run of the way back, and a question, write nothing', async () => {
  await forth();
  const before = await objectsOn(client);
  for (const mode of ['show', 'ask'] as const) {
    const outcome = await back({ mode });
    expect(outcome.kind).toBe('done');
    expect(outcome.said).toEqual(
      expect.arrayContaining([
        'EgressIP egressip-shop: would be deleted',
        'NetNamespace shop: would be restored',
        'EgressNetworkPolicy cast/p: would be created',
        'Node n1: would be freed of our fields',
      ]),
    );
  }
  expect(await objectsOn(client)).toEqual(before);
});

test.each([true, false])(
  'killed at every call and run again the way back ends the same (the last call sent: %s)',
  async (sent) => {
    const before = await contents();
    await forth();
    for (let at = 1; ; at++) {
      const outcome = await back({}, dyingClient(client, at, sent).client).catch((error: unknown) => error);
      if ((outcome as ApplyOutcome).kind === 'done') break;
      expect((outcome as Error).message).toMatch(/(^|: )killed(; run it again to go on)?$/);
    }
    expect(await contents()).toEqual(before);
    expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
  },
);

test('a request that another namespace has by now is named at once, and when it is waited for', async () => {
  await forth();
  await create(client, [make.netNamespace('thief', 99, { egressIPs: ['192.168.7.101'] })]);
  const text = /^NetNamespace shop is not restored: NetNamespace thief requests 192.168.7.101 now/;
  expect((await back({ mode: 'show' })).said).toContainEqual(expect.stringMatching(text));
  const outcome = await back();
  expect(outcome).toMatchObject({ kind: 'waiting' });
  expect('reasons' in outcome && outcome.reasons).toContainEqual(expect.stringMatching(text));
});

test('EgressIPs and EgressFirewalls that others made since are named, and left', async () => {
  await forth();
  await create(client, [
    make.any(
      'k8s.ovn.org/v1',
      'EgressIP',
      { name: 'team' },
      { spec: { egressIPs: ['192.168.7.109'], namespaceSelector: {} } },
    ),
    make.any('k8s.ovn.org/v1', 'EgressFirewall', { namespace: 'bank', name: 'default' }, { spec: { egress: [] } }),
  ]);
  const named = ['EgressFirewall bank/default', 'EgressIP team'].map(
    (name) => expect.stringMatching(`^${name} has no effect under OpenShift SDN: no plan made it`) as unknown,
  );
  expect(await back({ mode: 'show' })).toMatchObject({ said: expect.arrayContaining(named) as unknown });
  expect(await back()).toMatchObject({ kind: 'done', said: named });
  expect((await client.list(egressIPs)).items).toHaveLength(1);
});

describe('a folder whose journal does not know what was done', () => {
  const journal = (): string => join(migration.folder, 'journal.ndjson');
  const policyGone = [expect.stringMatching(/^EgressNetworkPolicy cast\/p is gone, and by this folder's journal/)];

  test('is that of a plan that was begun if an object bears its mark, and all is undone', async () => {
    const before = await contents();
    await forth(false);
    await rm(journal());
    expect(await back()).toMatchObject({ kind: 'done', said: [expect.stringContaining('the mark of this plan')] });
    expect(await contents()).toEqual(before);
    expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
  });

  test.each(['none', 'one from before finalize'])(
    '(%s) is refused while what finalize deletes is gone',
    async (kind) => {
      const before = await contents();
      await forth(false);
      const copy = await readFile(journal(), 'utf8');
      expect((await migration.apply({ finalize: true })).kind).toBe('done');
      await (kind === 'none' ? rm(journal()) : writeFile(journal(), copy));
      expect(await back()).toMatchObject({ kind: 'refused', writes: 0, reasons: policyGone });
      expect((await client.list(egressFirewalls)).items).toHaveLength(1);
      expect((await back({ force: true })).kind).toBe('done');
      expect(await contents()).toEqual(before);
      expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
    },
  );

  test('goes on with what the admin left out', async () => {
    await forth();
    await rm(journal());
    expect(await back({ skip: ['EgressNetworkPolicy/cast/p'] })).toMatchObject({ kind: 'done' });
    expect((await client.list(egressNetworkPolicies)).items).toEqual([]);
    expect(await client.get(netNamespaces, { name: 'shop' })).toMatchObject({ egressIPs: ['192.168.7.101'] });
  });

  test('is refused if a policy of a plan that was never begun is gone', async () => {
    await client.delete(egressNetworkPolicies, { namespace: 'cast', name: 'p' });
    expect(await back()).toMatchObject({ kind: 'refused', reasons: policyGone });
    expect(await back({ skip: ['EgressNetworkPolicy/cast/p'] })).toMatchObject({ kind: 'done', writes: 0 });
  });

  test('restores what the vendor cleared, though the plan had changed nothing yet', async () => {
    const before = await contents();
    expect((await migration.apply()).kind).toBe('waiting');
    for (const { kind, metadata } of await objectsOn(client, sdn)) {
      const { name = '', namespace } = metadata;
      const ref = namespace === undefined ? { name } : { name, namespace };
      await client.delete(
        sdn.find((one) => one.kind === kind)!,
        ref,
      );
    }
    expect((await back()).kind).toBe('done');
    // OpenShift SDN makes the NetNamespace that requests nothing
    delete before['NetNamespace /cast'];
    expect(await contents()).toEqual(before);
    expect(await back()).toMatchObject({ kind: 'done', writes: 0 });
  });
});

/** A cluster of random namespaces and nodes, its lists written in every way that means nothing. */
function randomCluster(seed: number): readonly KubeObject[] {
  const random = generator(seed);
  const ip = (): string => `192.168.7.${100 + random(12)}`;
  const ips = (): Record<string, unknown> =>
    [{}, { egressIPs: null }, { egressIPs: [] }, { egressIPs: [ip()] }, { egressIPs: [ip(), ip()] }][random(5)]!;
  const hosts = Array.from({ length: 1 + random(4) }, (_, index) => `node${index}`);
  const names = Array.from({ length: 1 + random(6) }, (_, index) => `ns${index}`);
  const annotation = (): object =>
    random(3) === 0 ? { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'true', x: 'y' } } : {};
  return [
    ...hosts.flatMap((name, index) => [
      make.node(name, `192.168.7.${11 + index}`),
      make.hostSubnet(name, `192.168.7.${11 + index}`, {
        ...ips(),
        ...[{}, { egressCIDRs: null }, { egressCIDRs: [] }, { egressCIDRs: ['192.168.7.0/24'] }][random(4)],
      }),
    ]),
    ...names.flatMap((name) => [
      make.namespace(name),
      make.netNamespace(name, 10 + random(5), ips(), annotation() as Record<string, unknown>),
    ]),
    ...names.flatMap((name) =>
      Array.from({ length: random(3) }, (_, index) => make.policy(name, `p${index}`, [['Deny', '203.0.113.0/24']])),
    ),
  ];
}

test('two namespaces that requested one address, of which one is migrated for another, both have it again', async () => {
  await migration.remove();
  await started.stop();
  started = await startCluster();
  client = started.client;
  await create(client, [
    make.node('n1', '192.168.7.11'),
    make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] }),
    ...['both', 'rival'].map((name) => make.namespace(name)),
    make.netNamespace('both', 10, { egressIPs: ['192.168.7.101', '192.168.7.100'] }),
    make.netNamespace('rival', 11, { egressIPs: ['192.168.7.100'] }),
  ]);
  const before = await contents();
  migration = await plan();
  expect([...migration.plan.backup.keys()].filter((key) => key.includes('rival'))).toHaveLength(1);
  await migration.apply({ acceptBlockers: true });
  await switchToOVN(client);
  await migration.apply({ acceptBlockers: true });
  await serveOVN(client);
  await migration.apply({ acceptBlockers: true, finalize: true });
  expect((await back()).kind).toBe('done');
  expect(await contents()).toEqual(before);
});

test('forth and back gives random clusters back as they were', async () => {
  for (let seed = 1; seed <= rounds(40); seed++) {
    await migration.remove();
    await started.stop();
    started = await startCluster();
    client = started.client;
    await create(client, randomCluster(seed));
    const before = await contents();
    migration = await plan();
    await migration.apply({ acceptBlockers: true });
    await switchToOVN(client);
    expect(await migration.apply({ acceptBlockers: true })).toMatchObject({ kind: 'done' });
    await serveOVN(client);
    const end = await migration.apply({ acceptBlockers: true, finalize: true });
    expect(['done', 'refused']).toContain(end.kind); // refused: some IP of a broken cluster found no node
    expect((await back()).kind).toBe('done');
    expect({ seed, contents: await contents() }).toEqual({ seed, contents: before });
    expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
  }
});
