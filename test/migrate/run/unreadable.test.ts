/** What apply, verify and back do when a kind cannot be read: unknown is said, and is never permission. */
import { clusterNetworks, configMaps, egressIPs, type Kind, networkConfigs, pods } from '../../../api/kinds.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import { ApiError } from '../../../src/io/kube/error.ts';
import { macvlanKinds, minorKinds } from '../../../src/migrate/input/source.ts';
import { resourceName } from '../../../src/migrate/ref.ts';
import { readNow } from '../../../src/migrate/run/now.ts';
import { kindsOf, wanted } from '../../../src/migrate/targets.ts';
import { ovn } from '../../../src/migrate/targets/ovn/target.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import type { Started } from '../../apiserver/started.ts';
import { passing } from '../../io/kube/passing.ts';
import { create, objectsOn, serveOVN, startCluster, switchToOVN } from '../cluster.ts';
import { PlanInFolder, problemsOf, reasonsOf } from '../plan-in-folder.ts';
import { make } from '../snapshots.ts';

const touched = kindsOf({ target: 'ovn' });

const macvlan = { annotations: { 'pod.network.openshift.io/assign-macvlan': 'true' } };
const env = Object.entries({
  EGRESS_SOURCE: '192.168.7.99/24',
  EGRESS_GATEWAY: '192.168.7.1',
  EGRESS_DESTINATION: '203.0.113.9',
}).map(([name, value]) => ({ name, value }));
const router = make.any(
  'v1',
  'Pod',
  { namespace: 'shop', name: 'router', ...macvlan },
  { spec: { initContainers: [{ name: 'i', image: 'i', env }], containers: [{ name: 'c', image: 'c' }] } },
);
const cluster: readonly KubeObject[] = [
  make.node('n1', '192.168.7.11'),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] }),
  ...['shop', 'bank'].map((name) => make.namespace(name)),
  make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
  make.netNamespace('bank', 11),
  make.policy('bank', 'p', [['Deny', '203.0.113.0/24']]),
];

const all: readonly Kind[] = [...wanted.kinds, ...minorKinds, ...macvlanKinds, configMaps];
const signal = new AbortController().signal;

let started: Started;
let client: KubeClient;
let migration: PlanInFolder;
beforeEach(async () => {
  started = await startCluster();
  client = started.client;
  await create(client, cluster);
  await client.create(clusterNetworks, make.clusterNetwork('redhat/openshift-ovs-multitenant'));
  await client.create(pods, router);
  migration = await PlanInFolder.of(client);
});
afterEach(async () => {
  await migration.remove();
  await started.stop();
});

function without(kind: Kind, error: Error): KubeClient {
  const unless = <T>(one: Kind, work: () => Promise<T>): Promise<T> => (one === kind ? Promise.reject(error) : work());
  return passing(client, {
    list: (one, given) => unless(one, () => client.list(one, given)),
    get: (one, ref, given) => unless(one, () => client.get(one, ref, given)),
  });
}

const forbidden = ({ plural }: Kind): Error =>
  new ApiError(403, {
    message: `${plural} is forbidden: User "x" cannot list resource "${plural}"`,
    reason: 'Forbidden',
  });
const answers = [forbidden, () => new Error('no answer in time'), () => new ApiError(500, { message: 'etcd is slow' })];

/** What it says; its error if it has no result. */
const said = (result: Promise<readonly string[]>): Promise<readonly string[] | string> =>
  result.catch((error: unknown) => (error instanceof Error ? error.message : String(error)));

const commands: readonly ((by: KubeClient) => Promise<readonly string[] | string>)[] = [
  (by) => said(migration.verify(by).then(problemsOf)),
  (by) => said(migration.apply({ finalize: true }, by).then(reasonsOf)),
  (by) => said(migration.back(by).then(reasonsOf)),
];

test('a kind that plans touch, or any kind for another reason than a right, ends them all', async () => {
  await migration.forth();
  const before = await objectsOn(client);
  for (const kind of all)
    for (const answer of answers) {
      if (answer === forbidden && !touched.includes(kind)) continue;
      const error = answer(kind);
      const name = resourceName(kind);
      const text =
        answer === forbidden
          ? `missing right: list ${name} (${error.message})`
          : `cannot read ${name}: ${error.message}`;
      for (const command of commands) expect(await command(without(kind, error))).toBe(text);
    }
  expect(await objectsOn(client)).toEqual(before);
});

test('without a kind that changes are made from nothing tells whether the plan is up to date', async () => {
  await migration.forth();
  await create(client, [
    make.namespace('late'),
    make.netNamespace('late', 12, { egressIPs: ['192.168.7.101'] }),
    make.netNamespace('bare', 13),
  ]);
  for (const kind of ovn.madeFrom) {
    const by = without(kind, forbidden(kind));
    const { snapshot } = await readNow(by, { target: 'ovn' }, signal);
    for (const since of [undefined, snapshot]) {
      const problems = problemsOf(await migration.verify(by, since));
      expect(problems).toContainEqual(
        expect.stringMatching(
          new RegExp(
            `^${kind.kind} \\*: nothing tells whether the same would be planned \\(missing right: (list|get) `,
          ),
        ),
      );
      // what is asked for is named all the same, and nothing is called gone because it cannot be seen
      expect(problems.join('\n')).toContain('EgressIPClaimedTwice');
      expect(problems.join('\n')).not.toContain('any more');
    }
    expect(await migration.apply({ finalize: true }, by)).toMatchObject({ kind: 'refused', writes: 0 });
  }
});

test('what the plan was made without is no change of the cluster', async () => {
  const by = without(pods, forbidden(pods));
  const other = await PlanInFolder.of(by);
  await other.apply({ acceptIncomplete: true }, by);
  await switchToOVN(client);
  expect(await other.apply({ acceptIncomplete: true }, by)).toMatchObject({ kind: 'done' });
  await serveOVN(client);
  expect(problemsOf(await other.verify(by))).toEqual([]);
  await other.remove();
});

test('the other kinds are not asked for it', async () => {
  await migration.forth();
  const rest = all.filter((kind) => !touched.includes(kind) && !ovn.madeFrom.includes(kind));
  expect(rest.length).toBeGreaterThan(5);
  for (const kind of rest) expect(problemsOf(await migration.verify(without(kind, forbidden(kind))))).toEqual([]);
});

test('while nothing tells which plugin runs nothing is created or removed', async () => {
  await migration.apply();
  await switchToOVN(client);
  const by = without(networkConfigs, forbidden(networkConfigs));
  const unknown = [expect.stringMatching(/^Network.config.openshift.io cluster: it cannot be read/)];
  expect(await migration.apply({}, by)).toMatchObject({ kind: 'waiting', writes: 0, reasons: unknown });
  expect((await client.list(egressIPs)).items).toEqual([]);
  await migration.forth();
  expect(await migration.back(by)).toMatchObject({ kind: 'waiting', writes: 0, reasons: unknown });
  expect((await client.list(egressIPs)).items).toHaveLength(1);
});

test('an update without a kind that the plan was made with changes nothing', async () => {
  await migration.forth();
  const { plan } = migration;
  for (const kind of [...touched, ...ovn.madeFrom]) {
    await expect(migration.update({}, without(kind, forbidden(kind)))).rejects.toThrow(
      new RegExp(`is not updated: missing right: (list|get) ${kind === configMaps ? 'configmap' : resourceName(kind)}`),
    );
  }
  await migration.read();
  expect(migration.plan).toEqual(plan);
});
