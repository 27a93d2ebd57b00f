/** A cluster that changes between the plan and each later step, and other plans beside it. */
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  customResourceDefinitions,
  egressFirewalls,
  egressIPs,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  networkConfigs,
  nodes,
} from '../../../api/kinds.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import { ApiError } from '../../../src/io/kube/error.ts';
import { egressIPNamingNodes } from '../../../src/lab/ovn/definitions.ts';
import { stuckIn, touch } from '../../../src/migrate/run/verify/touch.ts';
import { stuck } from '../../../src/migrate/targets/ovn/live/checks.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import type { Started } from '../../apiserver/started.ts';
import { passing } from '../../io/kube/passing.ts';
import { create, isMarked, objectsOn, serveOVN, startCluster, switchToOVN } from '../cluster.ts';
import { PlanInFolder, planNow, problemsOf, reasonsOf } from '../plan-in-folder.ts';
import { make } from '../snapshots.ts';

const cluster: readonly KubeObject[] = [
  make.node('n1', '192.168.7.11'),
  make.node('n2', '192.168.7.12'),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] }),
  make.hostSubnet('n2', '192.168.7.12', { egressIPs: ['192.168.7.102'] }),
  ...['shop', 'bank'].map((name) => make.namespace(name)),
  make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
  make.netNamespace('bank', 11, { egressIPs: ['192.168.7.102'] }),
  make.policy('bank', 'p', [['Deny', '203.0.113.0/24']]),
];

let started: Started;
let migration: PlanInFolder;
beforeEach(async () => {
  started = await startCluster();
  await create(started.client, cluster);
  migration = await PlanInFolder.of(started.client);
});
afterEach(async () => {
  await migration.remove();
  await started.stop();
});

/** Refuses to list a kind, as without the right. */
function forbidding(client: KubeClient, kind: Kind): KubeClient {
  return passing(client, {
    list: (one, given) =>
      one === kind
        ? Promise.reject(new ApiError(403, { message: `cannot list resource "${kind.plural}"` }))
        : client.list(one, given),
  });
}

describe('what came after the plan', () => {
  const late = [
    make.namespace('late'),
    make.netNamespace('late', 12, { egressIPs: ['192.168.7.103'] }),
    make.policy('shop', 'q', [['Deny', '198.51.100.0/24']]),
    make.node('n3', '192.168.7.13'),
    make.hostSubnet('n3', '192.168.7.13', { egressIPs: ['192.168.7.103'] }),
  ];
  const named = [
    'EgressFirewall shop/default: the plan does not have it (from EgressNetworkPolicy shop/q)',
    'EgressIP egressip-late: the plan does not have it (from NetNamespace late)',
    'Node n3: the plan does not have it (from HostSubnet n3)',
  ];

  test('is named before anything is written', async () => {
    await create(started.client, late);
    const outcome = await migration.apply();
    expect(outcome).toMatchObject({ kind: 'refused', writes: 0 });
    expect(reasonsOf(outcome).map((text) => text.replace(/^.*goes on\): /, ''))).toEqual(named);
  });

  test('is named by verify and stops finalize', async () => {
    await migration.forth();
    expect(problemsOf(await migration.verify())).toEqual([]);
    await create(started.client, late);
    expect(problemsOf(await migration.verify())).toEqual([
      'EgressFirewall default: the plan does not have it (from EgressNetworkPolicy shop/q)',
      'EgressIP egressip-late: the plan does not have it (from NetNamespace late)',
      'Node n3: the plan does not have it (from HostSubnet n3)',
    ]);
    await switchToOVN(started.client);
    expect(await migration.apply({ finalize: true, acceptChanges: true })).toMatchObject({ kind: 'refused' });
  });

  test('is named after finalize too, and does not keep a plan of its own from serving it', async () => {
    await migration.forth();
    expect(await migration.apply({ finalize: true })).toMatchObject({ kind: 'done' });
    await create(started.client, late.slice(0, 2));
    expect(problemsOf(await migration.verify())).toEqual([
      'EgressIP egressip-late: the plan does not have it (from NetNamespace late)',
    ]);
    expect(await migration.apply({ finalize: true })).toMatchObject({ kind: 'refused', writes: 0 });
    const own = await PlanInFolder.of(started.client, { namespaces: ['late'] });
    await own.forth();
    expect(await own.apply({ finalize: true })).toMatchObject({ kind: 'done', left: 'nothing' });
    await own.remove();
    expect(problemsOf(await migration.verify())).toEqual([]);
  });

  test('is named as well if it cannot be had, such as an address that two namespaces request', async () => {
    await started.client.patch(
      netNamespaces,
      { name: 'bank' },
      { egressIPs: ['192.168.7.101'] },
      { type: 'merge', fieldManager: 'admin' },
    );
    await migration.update();
    await create(started.client, [
      make.namespace('late'),
      make.netNamespace('late', 12, { egressIPs: ['192.168.7.101'] }),
    ]);
    expect(reasonsOf(await migration.apply())).toContainEqual(
      expect.stringContaining('NetNamespace late: the plan does not have it (EgressIPClaimedTwice)'),
    );
  });

  test('an update takes it over, and the way back leaves what others wrote since, also with force', async () => {
    await migration.forth();
    await create(started.client, late);
    await started.client.patch(
      netNamespaces,
      { name: 'shop' },
      { egressIPs: ['192.168.7.104'] },
      { type: 'merge', fieldManager: 'admin' },
    );
    await started.client.patch(
      hostSubnets,
      { name: 'n2' },
      { egressIPs: [] },
      { type: 'merge', fieldManager: 'admin' },
    );
    await migration.update();
    await switchToOVN(started.client);
    expect(await migration.apply()).toMatchObject({ kind: 'done', left: 'finalize' });
    expect(await started.client.get(egressIPs, { name: 'egressip-shop' })).toMatchObject({
      spec: { egressIPs: ['192.168.7.104'] },
    });
    expect((await started.client.list(egressIPs)).items.map(({ metadata }) => metadata.name)).toEqual([
      'egressip-bank',
      'egressip-late',
      'egressip-shop',
    ]);
    const labels = (await started.client.list(nodes)).items.map(({ metadata }) => Object.keys(metadata.labels ?? {}));
    expect(labels).toEqual([['k8s.ovn.org/egress-assignable'], [], ['k8s.ovn.org/egress-assignable']]);
    await serveOVN(started.client);
    expect(problemsOf(await migration.verify()).filter((text) => text.includes('plan'))).toEqual([]);
    expect(await readdir(dirname(migration.folder))).toEqual(['plan', 'plan.before-1']);
    expect(await migration.back(started.client, true)).toMatchObject({ kind: 'done' });
    expect((await objectsOn(started.client)).filter(isMarked)).toEqual([]);
    expect(await started.client.get(netNamespaces, { name: 'shop' })).toMatchObject({ egressIPs: ['192.168.7.104'] });
  });
});

describe('EgressIPs whose definition comes with the switch', () => {
  const mayName = async (): Promise<void> => {
    await started.client.create(customResourceDefinitions, egressIPNamingNodes);
    await switchToOVN(started.client);
  };
  const hostnames = async (): Promise<void> => {
    for (const name of ['n1', 'n2', 'n3'])
      await started.client.patch(
        nodes,
        { name },
        { metadata: { labels: { 'kubernetes.io/hostname': name } } },
        { type: 'merge', fieldManager: 'kubelet' },
      );
  };
  const named = 'it would be planned otherwise (spec.egressNodeSelector)';

  beforeEach(async () => {
    await create(started.client, [
      make.node('n3', '192.168.7.13'),
      make.hostSubnet('n3', '192.168.7.13', { egressCIDRs: ['192.168.8.0/24'] }),
    ]);
    await hostnames();
    await migration.remove();
    migration = await PlanInFolder.of(started.client);
  });

  test('name no nodes until then, which is announced; then apply asks, and an update takes it over', async () => {
    const unknown = migration.plan.findings.filter(({ code }) => code === 'ServedKindUnknown');
    expect(unknown.map(({ severity, name }) => `${severity} ${name}`)).toContain('info egressips.k8s.ovn.org');
    expect(await migration.apply()).toMatchObject({ kind: 'waiting' });
    await mayName();
    expect(reasonsOf(await migration.apply()).map((text) => text.replace(/^.*goes on\): /, ''))).toEqual([
      `EgressIP egressip-bank: ${named}`,
      `EgressIP egressip-shop: ${named}`,
    ]);
    await migration.update();
    expect(await migration.apply()).toMatchObject({ kind: 'done', left: 'finalize' });
    expect(await started.client.get(egressIPs, { name: 'egressip-shop' })).toMatchObject({
      spec: { egressNodeSelector: {} },
    });
  });

  test('are made as planned if the served ones cannot name nodes', async () => {
    await migration.forth();
    expect(problemsOf(await migration.verify())).toEqual([]);
  });

  test('are not made while nobody may read it, and an update takes nothing away', async () => {
    await migration.apply();
    await mayName();
    await migration.update();
    const blind = forbidding(started.client, customResourceDefinitions);
    const told = 'CustomResourceDefinition egressips.k8s.ovn.org: nothing tells whether the same would be planned';
    const refused = await migration.apply({}, blind);
    expect(refused).toMatchObject({ kind: 'refused', writes: 0 });
    expect(reasonsOf(refused)).toEqual([expect.stringContaining(told)]);
    expect(reasonsOf(refused)[0]).toContain('missing right: list customresourcedefinitions.apiextensions.k8s.io');
    await expect(migration.update({}, blind)).rejects.toThrow(/is not updated: CustomResourceDefinition egressips/);
    expect(await migration.apply()).toMatchObject({ kind: 'done' });
  });
});

test('EgressIPs with an unassigned address are touched, and only these', async () => {
  await migration.forth();
  await started.client.patch(egressIPs, { name: 'egressip-bank' }, { status: { items: [] } }, { type: 'merge' });
  expect(stuckIn(await migration.verify(), stuck)).toEqual(['egressip-bank']);
  const names = ['egressip-bank', 'egressip-gone'];
  expect(await touch(started.client, stuck, { names, now: 7_000 })).toEqual(['egressip-bank']);
  const touched = (await started.client.list(egressIPs)).items.map(({ metadata: { name, labels } }) => [
    name,
    labels?.['migrate.sdn-compat/touched'],
  ]);
  expect(touched).toEqual([
    ['egressip-bank', '7'],
    ['egressip-shop', undefined],
  ]);
  expect(await migration.back()).toMatchObject({ kind: 'done' });
  expect((await started.client.list(egressIPs)).items).toEqual([]);
});

test('a node that was registered again is labeled again', async () => {
  await migration.forth();
  await started.client.delete(nodes, { name: 'n1' });
  await create(started.client, [make.node('n1', '192.168.7.11')]);
  await switchToOVN(started.client);
  expect(problemsOf(await migration.verify())).toContain('Node n1: it is missing');
  expect(await migration.apply()).toMatchObject({ kind: 'done', writes: 1 });
  expect(problemsOf(await migration.verify())).toEqual([]);
});

describe('an object of the plan that somebody deleted', () => {
  test('is made again until finalize, and not after', async () => {
    await migration.forth();
    await started.client.delete(egressIPs, { name: 'egressip-shop' });
    await started.client.delete(egressFirewalls, { name: 'default', namespace: 'bank' });
    expect(problemsOf(await migration.verify())).toEqual([
      'EgressFirewall default: it is not there',
      'EgressIP egressip-shop: it is not there',
    ]);
    expect(await migration.apply()).toMatchObject({ kind: 'done', writes: 2 });
    await serveOVN(started.client);
    expect(problemsOf(await migration.verify())).toEqual([]);
    expect(await migration.apply({ finalize: true })).toMatchObject({ kind: 'done', left: 'nothing' });
    await started.client.delete(egressIPs, { name: 'egressip-shop' });
    expect(await migration.apply({ finalize: true, acceptUnwell: true })).toMatchObject({ kind: 'done', writes: 0 });
    expect((await started.client.list(egressIPs)).items.map(({ metadata }) => metadata.name)).toEqual([
      'egressip-bank',
    ]);
  });

  test('is removed on the way back though it was made twice', async () => {
    await migration.forth();
    await started.client.delete(egressIPs, { name: 'egressip-shop' });
    await migration.apply();
    expect(await migration.back()).toMatchObject({ kind: 'done' });
    expect((await objectsOn(started.client)).filter(isMarked)).toEqual([]);
  });

  test('is not made again in a namespace that is gone', async () => {
    await migration.forth();
    await started.client.delete(egressFirewalls, { name: 'default', namespace: 'bank' });
    await started.client.delete(namespaces, { name: 'bank' });
    expect(await migration.apply({ acceptChanges: true })).toMatchObject({ kind: 'done', writes: 0 });
  });
});

test("another cluster's plan is neither applied nor undone", async () => {
  await migration.apply();
  await switchToOVN(started.client);
  await migration.apply();
  expect(migration.plan.cluster).toMatch(/^[0-9a-f-]{36}$/);
  migration.plan = { ...migration.plan, cluster: 'another' };
  for (const outcome of [await migration.apply(), await migration.back()])
    expect(outcome).toMatchObject({
      kind: 'refused',
      writes: 0,
      reasons: [expect.stringContaining('it is the plan of another cluster')],
    });
});

test('a namespace deleted after the plan stops only its own objects, and can be left out by name', async () => {
  await migration.apply();
  await switchToOVN(started.client);
  await started.client.delete(namespaces, { name: 'bank' });
  expect(await migration.apply()).toMatchObject({ kind: 'refused' });
  const failed = await migration.apply({ acceptChanges: true });
  expect(failed.kind).toBe('failed');
  expect(reasonsOf(failed)).toEqual([
    expect.stringContaining('EgressFirewall bank/default'),
    'EgressIP egressip-bank: it waits for EgressFirewall bank/default',
  ]);
  expect((await started.client.list(egressIPs)).items.map(({ metadata }) => metadata.name)).toEqual(['egressip-shop']);
  const skip = ['EgressFirewall/bank/default', 'EgressIP/egressip-bank'];
  expect(await migration.apply({ skip: ['EgressIP/nonsense'] })).toMatchObject({
    kind: 'refused',
    reasons: ['--skip EgressIP/nonsense: neither an object of the plan nor a Node has that name'],
  });
  expect(await migration.apply({ acceptChanges: true, skip })).toMatchObject({ kind: 'done' });
  await serveOVN(started.client);
  // it is remembered
  expect(problemsOf(await migration.verify())).toEqual([]);
});

test('a Terminating namespace is planned as gone', async () => {
  await started.client.create(namespaces, make.namespace('held', { finalizers: ['example.org/held'] }));
  await create(started.client, [make.netNamespace('held', 13, { egressIPs: ['192.168.7.109'] })]);
  await started.client.delete(namespaces, { name: 'held' });
  const { plan } = await planNow(started.client);
  expect(JSON.stringify(plan.steps)).not.toContain('egressip-held');
  expect(plan.findings).toContainEqual(expect.objectContaining({ code: 'NamespaceMissing', name: 'held' }));
});

describe('two plans', () => {
  test('respect each other: neither calls the other a leftover, and each goes back alone', async () => {
    const [shop, bank] = [
      await PlanInFolder.of(started.client, { namespaces: ['shop'] }),
      await PlanInFolder.of(started.client, { namespaces: ['bank'] }),
    ];
    await shop.apply();
    await bank.apply();
    await switchToOVN(started.client);
    expect(await shop.apply()).toMatchObject({ kind: 'done' });
    expect(await bank.apply()).toMatchObject({ kind: 'done' });
    await serveOVN(started.client);
    expect(problemsOf(await shop.verify())).toEqual([]);
    expect(problemsOf(await bank.verify())).toEqual([]);
    expect(await shop.back()).toMatchObject({ kind: 'done' });
    expect((await started.client.list(egressIPs)).items.map(({ metadata }) => metadata.name)).toEqual([
      'egressip-bank',
    ]);
    expect(problemsOf(await bank.verify())).toEqual([]);
    expect(await bank.back()).toMatchObject({ kind: 'done' });
    expect((await objectsOn(started.client)).filter(isMarked)).toEqual([]);
    await Promise.all([shop.remove(), bank.remove()]);
  });

  test("a plan made again does not take the first one's labels for the admin's", async () => {
    await migration.forth();
    const again = await PlanInFolder.of(started.client);
    expect(again.plan.backup.get('v1/Node//n1')?.metadata.labels ?? {}).toEqual({});
    expect(again.plan.findings.filter(({ code }) => code === 'ObjectExists')).toEqual([]);
    expect(await migration.back()).toMatchObject({ kind: 'done' });
    expect((await objectsOn(started.client)).filter(isMarked)).toEqual([]);
    await again.remove();
  });
});

describe('the way back', () => {
  test('does nothing for a plan that was never begun', async () => {
    await started.client.delete(netNamespaces, { name: 'shop' });
    expect(await migration.back()).toEqual({ kind: 'done', writes: 0, left: 'nothing' });
    expect(await started.client.get(netNamespaces, { name: 'shop' })).toBeUndefined();
  });

  test('restores its own fields and leaves the identity that a node or namespace has by now', async () => {
    await migration.forth();
    await migration.apply({ finalize: true });
    await started.client.patch(
      hostSubnets,
      { name: 'n1' },
      { hostIP: '192.168.7.99', subnet: '10.128.99.0/24' },
      { type: 'merge', fieldManager: 'sdn' },
    );
    await started.client.patch(netNamespaces, { name: 'shop' }, { netid: 77 }, { type: 'merge', fieldManager: 'sdn' });
    expect(await migration.back(started.client, true)).toMatchObject({ kind: 'done' });
    expect(await started.client.get(hostSubnets, { name: 'n1' })).toMatchObject({
      hostIP: '192.168.7.99',
      subnet: '10.128.99.0/24',
      egressIPs: ['192.168.7.101'],
    });
    expect(await started.client.get(netNamespaces, { name: 'shop' })).toMatchObject({
      netid: 77,
      egressIPs: ['192.168.7.101'],
    });
  });

  test('creates nothing whose node is gone or whose subnet or netid another has now', async () => {
    await migration.forth();
    expect(await migration.apply({ finalize: true })).toMatchObject({ kind: 'done' });
    await started.client.delete(hostSubnets, { name: 'n1' });
    await started.client.delete(hostSubnets, { name: 'n2' });
    await started.client.delete(nodes, { name: 'n1' });
    await started.client.delete(netNamespaces, { name: 'shop' });
    await create(started.client, [
      make.hostSubnet('n9', '192.168.7.19', { subnet: '10.128.12.0/24' }),
      make.netNamespace('other', 10),
    ]);
    expect(await migration.back()).toEqual({
      kind: 'waiting',
      on: 'objects',
      writes: expect.any(Number) as number,
      reasons: [
        'EgressIP egressip-shop: it stays until NetNamespace shop is restored',
        'HostSubnet n2 is not created: HostSubnet n9 has its subnet or host IP now; OpenShift SDN makes its own',
        'NetNamespace shop is not created: NetNamespace other has netid 10 now; OpenShift SDN makes its own',
        'Node n2: it stays until HostSubnet n2 is restored',
      ],
    });
    expect((await started.client.list(hostSubnets)).items.map(({ metadata }) => metadata.name)).toEqual(['n9']);
    // when OpenShift SDN has made its own, they get what they had
    await create(started.client, [
      make.hostSubnet('n2', '192.168.7.12', { subnet: '10.128.55.0/24' }),
      make.netNamespace('shop', 55),
    ]);
    expect(await migration.back()).toMatchObject({ kind: 'done' });
    expect(await started.client.get(netNamespaces, { name: 'shop' })).toMatchObject({
      netid: 55,
      egressIPs: ['192.168.7.101'],
    });
  });

  test('removes nothing while nobody can tell which plugin runs, or before the nodes were rebooted', async () => {
    const config = (networkType: string) =>
      make.any('config.openshift.io/v1', 'Network', { name: 'cluster' }, { spec: {}, status: { networkType } });
    await started.client.create(networkConfigs, config('OVNKubernetes'));
    for (const name of ['n1', 'n2']) await boot(name, 'first');
    await migration.forth();
    expect(reasonsOf(await migration.back(forbidding(started.client, networkConfigs)))).toEqual([
      expect.stringContaining('missing right: list networks.config.openshift.io'),
    ]);
    expect((await started.client.list(egressIPs)).items).toHaveLength(2);
    await migration.back();
    await started.client.patch(
      networkConfigs,
      { name: 'cluster' },
      { status: { networkType: 'OpenShiftSDN' } },
      { type: 'merge', fieldManager: 'cno' },
    );
    await boot('n1', 'second');
    expect(reasonsOf(await migration.back())).toEqual([
      'Node n2: it was not rebooted since, so OVN-Kubernetes still runs on it',
    ]);
    expect((await started.client.list(egressFirewalls)).items).toHaveLength(1);
    await boot('n2', 'second');
    expect(await migration.back()).toMatchObject({ kind: 'done' });
    expect((await started.client.list(egressFirewalls)).items).toEqual([]);
  });
});

function boot(name: string, bootID: string): Promise<KubeObject> {
  return started.client.patch(
    nodes,
    { name },
    { status: { nodeInfo: { bootID } } },
    { type: 'merge', subresource: 'status', fieldManager: 'kubelet' },
  );
}
