import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cloudPrivateIPConfigs,
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  hostSubnets,
  namespaces,
  netNamespaces,
  nodes,
} from '../../../../api/kinds.ts';
import type { KubeClient } from '../../../../src/io/kube/client.ts';
import { ApiError } from '../../../../src/io/kube/error.ts';
import { alone } from '../../../../src/migrate/plan/lock.ts';
import { applyPlan } from '../../../../src/migrate/run/apply/apply.ts';
import { readJournal } from '../../../../src/migrate/run/journal.ts';
import { goBack } from '../../../../src/migrate/run/undo/undo.ts';
import { toOVN } from '../../../../src/migrate/targets/ovn/translate.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import type { Started } from '../../../apiserver/started.ts';
import {
  applyDefaults,
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
  make.node('n2', '192.168.7.12', { labels: { zone: 'a' } }),
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
  make.policy('cast', 'p', [['Deny', '203.0.113.0/24']]),
  make.any(
    'cloud.network.openshift.io/v1',
    'CloudPrivateIPConfig',
    { name: '192.168.7.101' },
    { spec: { node: 'n1' } },
  ),
];

let started: Started;
let client: KubeClient;
let migration: Migration;

beforeEach(async () => {
  started = await startCluster();
  client = started.client;
  await create(client, cluster);
  const read = await snapshot(client);
  const { changes, findings, placement } = toOVN(read, { ...options, machineNetworks: ['192.168.7.0/24'] });
  migration = await planFor(client, changes, { findings, placement });
});
afterEach(async () => {
  await migration.remove();
  await started.stop();
});

const firstHalf = async (): Promise<void> => {
  expect((await migration.apply()).kind).toBe('waiting');
  await switchToOVN(client);
};

test('two at once: the second apply and the second back are refused and write nothing', async () => {
  const before = await dump(client);
  const refused = {
    kind: 'refused',
    writes: 0,
    reasons: [expect.stringContaining('another apply, back or update is at work') as string],
  };
  await alone(migration.folder, async () => {
    expect(await migration.apply()).toMatchObject(refused);
    const deps = {
      client,
      folder: migration.folder,
      plan: () => Promise.resolve(migration.plan),
      signal: new AbortController().signal,
      report: () => undefined,
      progress: () => undefined,
    };
    expect(await goBack(deps, { mode: 'write', force: false, skip: [] })).toMatchObject(refused);
    expect((await migration.apply({ dryRun: true })).kind).toBe('done');
  });
  expect(await dump(client)).toEqual(before);
  expect((await migration.apply()).kind).toBe('waiting');
});

test('apply and back read the plan with the lock, so that no update comes between', async () => {
  const isLocked = async (): Promise<boolean> =>
    (await alone(migration.folder, () => Promise.resolve('free'))) === undefined;
  const seen: boolean[] = [];
  const work = {
    client,
    folder: migration.folder,
    plan: async () => {
      seen.push(await isLocked());
      return migration.plan;
    },
    signal: new AbortController().signal,
    report: () => undefined,
    progress: () => undefined,
  };
  expect((await applyPlan(work, applyDefaults)).kind).toBe('waiting');
  expect((await goBack(work, { mode: 'write', force: false, skip: [] })).kind).toBe('done');
  expect(seen).toEqual([true, true]);
});

test('apply goes to the switch, waits there, goes on when OVN-Kubernetes runs everywhere, and finalizes when all is well', async () => {
  const before = await dump(client);
  const waiting = await migration.apply();
  expect(waiting).toMatchObject({
    kind: 'waiting',
    reasons: expect.arrayContaining([
      expect.stringContaining('Node n1: annotation k8s.ovn.org/node-primary-ifaddr'),
    ]) as string[],
  });
  expect((await client.get(nodes, { name: 'n2' }))?.metadata.labels).toEqual({ zone: 'a' });
  expect((await client.get(namespaces, { name: 'bank' }))?.metadata.annotations).toMatchObject({
    'k8s.ovn.org/multicast-enabled': 'true',
  });
  await switchToOVN(client);
  expect(await migration.apply()).toMatchObject({ kind: 'done', left: 'finalize' });
  expect((await client.list(egressIPs)).items.map(({ metadata }) => metadata.name)).toEqual([
    'egressip-bank',
    'egressip-shop',
  ]);
  expect((await client.get(nodes, { name: 'n2' }))?.metadata).toMatchObject({
    labels: { zone: 'a', 'k8s.ovn.org/egress-assignable': '' },
    annotations: { 'networkoperator.openshift.io/sdn-to-ovn-migration': '{"EgressCIDRs":["192.168.7.0/24"]}' },
  });
  expect(await client.get(cloudPrivateIPConfigs, { name: '192.168.7.101' })).toBeUndefined();
  const sdn = [netNamespaces, hostSubnets, egressNetworkPolicies];
  for (const [key, value] of Object.entries(await dump(client, sdn))) expect(value).toEqual(before[key]);
  expect(await migration.apply({ finalize: true })).toMatchObject({
    kind: 'refused',
    reasons: expect.arrayContaining([
      expect.stringContaining(
        'not well (--accept-unwell goes on): EgressIP egressip-shop 192.168.7.101: it is not assigned',
      ),
    ]) as string[],
  });
  await serveOVN(client);
  expect(await migration.apply({ finalize: true })).toMatchObject({ kind: 'done', left: 'nothing' });
  expect((await client.list(egressNetworkPolicies)).items).toEqual([]);
  for (const object of [
    ...(await client.list(netNamespaces)).items,
    ...(await client.list(hostSubnets)).items,
  ] as unknown as Record<string, unknown>[]) {
    expect(object['egressIPs'] ?? []).toEqual([]);
    expect(object['egressCIDRs'] ?? []).toEqual([]);
  }
  expect((await client.get(netNamespaces, { name: 'bank' }))?.metadata.annotations).toEqual({ mine: 'x' });
  const versions = (await objectsOn(client)).map(({ metadata }) => metadata.resourceVersion);
  expect(await migration.apply({ finalize: true })).toMatchObject({ kind: 'done', writes: 0 });
  expect((await objectsOn(client)).map(({ metadata }) => metadata.resourceVersion)).toEqual(versions);
  expect((await stat(join(migration.folder, 'journal.ndjson'))).mode & 0o777).toBe(0o600);
});

test('finalize keeps the request whose EgressIP was left out, and the policy whose firewall was, and is done all the same', async () => {
  const skip = ['EgressIP/egressip-shop', 'EgressFirewall/cast/default'];
  await migration.apply({ skip });
  await switchToOVN(client);
  expect((await migration.apply()).kind).toBe('done');
  await serveOVN(client);
  expect(await migration.apply({ finalize: true })).toMatchObject({
    kind: 'done',
    left: 'nothing',
    said: [
      'EgressNetworkPolicy cast/p is left as it is: EgressFirewall cast/default was left out',
      'HostSubnet n1 is left as it is: EgressIP egressip-shop was left out',
      'HostSubnet n2 is left as it is: EgressIP egressip-shop was left out',
      'NetNamespace shop is left as it is: EgressIP egressip-shop was left out',
    ],
  });
  expect(await migration.apply()).toMatchObject({ kind: 'done', left: 'nothing' });
  expect(await client.get(netNamespaces, { name: 'shop' })).toMatchObject({ egressIPs: ['192.168.7.101'] });
  expect(await client.get(hostSubnets, { name: 'n1' })).toMatchObject({ egressIPs: ['192.168.7.101'] });
  expect((await client.list(egressNetworkPolicies)).items).toHaveLength(1);
  expect(await client.get(netNamespaces, { name: 'bank' })).not.toHaveProperty('egressIPs');
});

test('a dry run asks the server and writes nothing, not even the journal', async () => {
  const before = await objectsOn(client);
  const dry = await migration.apply({ dryRun: true, finalize: true });
  expect(dry).toMatchObject({ kind: 'done' });
  expect(dry.said).toEqual(
    expect.arrayContaining([
      'Node n1: would be changed',
      'EgressIP egressip-shop: the API server has no such kind before the switch',
      'CloudPrivateIPConfig 192.168.7.101: would be deleted',
      'NetNamespace shop: would be changed',
    ]),
  );
  expect(await objectsOn(client)).toEqual(before);
  expect(await readdir(migration.folder)).not.toContain('journal.ndjson');
});

test.each([
  [
    'an edit of what the plan was made from',
    (on: KubeClient) => on.patch(netNamespaces, { name: 'shop' }, { egressIPs: ['192.168.7.109'] }, { type: 'merge' }),
    'NetNamespace shop: egressIPs: was ["192.168.7.101"], is ["192.168.7.109"]',
  ],
  [
    'an object that is gone',
    (on: KubeClient) => on.delete(egressNetworkPolicies, { namespace: 'cast', name: 'p' }),
    'EgressNetworkPolicy cast/p: was "there", is "gone"',
  ],
  [
    'a label of a node',
    (on: KubeClient) =>
      on.patch(
        nodes,
        { name: 'n1' },
        { metadata: { labels: { 'k8s.ovn.org/egress-assignable': 'no' } } },
        { type: 'merge' },
      ),
    'Node n1: metadata.labels["k8s.ovn.org/egress-assignable"]: was absent, is "no"',
  ],
])('refuses after %s, naming it', async (_what, edit, message) => {
  await edit(client);
  const before = await objectsOn(client);
  expect(await migration.apply()).toMatchObject({ kind: 'refused', reasons: [expect.stringContaining(message)] });
  expect(await objectsOn(client)).toEqual(before);
});

test('what is none of its business does not hold it up: automatic egress IPs that moved, null that became [], other labels, nodes that heartbeat', async () => {
  await client.patch(hostSubnets, { name: 'n2' }, { egressIPs: [] }, { type: 'merge' });
  await client.patch(netNamespaces, { name: 'cast' }, { egressIPs: [] }, { type: 'merge' });
  await client.patch(nodes, { name: 'n2' }, { metadata: { labels: { zone: 'b' } } }, { type: 'merge' });
  expect((await migration.apply()).kind).toBe('waiting');
});

test('an EgressIP that somebody made meanwhile is not touched: apply names it and refuses', async () => {
  await firstHalf();
  const theirs = make.any(
    'k8s.ovn.org/v1',
    'EgressIP',
    { name: 'egressip-shop' },
    { spec: { egressIPs: ['192.168.7.150'], namespaceSelector: {} } },
  );
  await create(client, [theirs]);
  const before = await client.get(egressIPs, { name: 'egressip-shop' });
  expect(await migration.apply()).toMatchObject({
    kind: 'refused',
    reasons: [expect.stringContaining('EgressIP egressip-shop: was absent, is "there"')],
  });
  const conflict = await migration.apply({ acceptChanges: true });
  expect(conflict).toMatchObject({
    kind: 'failed',
    reasons: [expect.stringContaining('EgressIP egressip-shop: conflict with "admin" using k8s.ovn.org/v1: .spec.')],
  });
  expect(await client.get(egressIPs, { name: 'egressip-shop' })).toEqual(before);
  expect(await client.get(egressIPs, { name: 'egressip-bank' })).toBeDefined();
  expect((await migration.apply({ acceptChanges: true, force: true })).kind).toBe('done');
  expect(await client.get(egressIPs, { name: 'egressip-shop' })).toMatchObject({
    spec: { egressIPs: ['192.168.7.101'] },
  });
});

test('what somebody made just as the plan would is shared, and left to them on the way back', async () => {
  await client.patch(
    nodes,
    { name: 'n1' },
    { metadata: { labels: { 'k8s.ovn.org/egress-assignable': '' } } },
    { type: 'merge', fieldManager: 'cno' },
  );
  await firstHalf();
  const spec = {
    egressIPs: ['192.168.7.101'],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
  };
  await client.create(egressIPs, make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'egressip-shop' }, { spec }), {
    fieldManager: 'cno',
  });
  expect((await migration.apply()).kind).toBe('done');
  const said: string[] = [];
  const deps = {
    client,
    folder: migration.folder,
    plan: () => Promise.resolve(migration.plan),
    signal: new AbortController().signal,
    report: (line: string) => said.push(line),
    progress: () => undefined,
  };
  expect((await goBack(deps, { mode: 'write', force: false, skip: [] })).kind).toBe('done');
  expect(said).toContain(
    'EgressIP egressip-shop is left: somebody else made it after the plan, and the backup does not have it',
  );
  expect((await client.list(egressIPs)).items).toMatchObject([{ metadata: { name: 'egressip-shop' }, spec }]);
  expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
  expect((await client.get(nodes, { name: 'n1' }))?.metadata.labels).toHaveProperty(['k8s.ovn.org/egress-assignable']);
});

test('EgressIPs wait until the finalizer of a CloudPrivateIPConfig has let it go, and no longer than the timeout', async () => {
  await client.patch(
    cloudPrivateIPConfigs,
    { name: '192.168.7.101' },
    { metadata: { finalizers: ['cloud.example.org/release'] } },
    { type: 'merge' },
  );
  await firstHalf();
  const late = await migration.apply({ timeout: 200 });
  expect(late).toMatchObject({
    kind: 'failed',
    reasons: [
      expect.stringContaining('it waits for finalizer cloud.example.org/release'),
      'EgressIP egressip-shop: it waits for CloudPrivateIPConfig 192.168.7.101',
    ],
  });
  // what does not depend on it goes on
  expect((await client.list(egressIPs)).items.map(({ metadata }) => metadata.name)).toEqual(['egressip-bank']);
  const running = migration.apply({ timeout: 30_000 });
  await client.patch(
    cloudPrivateIPConfigs,
    { name: '192.168.7.101' },
    { metadata: { finalizers: null } },
    { type: 'merge' },
  );
  expect(await running).toMatchObject({ kind: 'done' });
  expect((await client.list(egressIPs)).items).toHaveLength(2);
  // OVN-Kubernetes asks the cloud for the address: that one stays
  await create(client, [
    make.any(
      'cloud.network.openshift.io/v1',
      'CloudPrivateIPConfig',
      { name: '192.168.7.101' },
      { spec: { node: 'n2' } },
    ),
  ]);
  await serveOVN(client);
  expect(await migration.apply({ finalize: true })).toMatchObject({ kind: 'done', left: 'nothing' });
  expect(await client.get(cloudPrivateIPConfigs, { name: '192.168.7.101' })).toMatchObject({ spec: { node: 'n2' } });
});

test('an address that the cloud moved since the plan was made is released all the same', async () => {
  await client.delete(cloudPrivateIPConfigs, { name: '192.168.7.101' });
  await create(client, [
    make.any(
      'cloud.network.openshift.io/v1',
      'CloudPrivateIPConfig',
      { name: '192.168.7.101' },
      { spec: { node: 'n2' } },
    ),
  ]);
  await firstHalf();
  expect((await migration.apply()).kind).toBe('done');
  expect(await client.get(cloudPrivateIPConfigs, { name: '192.168.7.101' })).toBeUndefined();
});

test('an edit made after apply stays when apply runs again', async () => {
  await firstHalf();
  expect((await migration.apply()).kind).toBe('done');
  await client.patch(
    egressFirewalls,
    { namespace: 'cast', name: 'default' },
    { spec: { egress: [] } },
    { type: 'merge', fieldManager: 'admin' },
  );
  expect(await migration.apply({ acceptChanges: true })).toMatchObject({ kind: 'done', writes: 0 });
  expect(await client.get(egressFirewalls, { namespace: 'cast', name: 'default' })).toMatchObject({
    spec: { egress: [] },
  });
});

test('a node that vanished is not made again', async () => {
  await firstHalf();
  await client.delete(nodes, { name: 'n1' });
  expect(await migration.apply({ acceptChanges: true })).toMatchObject({
    kind: 'failed',
    reasons: ['Node n1: there is no such object'],
  });
  expect(await client.get(nodes, { name: 'n1' })).toBeUndefined();
});

/** Applies all, dying once at each call number until a run gets through; how many writes there were in all. */
async function applyDying(finalize: boolean, sent: boolean): Promise<number> {
  let writes = 0;
  for (let at = 1; ; at++) {
    const dying = dyingClient(client, at, sent);
    const outcome = await migration.apply({ finalize }, dying.client).catch((error: unknown) => error);
    writes += dying.writes();
    if (!(outcome instanceof Error)) return writes;
    expect(outcome.message).toMatch(/(^|: )killed(; run it again to go on)?$/);
  }
}

test.each([true, false])(
  'killed at every call and run again it ends the same, each object written once (the last call sent: %s)',
  async (sent) => {
    const whole = await startCluster();
    try {
      await create(whole.client, cluster);
      const { changes, findings, placement } = toOVN(await snapshot(whole.client), {
        ...options,
        machineNetworks: ['192.168.7.0/24'],
      });
      const straight = await planFor(whole.client, changes, { findings, placement });
      await straight.apply();
      await switchToOVN(whole.client);
      await straight.apply();
      await serveOVN(whole.client);
      expect((await straight.apply({ finalize: true })).kind).toBe('done');
      await straight.remove();
      let writes = await applyDying(false, sent);
      await switchToOVN(client);
      writes += await applyDying(false, sent);
      await serveOVN(client);
      writes += await applyDying(true, sent);
      expect(await dump(client)).toEqual(await dump(whole.client));
      expect(writes).toBe(changes.length);
      const entries = await readJournal(migration.folder);
      const done = (entries.ok ? entries.value : [])
        .filter(({ event }) => event === 'done')
        .map(({ step, object }) => `${step ?? ''} ${object ?? ''}`);
      expect(done.toSorted()).toEqual([...new Set(done)].toSorted());
      expect(done).toHaveLength(changes.length);
    } finally {
      await whole.stop();
    }
  },
);

test('blockers, warnings with strict, incomplete plans and plans that were changed are refused', async () => {
  const blocker = {
    severity: 'blocker',
    code: 'NetworkOverlap',
    kind: 'ClusterNetwork',
    name: 'default',
    today: 'x',
    tomorrow: 'y',
    action: 'Move it.',
  } as const;
  const blocked = await planFor(client, [], {
    findings: [blocker, { ...blocker, severity: 'warning', code: 'PinningLost' }],
  });
  expect(await blocked.apply()).toMatchObject({
    kind: 'refused',
    reasons: ['blocker: NetworkOverlap: ClusterNetwork default: Move it. (--accept-blockers goes on)'],
  });
  expect(await blocked.apply({ strict: true })).toMatchObject({
    reasons: [expect.stringContaining('NetworkOverlap'), expect.stringContaining('warning: PinningLost')],
  });
  expect((await blocked.apply({ acceptBlockers: true })).kind).toBe('done');
  await blocked.remove();
  const incomplete = await planFor(client, [], { plan: { incomplete: ['pods: missing right: list pods'] } });
  expect(await incomplete.apply()).toMatchObject({
    kind: 'refused',
    reasons: ['it is incomplete: pods: missing right: list pods (--accept-incomplete goes on)'],
  });
  expect((await incomplete.apply({ acceptIncomplete: true })).kind).toBe('done');
  await incomplete.remove();
  await migration.apply();
  await writeFile(
    join(migration.folder, 'journal.ndjson'),
    (await readFile(join(migration.folder, 'journal.ndjson'), 'utf8')).replace(/"plan":"[0-9a-f]+/, '"plan":"0'),
  );
  expect(await migration.apply()).toMatchObject({
    kind: 'refused',
    reasons: [expect.stringContaining('changed since it was begun')],
  });
});

test('a missing right ends it at once and is named', async () => {
  const forbidden = new ApiError(403, {
    message: 'namespaces "bank" is forbidden: User "x" cannot patch resource "namespaces"',
    reason: 'Forbidden',
  });
  const inner = dyingClient(client, 1e9, true).client;
  await expect(migration.apply({}, { ...inner, patch: () => Promise.reject(forbidden) })).rejects.toThrow(
    'missing right: patch namespaces (namespaces "bank" is forbidden',
  );
  const quota = new ApiError(403, { message: 'admission webhook "x" denied the request', reason: 'Forbidden' });
  expect(await migration.apply({}, { ...inner, patch: () => Promise.reject(quota) })).toMatchObject({
    kind: 'failed',
    reasons: expect.arrayContaining(['Namespace bank: admission webhook "x" denied the request']) as string[],
  });
  await expect(migration.apply({}, { ...inner, list: () => Promise.reject(forbidden) })).rejects.toThrow(
    /^missing right: list \w+/,
  );
  expect((await migration.apply()).kind).toBe('waiting');
});

test('a signal stops it between two writes', async () => {
  const stop = new AbortController();
  const stopping: KubeClient = {
    ...dyingClient(client, 1e9, true).client,
    patch: async (kind, ref, body, given) => {
      stop.abort();
      return client.patch(kind, ref, body, given);
    },
  };
  expect(await migration.apply({}, stopping, stop.signal)).toMatchObject({ kind: 'stopped' });
  expect((await migration.apply()).kind).toBe('waiting');
  const entries = await readJournal(migration.folder);
  expect(entries.ok && entries.value.filter(({ event }) => event === 'done').every(({ wrote }) => wrote)).toBe(true);
});
