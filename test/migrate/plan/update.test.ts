import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { egressIPs, hostSubnets, netNamespaces, nodes } from '../../../api/kinds.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import { egressIPItem } from '../../../src/migrate/kinds/egressip.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import type { Started } from '../../apiserver/started.ts';
import { passing } from '../../io/kube/passing.ts';
import { create, isMarked, objectsOn, serveOVN, startCluster, switchToOVN } from '../cluster.ts';
import { PlanInFolder, problemsOf, reasonsOf } from '../plan-in-folder.ts';
import { make } from '../snapshots.ts';

const shopIPs = ['192.168.7.101', '192.168.7.102'];
const cluster: readonly KubeObject[] = [
  make.node('n1', '192.168.7.11'),
  make.node('n2', '192.168.7.12'),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] }),
  make.hostSubnet('n2', '192.168.7.12', { egressIPs: ['192.168.7.102', '192.168.7.103'] }),
  make.namespace('shop'),
  make.namespace('bank'),
  make.netNamespace('shop', 10, { egressIPs: shopIPs }),
  make.netNamespace('bank', 11, { egressIPs: ['192.168.7.103'] }),
];

let started: Started;
let client: KubeClient;
let migration: PlanInFolder;
beforeEach(async () => {
  started = await startCluster();
  client = started.client;
  await create(client, cluster);
  migration = await PlanInFolder.of(client);
});
afterEach(async () => {
  await migration.remove();
  await started.stop();
});

const ask = (name: string, addresses: readonly string[]): Promise<KubeObject> =>
  client.patch(netNamespaces, { name }, { egressIPs: addresses }, { type: 'merge', fieldManager: 'admin' });

/** By name of the EgressIP, its addresses. */
async function made(): Promise<Readonly<Record<string, readonly string[]>>> {
  const { items } = await client.list(egressIPs);
  return Object.fromEntries(items.map((one) => [one.metadata.name ?? '', egressIPItem(one).egressIPs]));
}

/** Ends the run after that many writes, as a kill does. */
async function killedAfter(writes: number): Promise<void> {
  const end = new AbortController();
  let left = writes;
  const dying = passing(client, {
    patch: async (...args) => {
      if (left-- === 0) end.abort();
      if (left < 0) throw new Error('killed');
      return client.patch(...args);
    },
  });
  await migration.apply({}, dying, end.signal).catch(() => undefined);
}

describe('a request that was withdrawn', () => {
  test.each([1, 2, 3])(
    'is taken back however often the plan is updated before it is applied: %i times',
    async (times) => {
      await migration.forth();
      await ask('shop', []);
      for (let index = 0; index < times; index++) await migration.update();
      expect(await migration.apply()).toMatchObject({ kind: 'done' });
      expect(Object.keys(await made())).toEqual(['egressip-bank']);
      await serveOVN(client);
      expect(problemsOf(await migration.verify())).toEqual([]);
    },
  );

  test('and is made again by its owner before the next update is not deleted by that', async () => {
    await migration.forth();
    await ask('shop', []);
    await migration.update();
    await migration.apply();
    await client.create(
      egressIPs,
      make.any(
        'k8s.ovn.org/v1',
        'EgressIP',
        { name: 'egressip-shop' },
        { spec: { egressIPs: [], namespaceSelector: { matchLabels: { theirs: '' } } } },
      ),
      { fieldManager: 'admin' },
    );
    await migration.update();
    expect(reasonsOf(await migration.apply())).toEqual([]);
    expect(Object.keys(await made())).toEqual(['egressip-bank', 'egressip-shop']);
  });

  test('leaves nothing behind when the way back comes before the next apply', async () => {
    await migration.forth();
    await ask('shop', []);
    await client.patch(nodes, { name: 'n1' }, { metadata: { labels: { mine: 'x' } } }, { type: 'merge' });
    await migration.update();
    expect(await migration.back()).toMatchObject({ kind: 'done' });
    expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
    expect(await made()).toEqual({});
    expect((await client.get(nodes, { name: 'n1' }))?.metadata.labels).toEqual({ mine: 'x' });
  });

  test('gives an object of somebody else, which was taken over with --force, its first content', async () => {
    const theirs = make.any(
      'k8s.ovn.org/v1',
      'EgressIP',
      { name: 'egressip-shop' },
      { spec: { egressIPs: ['192.168.7.150'], namespaceSelector: { matchLabels: { theirs: '' } } } },
    );
    await migration.apply();
    await switchToOVN(client);
    await client.create(egressIPs, theirs, { fieldManager: 'admin' });
    await migration.update();
    expect(reasonsOf(await migration.apply({ force: true, acceptBlockers: true }))).toEqual([]);
    expect(await made()).toMatchObject({ 'egressip-shop': shopIPs });
    await ask('shop', []);
    await migration.update();
    expect(reasonsOf(await migration.apply({ force: true }))).toEqual([]);
    expect(await made()).toMatchObject({ 'egressip-shop': ['192.168.7.150'] });
    expect(reasonsOf(await migration.apply())).toEqual([]);
    expect(reasonsOf(await migration.back(client, true))).toEqual([]);
    const left = await client.list(egressIPs);
    expect(left.items).toMatchObject([{ metadata: { name: 'egressip-shop' }, spec: { egressIPs: ['192.168.7.150'] } }]);
    expect(left.items.filter(isMarked)).toEqual([]);
  });
});

describe('a request that was withdrawn and is made again', () => {
  const withdrawn = async (): Promise<void> => {
    await migration.forth();
    await ask('shop', []);
    await migration.update();
  };

  test('after the apply that took it back is named before anything else, and served after an update', async () => {
    await withdrawn();
    await migration.apply();
    await ask('shop', shopIPs);
    expect(reasonsOf(await migration.apply())).toEqual([
      expect.stringContaining('EgressIP egressip-shop: the plan does not have it (from NetNamespace shop)'),
    ]);
    expect(problemsOf(await migration.verify())).toContain(
      'EgressIP egressip-shop: the plan does not have it (from NetNamespace shop)',
    );
    await migration.update();
    expect(reasonsOf(await migration.apply())).toEqual([]);
    expect(await made()).toMatchObject({ 'egressip-shop': shopIPs });
    expect(problemsOf(await migration.verify())).not.toEqual([]);
    await serveOVN(client);
    expect(problemsOf(await migration.verify())).toEqual([]);
    expect(await migration.back()).toMatchObject({ kind: 'done' });
    expect(await made()).toEqual({});
  });

  test('before the apply is not taken back', async () => {
    await withdrawn();
    await ask('shop', shopIPs);
    expect(await migration.apply()).toMatchObject({ kind: 'refused' });
    expect(await made()).toMatchObject({ 'egressip-shop': shopIPs });
    await migration.update();
    expect(reasonsOf(await migration.apply())).toEqual([]);
    expect(await made()).toMatchObject({ 'egressip-shop': shopIPs });
  });

  test('is planned in the step in which it was begun, whatever step it would have now', async () => {
    await withdrawn();
    await ask('shop', shopIPs);
    await migration.update({ keepPlacement: false });
    await migration.update({ keepPlacement: true });
    expect(reasonsOf(await migration.apply())).toEqual([]);
    expect(await made()).toMatchObject({ 'egressip-shop': shopIPs });
  });
});

describe("an object of the plan that is not the plan's alone", () => {
  const patch = (manager: string, spec: object): Promise<KubeObject> =>
    client.patch(egressIPs, { name: 'egressip-shop' }, { spec }, { type: 'merge', fieldManager: manager });
  const withdraw = async (): Promise<void> => {
    await ask('shop', []);
    await migration.update();
  };

  test('stays with those who apply the same', async () => {
    await migration.forth();
    const { spec } = { spec: undefined, ...(await client.get(egressIPs, { name: 'egressip-shop' })) };
    const same = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'egressip-shop' }, { spec });
    await client.patch(egressIPs, { name: 'egressip-shop' }, same, { type: 'apply', fieldManager: 'gitops' });
    await withdraw();
    expect(await migration.apply()).toMatchObject({ kind: 'done' });
    const left = await client.get(egressIPs, { name: 'egressip-shop' });
    expect(left).toMatchObject({ spec: { egressIPs: shopIPs } });
    expect(isMarked(left!)).toBe(false);
  });

  test('is not deleted when somebody edited it, but with --force', async () => {
    await migration.forth();
    await patch('admin', { egressIPs: ['192.168.7.199'] });
    await withdraw();
    expect(reasonsOf(await migration.apply())).toEqual([
      expect.stringContaining('EgressIP egressip-shop: others changed it since it was applied'),
    ]);
    expect(await made()).toMatchObject({ 'egressip-shop': ['192.168.7.199'] });
    expect(await migration.apply({ force: true })).toMatchObject({ kind: 'done' });
    expect(Object.keys(await made())).toEqual(['egressip-bank']);
  });

  test('is not well when somebody added a field', async () => {
    await migration.forth();
    await patch('admin', { podSelector: { matchLabels: { a: 'b' } } });
    expect(problemsOf(await migration.verify())).toEqual(['EgressIP egressip-shop: somebody added spec.podSelector']);
  });

  test('and that others made again is a conflict, until --force', async () => {
    await migration.forth();
    await client.delete(egressIPs, { name: 'egressip-shop' });
    const spec = { egressIPs: ['192.168.7.150'], namespaceSelector: { matchLabels: { theirs: '' } } };
    const theirs = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'egressip-shop' }, { spec });
    await client.create(egressIPs, theirs, { fieldManager: 'admin' });
    expect(await migration.apply()).toMatchObject({ kind: 'failed', reasons: [expect.stringContaining('conflict')] });
    expect(await made()).toMatchObject({ 'egressip-shop': ['192.168.7.150'] });
    expect(await migration.apply({ force: true })).toMatchObject({ kind: 'done' });
    expect(await made()).toMatchObject({ 'egressip-shop': shopIPs });
  });

  test('and that others made again is given back by the way back, not deleted', async () => {
    await migration.forth();
    await client.delete(egressIPs, { name: 'egressip-shop' });
    const spec = { egressIPs: ['192.168.7.150'], namespaceSelector: { matchLabels: { theirs: '' } } };
    const theirs = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'egressip-shop', labels: { team: 'a' } }, { spec });
    await client.create(egressIPs, theirs, { fieldManager: 'admin' });
    await ask('shop', ['192.168.7.102']);
    await migration.update();
    expect(reasonsOf(await migration.apply({ force: true, acceptBlockers: true }))).toEqual([]);
    expect(await made()).toMatchObject({ 'egressip-shop': ['192.168.7.102'] });
    const labels = { team: 'b' };
    await client.patch(
      egressIPs,
      { name: 'egressip-shop' },
      { metadata: { labels } },
      { type: 'merge', fieldManager: 'admin' },
    );
    expect(reasonsOf(await migration.back(client, true))).toEqual([]);
    const { items } = await client.list(egressIPs);
    expect(items).toMatchObject([{ metadata: { name: 'egressip-shop', labels }, spec }]);
    expect(items.filter(isMarked)).toEqual([]);
  });
});

/** An annotation of ours on Node n1, for the way back. */
const withCIDRs = (egressCIDRs: readonly string[]): Promise<KubeObject> =>
  client.patch(hostSubnets, { name: 'n1' }, { egressCIDRs }, { type: 'merge', fieldManager: 'admin' });

test('what the plan drops from an object is removed from it', async () => {
  await withCIDRs(['192.168.7.96/28']);
  const plan = await PlanInFolder.of(client);
  try {
    await plan.forth();
    const annotations = async () => Object.keys((await client.get(nodes, { name: 'n1' }))?.metadata.annotations ?? {});
    const before = await annotations();
    await withCIDRs([]);
    await plan.update();
    expect(reasonsOf(await plan.apply())).toEqual([]);
    expect(before.filter((key) => !key.startsWith('k8s.ovn.org/'))).toHaveLength(1);
    expect((await annotations()).filter((key) => !key.startsWith('k8s.ovn.org/'))).toEqual([]);
  } finally {
    await plan.remove();
  }
});

test('a plan whose files sort otherwise than its objects can be updated, applied and undone', async () => {
  await create(client, [
    make.namespace('shop-test', { annotations: {} }),
    make.netNamespace('shop-test', 12, { egressIPs: ['192.168.7.104'] }),
  ]);
  await migration.update();
  expect(await migration.apply()).toMatchObject({ kind: 'waiting' });
  await migration.update();
  expect(reasonsOf(await migration.apply())).not.toContainEqual(expect.stringContaining('it was changed since'));
  await switchToOVN(client);
  expect(await migration.apply()).toMatchObject({ kind: 'done' });
  expect(await migration.back()).toMatchObject({ kind: 'done' });
});

test('a label that an admin removed since is not put on again by the way back', async () => {
  const label = 'k8s.ovn.org/egress-assignable';
  await client.patch(
    nodes,
    { name: 'n1' },
    { metadata: { labels: { [label]: '' } } },
    { type: 'merge', fieldManager: 'admin' },
  );
  await withCIDRs(['192.168.7.96/28']);
  const plan = await PlanInFolder.of(client);
  try {
    await plan.forth();
    await client.patch(
      nodes,
      { name: 'n1' },
      { metadata: { labels: { [label]: null } } },
      { type: 'merge', fieldManager: 'admin' },
    );
    expect(await plan.back(client, true)).toMatchObject({ kind: 'done' });
    expect((await client.get(nodes, { name: 'n1' }))?.metadata.labels ?? {}).toEqual({});
  } finally {
    await plan.remove();
  }
});

test('an update that was ended between its renames is said', async () => {
  await rename(migration.folder, `${migration.folder}.new`);
  await expect(migration.read()).rejects.toThrow(
    `holds no plan (an update was ended on the way: rename ${migration.folder}.new to ${migration.folder})`,
  );
});

describe('an update while the placement is being kept', () => {
  /** The EgressIP of shop has one of its two addresses. */
  async function half(): Promise<void> {
    await migration.apply();
    await switchToOVN(client);
    for (let writes = 1; (await made())['egressip-shop'] === undefined; writes++) await killedAfter(writes);
    expect((await made())['egressip-shop']).toHaveLength(1);
  }

  test('goes on where it was', async () => {
    await half();
    await migration.update();
    expect(await migration.apply()).toMatchObject({ kind: 'done' });
    expect(await made()).toMatchObject({ 'egressip-shop': shopIPs });
  });

  test('takes back an EgressIP of which a part is there', async () => {
    await half();
    await ask('shop', []);
    await migration.update();
    expect(await migration.apply()).toMatchObject({ kind: 'done' });
    expect(Object.keys(await made())).toEqual(['egressip-bank']);
  });

  test('changes an EgressIP of which a part is there', async () => {
    await half();
    await ask('shop', ['192.168.7.102']);
    await migration.update();
    expect(await migration.apply()).toMatchObject({ kind: 'done' });
    expect(await made()).toMatchObject({ 'egressip-shop': ['192.168.7.102'] });
  });

  test('verify says that a part is there, not that it was changed', async () => {
    await half();
    const said = problemsOf(await migration.verify()).filter((text) => text.startsWith('EgressIP egressip-shop'));
    expect(said).toEqual(['EgressIP egressip-shop: only a part of it is there: apply was not finished']);
  });
});

test('an update of a begun plan of format version 1 can be read, applied and undone', async () => {
  const file = join(migration.folder, 'plan.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/^formatVersion: 2\nid: .*\n/m, 'formatVersion: 1\n'));
  await migration.read();
  expect(migration.plan.id).toBe('');
  await migration.forth();
  await ask('bank', []);
  await migration.update();
  expect(await migration.apply()).toMatchObject({ kind: 'done' });
  expect(Object.keys(await made())).toEqual(['egressip-shop']);
  expect(await migration.back()).toMatchObject({ kind: 'done' });
  expect((await objectsOn(client)).filter(isMarked)).toEqual([]);
});
