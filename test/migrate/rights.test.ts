import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import {
  cloudPrivateIPConfigs,
  clusterNetworks,
  type Kind,
  netNamespaces,
  networkConfigs,
  pods,
} from '../../api/kinds.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { readFacts } from '../../src/migrate/guide/read.ts';
import { snapshotFromServer } from '../../src/migrate/input/server.ts';
import { goBack } from '../../src/migrate/run/undo/undo.ts';
import type { Snapshot } from '../../src/migrate/snapshot.ts';
import { newPlugins, oldPlugin, vendorsPlugin, wanted } from '../../src/migrate/targets.ts';
import { toOVN } from '../../src/migrate/targets/ovn/translate.ts';
import { toSDN } from '../../src/migrate/targets/sdn/translate.ts';
import { create, planFor, serveOVN, startCluster, switchToOVN } from './cluster.ts';
import { make, options } from './snapshots.ts';

interface Role {
  readonly metadata: { readonly name: string };
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

async function granted(file = 'rbac.yaml'): Promise<Record<string, ReadonlySet<string>>> {
  const roles = loadAll(await readFile(join(import.meta.dirname, '../../config/migrate', file), 'utf8')) as Role[];
  const rights = ({ rules }: Role): string[] =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}${group === '' ? '' : `.${group}`}`)),
      ),
    );
  return Object.fromEntries(roles.map((role) => [role.metadata.name, new Set(rights(role))]));
}

/** A client that notes the rights it uses. Server-side apply may create. */
function noting(inner: KubeClient, used: Set<string>): KubeClient {
  const note = (verb: string, { plural, group }: Kind): void =>
    void used.add(`${verb} ${plural}${group === '' ? '' : `.${group}`}`);
  return {
    get: (kind, ref, given) => (note('get', kind), inner.get(kind, ref, given)),
    list: (kind, given) => (note('list', kind), inner.list(kind, given)),
    newestVersion: (kind, given) => (note('list', kind), inner.newestVersion(kind, given)),
    count: (kind, given) => (note('list', kind), inner.count(kind, given)),
    log: () => Promise.reject(new Error('no pod writes a log')),
    create: (kind, object, given) => (note('create', kind), inner.create(kind, object, given)),
    patch: (kind, ref, body, given) => {
      note('patch', kind);
      if (given.type === 'apply' && kind.group !== '') note('create', kind);
      return inner.patch(kind, ref, body, given);
    },
    delete: (kind, ref, given) => (note('delete', kind), inner.delete(kind, ref, given)),
    watch: (kind, request) => (note('watch', kind), inner.watch(kind, request)),
    close: () => undefined,
  };
}

const macvlan = { annotations: { 'pod.network.openshift.io/assign-macvlan': 'true' } };
const env = Object.entries({
  EGRESS_SOURCE: '192.168.7.99/24',
  EGRESS_GATEWAY: '192.168.7.1',
  EGRESS_DESTINATION: '203.0.113.9',
}).map(([name, value]) => ({ name, value }));
const pod = make.any(
  'v1',
  'Pod',
  { namespace: 'shop', name: 'router', ...macvlan },
  { spec: { initContainers: [{ name: 'i', image: 'i', env }], containers: [{ name: 'c', image: 'c' }] } },
);

test('the roles of config/migrate are enough for a migration and both ways back, and writing needs no right that is not used', async () => {
  const started = await startCluster();
  const { client } = started;
  try {
    await create(client, [
      make.node('n1', '192.168.7.11'),
      make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] }),
      ...['shop', 'bank'].map((name) => make.namespace(name)),
      make.netNamespace(
        'shop',
        10,
        { egressIPs: ['192.168.7.101'] },
        { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'true' } },
      ),
      make.netNamespace('bank', 11),
      make.policy('shop', 'p', [['Deny', '203.0.113.0/24']]),
      make.any(
        'cloud.network.openshift.io/v1',
        'CloudPrivateIPConfig',
        { name: '192.168.7.101', finalizers: ['cloud.example.org/release'] },
        { spec: { node: 'n1' } },
      ),
    ]);
    await client.create(clusterNetworks, make.clusterNetwork('redhat/openshift-ovs-multitenant'));
    await client.create(pods, pod);
    const [reading, writing] = [new Set<string>(), new Set<string>()];
    const read = await snapshotFromServer(noting(client, reading), { ...wanted, needed: oldPlugin.makesItself });
    const signal = new AbortController().signal;
    await readFacts(noting(client, reading), { signal, withPods: true });
    const { changes, placement } = toOVN((read as { value: Snapshot }).value, {
      ...options,
      machineNetworks: ['192.168.7.0/24'],
    });
    const by = noting(client, writing);
    const forth = await planFor(client, changes, { placement });
    expect((await forth.apply({}, by)).kind).toBe('waiting');
    await switchToOVN(client);
    const late = await forth.apply({ timeout: 50 }, by);
    expect(late.kind).toBe('failed');
    await client.patch(
      cloudPrivateIPConfigs,
      { name: '192.168.7.101' },
      { metadata: { finalizers: null } },
      { type: 'merge' },
    );
    expect((await forth.apply({}, by)).kind).toBe('done');
    await serveOVN(client);
    expect(await forth.apply({ finalize: true }, by)).toMatchObject({ kind: 'done', left: 'nothing' });
    await client.delete(netNamespaces, { name: 'bank' });
    const alone = toSDN(
      (
        (await snapshotFromServer(noting(client, reading), { ...wanted, needed: oldPlugin.needs })) as {
          value: Snapshot;
        }
      ).value,
    );
    const back = await planFor(client, alone.changes, { plan: { target: 'sdn' } });
    expect((await back.apply({ force: true, finalize: true, acceptUnwell: true }, by)).kind).toBe('done');
    const outcome = await goBack(
      {
        client: by,
        folder: forth.folder,
        plan: () => Promise.resolve(forth.plan),
        signal: new AbortController().signal,
        report: () => undefined,
        progress: () => undefined,
      },
      { mode: 'write', force: true, skip: [] },
    );
    expect(outcome.kind).toBe('done');
    await forth.remove();
    await back.remove();

    const roles = await granted();
    const [mayRead, mayWrite] = [roles['sdn-compat-migrate-read']!, roles['sdn-compat-migrate']!];
    expect([...reading].filter((right) => !mayRead.has(right))).toEqual([]);
    expect([...writing].filter((right) => !mayRead.has(right) && !mayWrite.has(right))).toEqual([]);
    const unused = [...mayWrite].filter((right) => !writing.has(right));
    // waiting for a finalizer of these kinds, which none has here
    expect(unused.sort()).toEqual([
      'get egressfirewalls.k8s.ovn.org',
      'get egressips.k8s.ovn.org',
      'get egressnetworkpolicies.network.openshift.io',
    ]);
    expect(writing.has(`list networks.${networkConfigs.group}`)).toBe(true);
  } finally {
    await started.stop();
  }
});

test('each other target has a role, which is enough to read and write its kinds and no more', async () => {
  const rights = (kinds: readonly Kind[], verbs: readonly string[]): readonly string[] =>
    kinds.flatMap(({ plural, group }) => verbs.map((verb) => `${verb} ${plural}${group === '' ? '' : `.${group}`}`));
  const others = newPlugins.filter((target) => target !== vendorsPlugin);
  const wantedRoles = others.map(({ name, makes, reads = [], wayOut }) => {
    const left = (wayOut?.needs ?? []).filter((kind) => !makes.includes(kind));
    return [
      `sdn-compat-migrate-to-${name}`,
      [
        ...rights(makes, ['list', 'get', 'create', 'patch', 'delete']),
        ...rights(reads, ['list']),
        ...rights(left, ['list', 'get', 'delete']),
      ].sort(),
    ];
  });
  const roles = Object.entries(await granted('targets.yaml')).map(([name, has]) => [name, [...has].sort()]);
  expect(roles).toEqual(wantedRoles);
});
