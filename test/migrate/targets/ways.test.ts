/** Each target on an API server, with what stands in for its own parts: forth, an update, and back. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import {
  customResourceDefinitions,
  egressNetworkPolicies,
  hostSubnets,
  namespaces,
  netNamespaces,
  nodes,
} from '../../../api/kinds.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import { nodeLabel } from '../../../src/migrate/requests/node-labels.ts';
import { switchedAnnotation } from '../../../src/migrate/run/switched.ts';
import { kindsOf, waysBack } from '../../../src/migrate/targets.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { asList, fieldOf, isRecord } from '../../../src/model/values/json.ts';
import type { Started } from '../../apiserver/started.ts';
import { create, dump, isMarked, objectsOn, startCluster } from '../cluster.ts';
import { PlanInFolder, problemsOf, reasonsOf } from '../plan-in-folder.ts';
import { make } from '../snapshots.ts';
import { antreaStandIn } from './antrea/stand-in.ts';
import { ciliumStandIn } from './cilium/stand-in.ts';
import { egressGatewayStandIn } from './egressgateway/stand-in.ts';
import { egressServiceStandIn } from './egressservice/stand-in.ts';
import { kubeVipStandIn } from './kube-vip/stand-in.ts';
import { admitted, install, type StandIn } from './stand-in.ts';

const standIns: readonly StandIn[] = [
  egressGatewayStandIn,
  antreaStandIn,
  ciliumStandIn,
  kubeVipStandIn,
  egressServiceStandIn,
];

const pinned = '192.168.7.101';
const moving = '192.168.7.210';
const cluster: readonly KubeObject[] = [
  ...[1, 2, 3].map((index) => make.node(`n${index}`, `192.168.7.1${index}`, { labels: { theirs: 'yes' } })),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: [pinned] }),
  make.hostSubnet('n2', '192.168.7.12', { egressIPs: [moving], egressCIDRs: ['192.168.7.208/28'] }),
  make.hostSubnet('n3', '192.168.7.13', { egressCIDRs: ['192.168.7.208/28'] }),
  ...['shop', 'bank', 'plain'].map((name, index) => [make.namespace(name), make.netNamespace(name, 10 + index)]).flat(),
];

const sdn = [netNamespaces, hostSubnets, egressNetworkPolicies];
const patch = (client: KubeClient, name: string, egressIPs: readonly string[]) =>
  client.patch(netNamespaces, { name }, { egressIPs }, { type: 'merge', fieldManager: 'admin' });

/** Without what OVN-Kubernetes writes on Nodes. */
function ours(found: Record<string, unknown>): unknown {
  return JSON.parse(
    JSON.stringify(found, (key, value: unknown) => (key.startsWith('k8s.ovn.org/') ? undefined : value)),
  );
}

/** Without choices among formats and rules in CEL, which the embedded server does not know, and references. */
function served(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(served);
  if (!isRecord(value)) return value;
  const isFormats = asList(value['oneOf']).some((one) => fieldOf(one, 'format') !== undefined);
  const kept = Object.entries(value).filter(
    ([key]) => !(key === 'oneOf' && isFormats) && key !== 'x-kubernetes-validations',
  );
  return Object.fromEntries(
    kept.map(([key, inner]) => [
      key,
      asList(fieldOf(inner, 'allOf')).every((one) => fieldOf(one, '$ref') === undefined)
        ? served(inner)
        : { type: 'object' },
    ]),
  );
}

describe.each(standIns.map((standIn) => [standIn.target.name, standIn] as const))('%s', (_, standIn) => {
  const { target } = standIn;
  let started: Started;
  let client: KubeClient;
  let migration: PlanInFolder;

  beforeEach(async () => {
    started = await startCluster();
    client = admitted(standIn, started.client);
    await create(started.client, cluster);
    for (const { kind, object } of standIn.workloads ?? []) await started.client.create(kind, object);
    await patch(client, 'shop', [pinned]);
    await patch(client, 'bank', [moving]);
    migration = await PlanInFolder.of(client, {}, target);
  });
  afterEach(async () => {
    await migration.remove();
    await started.stop();
  });

  async function forth(): Promise<void> {
    await migration.apply();
    await install(standIn, client);
    expect(await migration.apply()).toMatchObject({ kind: 'done', left: 'finalize' });
    await standIn.act(client);
    expect(problemsOf(await migration.verify())).toEqual([]);
  }

  test('forth, finalize and back: all is well on the way, and as it was at the end', async () => {
    const before = ours(await dump(client, [...sdn, nodes]));
    const first = await migration.apply();
    expect(reasonsOf(first).filter((one) => /blocker|changed/.test(one))).toEqual([]);
    expect(first).toMatchObject({ kind: 'waiting', on: 'switch' });
    await install(standIn, client);
    expect(await migration.apply()).toMatchObject({ kind: 'done', left: 'finalize' });
    expect((await migration.verify()).well).toBe(standIn.isSilent === true);
    await standIn.act(client);
    expect(problemsOf(await migration.verify())).toEqual([]);
    expect(await migration.apply({ finalize: true })).toMatchObject({ kind: 'done', left: 'nothing' });
    expect(Object.values(await dump(client, [netNamespaces])).filter((one) => 'egressIPs' in Object(one))).toEqual([]);
    expect(await migration.back()).toMatchObject({ kind: 'done' });
    expect(ours(await dump(client, [...sdn, nodes]))).toEqual(before);
    expect((await objectsOn(client, kindsOf({ target: target.name }))).filter(isMarked)).toEqual([]);
  });

  test('an update gives a namespace another address, moves one to other nodes, and takes one back', async () => {
    await forth();
    await patch(client, 'shop', ['192.168.7.211']);
    await patch(client, 'bank', []);
    await patch(client, 'plain', [moving]);
    await migration.update();
    const outcome = await migration.apply();
    expect(reasonsOf(outcome)).toEqual([]);
    await standIn.act(client);
    expect(problemsOf(await migration.verify())).toEqual([]);
    // once more: what was made anew can be made anew again
    await patch(client, 'shop', ['192.168.7.212']);
    await patch(client, 'plain', []);
    await patch(client, 'bank', [moving]);
    await migration.update();
    expect(reasonsOf(await migration.apply())).toEqual([]);
    await standIn.act(client);
    expect(problemsOf(await migration.verify())).toEqual([]);
    expect(reasonsOf(await migration.back())).toEqual([]);
    expect((await objectsOn(client, kindsOf({ target: target.name }))).filter(isMarked)).toEqual([]);
  });

  test('without the plan: its objects alone lead back, when it has ended', async () => {
    const way = waysBack.find(({ from }) => from === target);
    if (way === undefined) return;
    await forth();
    expect(await migration.apply({ finalize: true })).toMatchObject({ left: 'nothing' });
    const back = await PlanInFolder.of(client, {}, way.target);
    expect(back.plan.findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
    // both would answer for one address: whatever shows that OpenShift SDN runs, somebody says that the other has ended
    if (target.networkType === undefined) {
      expect(reasonsOf(await back.apply())).toEqual([expect.stringContaining(`whether ${target.plugin} has ended`)]);
      expect(Object.values(await dump(client, [netNamespaces])).filter((one) => 'egressIPs' in Object(one))).toEqual(
        [],
      );
      const metadata = { annotations: { [switchedAnnotation]: way.target.name } };
      await client.patch(namespaces, { name: 'kube-system' }, { metadata }, { type: 'merge', fieldManager: 'admin' });
    }
    expect(await back.apply()).toMatchObject({ kind: 'done', left: 'finalize' });
    const requests = (await client.list(netNamespaces)).items.map((one) => [
      one.metadata.name,
      asList(fieldOf(one, 'egressIPs')),
    ]);
    expect(new Map(requests as [string, unknown][])).toEqual(
      new Map([
        ['shop', [pinned]],
        ['bank', [moving]],
        ['plain', []],
      ]),
    );
    expect(problemsOf(await back.verify())).toEqual([]);
    const last = await back.apply({ finalize: true });
    expect(reasonsOf(last)).toEqual([]);
    expect(last).toMatchObject({ kind: 'done', left: 'nothing' });
    expect((await Promise.all(target.makes.map((kind) => client.list(kind)))).flatMap(({ items }) => items)).toEqual(
      [],
    );
    expect(
      (await client.list(nodes)).items.filter((node) => fieldOf(node, 'metadata', 'labels', nodeLabel) !== undefined),
    ).toEqual([]);
    await back.remove();
  });

  test('the definitions of the project itself take all objects', async () => {
    const folder = join(import.meta.dirname, '../../../../shared/crds', standIn.folder);
    if (!existsSync(folder)) return;
    const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    const theirs = files.flatMap((name) => loadAll(readFileSync(join(folder, name), 'utf8')) as KubeObject[]);
    const own = new Set(target.makes.map(({ plural, group }) => `${plural}.${group}`));
    for (const definition of theirs.filter(({ metadata }) => own.has(metadata.name ?? '')))
      await client.create(customResourceDefinitions, served(definition) as KubeObject);
    await migration.apply();
    await install(standIn, client);
    expect(reasonsOf(await migration.apply())).toEqual([]);
  });

  test('nodes are labelled before the switch, and objects wait for it', async () => {
    await migration.apply();
    const labels = (await client.list(nodes)).items.map((node) => fieldOf(node, 'metadata', 'labels', nodeLabel));
    if (migration.plan.steps.some(({ name }) => name === 'label-nodes')) expect(labels).toContain('n1');
    for (const kind of target.makes.filter(({ group }) => group !== ''))
      await expect(client.list(kind)).rejects.toThrow();
  });
});
