import { customResourceDefinitions, egressIPs, hostSubnets, netNamespaces, nodes } from '../../../../api/kinds.ts';
import { pause } from '../../../../src/io/async/pause.ts';
import type { KubeClient } from '../../../../src/io/kube/client.ts';
import { ApiError } from '../../../../src/io/kube/error.ts';
import { type Build, builds } from '../../../../src/lab/ovn/builds.ts';
import { egressIPNamingNodes } from '../../../../src/lab/ovn/definitions.ts';
import { ClusterManager } from '../../../../src/lab/ovn/manager.ts';
import { egressIPItem } from '../../../../src/migrate/kinds/egressip.ts';
import { objectRef } from '../../../../src/migrate/ref.ts';
import type { ApplyOutcome } from '../../../../src/migrate/run/apply/apply.ts';
import { keepPlacement } from '../../../../src/migrate/run/apply/keep-placement.ts';
import { readNow } from '../../../../src/migrate/run/now.ts';
import { goBack } from '../../../../src/migrate/run/undo/undo.ts';
import type { Phase } from '../../../../src/migrate/target.ts';
import type { TranslateOptions } from '../../../../src/migrate/targets/ovn/options.ts';
import { toOVN } from '../../../../src/migrate/targets/ovn/translate.ts';
import type { Change } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { logger, type Started } from '../../../apiserver/started.ts';
import { until } from '../../../e2e/lab.ts';
import { passing } from '../../../io/kube/passing.ts';
import { generator } from '../../../random.ts';
import { rounds } from '../../../rounds.ts';
import { create, dump, type Migration, planFor, snapshot, startCluster, switchToOVN } from '../../cluster.ts';
import { make, options } from '../../snapshots.ts';

type Random = (limit: number) => number;

let started: Started;
let client: KubeClient;
let manager: ClusterManager | undefined;
/** Every status that it wrote, as `NAME ADDRESS NODE`. */
let written: string[] = [];
let migration: Migration;

beforeEach(async () => {
  started = await startCluster();
  client = started.client;
});
afterEach(async () => {
  await manager?.stop();
  manager = undefined;
  await migration.remove();
  await started.stop();
});

const nodeIP = (index: number): string => `192.168.7.${10 + index}`;
const egressIP = (index: number): string => `192.168.7.${100 + index}`;

/** Nodes with their lists of egress IPs, and the egress IPs of each namespace. */
interface Layout {
  readonly nodes: readonly (readonly string[])[];
  readonly namespaces: readonly (readonly string[])[];
  /** Whether an admin put the egress IPs there. */
  readonly pinned?: boolean;
}

function objectsOf({ nodes: lists, namespaces, pinned = false }: Layout): readonly KubeObject[] {
  return [
    ...lists.flatMap((ips, index) => [
      make.node(`n${index}`, nodeIP(index), { labels: { 'kubernetes.io/hostname': `n${index}` } }),
      make.hostSubnet(`n${index}`, nodeIP(index), { egressIPs: ips, egressCIDRs: pinned ? [] : ['192.168.7.0/24'] }),
    ]),
    ...namespaces.flatMap((ips, index) => [
      make.namespace(`p${index}`),
      make.netNamespace(`p${index}`, 100 + index, { egressIPs: ips }),
    ]),
  ];
}

/** Namespaces with one to three addresses, each on a node of its own; some nodes get none. */
function randomLayout(random: Random): Layout {
  const count = 2 + random(5);
  const lists: string[][] = Array.from({ length: count }, () => []);
  let next = 0;
  const namespaces = Array.from({ length: 3 + random(10) }, () => {
    const homes = new Set(Array.from({ length: 1 + random(3) }, () => random(random(2) === 0 ? count : 2)));
    return [...homes].map((node) => {
      const ip = egressIP(next++);
      lists[node]!.push(ip);
      return ip;
    });
  });
  return { nodes: lists, namespaces };
}

async function plan(layout: Layout, more: Partial<TranslateOptions> = {}): Promise<void> {
  await create(client, objectsOf(layout));
  const made = toOVN(await snapshot(client), { ...options, machineNetworks: ['192.168.7.0/24'], ...more });
  migration = await planFor(client, made.changes, made);
}

async function begin(build: Build, random: Random, cloud?: number): Promise<void> {
  expect(await migration.apply()).toMatchObject({ kind: 'waiting' });
  await switchToOVN(client);
  written = [];
  manager = await ClusterManager.start(client, {
    build,
    random,
    logger,
    listing: 0,
    onWritten: (name, items) => written.push(...items.map(({ egressIP: ip, node }) => `${name} ${ip} ${node}`)),
    ...(cloud === undefined ? {} : { cloud }),
  });
}

/** By address, the node that has it. */
async function placed(): Promise<Readonly<Record<string, string>>> {
  const { items } = await client.list(egressIPs);
  return Object.fromEntries(items.flatMap((one) => [...egressIPItem(one).assigned]));
}

/** By address, the node that had it. */
const before = ({ nodes: lists }: Layout): Readonly<Record<string, string>> =>
  Object.fromEntries(lists.flatMap((ips, index) => ips.map((ip) => [ip, `n${index}`])));

const patient = { patience: 5_000 };

test.each(Array.from({ length: rounds(72) }, (_, index) => index + 1))(
  'every egress IP is assigned to the node that had it, seed %i',
  async (seed) => {
    const random = generator(seed);
    const layout = randomLayout(random);
    await plan(layout);
    await begin(builds[seed % builds.length]!, random);
    expect(await migration.apply(patient)).toMatchObject({ kind: 'done' });
    expect({ seed, placed: await placed() }).toEqual({ seed, placed: before(layout) });
    // none was ever elsewhere, and all nodes that may host are labeled in the end
    expect(new Set(written).size).toBe(layout.namespaces.flat().length);
    const labeled = (await client.list(nodes)).items.filter(
      ({ metadata }) => 'k8s.ovn.org/egress-assignable' in (metadata.labels ?? {}),
    );
    expect(labeled).toHaveLength(layout.nodes.length);
    expect(await migration.apply(patient)).toMatchObject({ kind: 'done', writes: 0 });
  },
);

test.each(Array.from({ length: rounds(24) }, (_, index) => index + 1))(
  'where EgressIPs can name nodes, those that an admin chose are kept, also when they come back, seed %i',
  async (seed) => {
    const random = generator(seed);
    const layout = { ...randomLayout(random), pinned: true };
    await client.create(customResourceDefinitions, egressIPNamingNodes);
    await create(client, objectsOf(layout));
    const { snapshot: found } = await readNow(client, { target: 'ovn' }, new AbortController().signal);
    const made = toOVN(found, { ...options, machineNetworks: ['192.168.7.0/24'] });
    expect(JSON.stringify(made.changes)).toContain('egressNodeSelector');
    migration = await planFor(client, made.changes, made);
    await begin(builds[seed % builds.length]!, random);
    expect(await migration.apply(patient)).toMatchObject({ kind: 'done' });
    expect({ seed, placed: await placed() }).toEqual({ seed, placed: before(layout) });
    const single = layout.namespaces.findIndex((ips) => ips.length === 1);
    if (single === -1) return;
    const [address = ''] = layout.namespaces[single]!;
    const home = before(layout)[address]!;
    await setReady(home, 'False');
    await until('it is on no other node', async () => !(address in (await placed())));
    await setReady(home, 'True');
    await until('it is back', async () => (await placed())[address] === home);
  },
);

test('without --keep-placement the same egress IPs move', async () => {
  const random = generator(3);
  const layout = randomLayout(random);
  await plan(layout, { keepPlacement: false });
  await begin('A', random);
  expect(await migration.apply(patient)).toMatchObject({ kind: 'done' });
  expect(await placed()).not.toEqual(before(layout));
});

/** Ends the run after that many writes, as a kill does. */
async function killedAfter(writes: number): Promise<ApplyOutcome | undefined> {
  const end = new AbortController();
  let left = writes;
  const dying: KubeClient = passing(client, {
    patch: async (...args) => {
      if (left-- === 0) end.abort();
      if (left < 0) throw new Error('killed');
      return client.patch(...args);
    },
  });
  return migration.apply(patient, dying, end.signal).catch(() => undefined);
}

test.each(Array.from({ length: rounds(40) }, (_, index) => index + 1))(
  'killed at any write and run again, it goes on, seed %i',
  async (seed) => {
    const random = generator(1_000 + seed);
    const layout = randomLayout(random);
    await plan(layout);
    await begin(builds[seed % builds.length]!, random);
    for (let kills = 0; kills < 3; kills++) await killedAfter(random(8));
    expect(await migration.apply(patient)).toMatchObject({ kind: 'done' });
    expect({ seed, placed: await placed() }).toEqual({ seed, placed: before(layout) });
  },
);

const layout: Layout = {
  nodes: [[egressIP(0), egressIP(1), egressIP(2)], [egressIP(3), egressIP(4)], [egressIP(5)], []],
  namespaces: [[egressIP(0), egressIP(3)], [egressIP(1)], [egressIP(2), egressIP(4), egressIP(5)]],
};

const setReady = (name: string, status: string): Promise<unknown> =>
  client.patch(
    nodes,
    { name },
    { status: { conditions: [{ type: 'Ready', status }] } },
    { type: 'merge', subresource: 'status' },
  );

test('a node that is not Ready when its turn comes is told, and only its own egress IPs go elsewhere', async () => {
  await plan(layout);
  await begin('A', generator(1));
  await setReady('n1', 'False');
  const outcome = await migration.apply(patient);
  expect(outcome).toMatchObject({ kind: 'done' });
  expect(outcome.told).toContain('Node n1: 2 egress IPs: Node n1 is not Ready; the network plugin chooses other nodes');
  const now = Object.entries(await placed());
  const isOfOthers = ([, node]: readonly [string, string]): boolean => node !== 'n1';
  expect(now).toEqual(expect.arrayContaining(Object.entries(before(layout)).filter(isOfOthers)));
  expect(now.filter(isOfOthers)).toHaveLength(layout.nodes.flat().length);
});

test('a node that somebody else labeled meanwhile ends it, and everything is assigned all the same', async () => {
  await plan(layout);
  await begin('B', generator(1));
  await create(client, [make.node('other', '192.168.7.50', { labels: { 'k8s.ovn.org/egress-assignable': '' } })]);
  await switchToOVN(client);
  const outcome = await migration.apply({ ...patient, acceptChanges: true });
  expect(outcome).toMatchObject({ kind: 'done' });
  expect(outcome.told).toEqual([
    'Node n0: 3 egress IPs: Node other has the label and only 0 egress IPs, so OVN-Kubernetes would not choose n0; from here on the network plugin chooses the nodes',
  ]);
  const all = Object.keys(before(layout));
  while (Object.keys(await placed()).length < all.length) await new Promise((resolve) => setTimeout(resolve, 20));
});

test.each([
  ['is not Ready', () => setReady('n1', 'False'), {}],
  ['is left out', () => Promise.resolve(), { skip: ['Node/n1'] }],
] as const)(
  'a node that %s takes nothing from the others, though namespaces have addresses on all',
  async (_, before, more) => {
    const lists = [0, 1, 2].map((node) => [0, 1, 2, 3].map((index) => egressIP(10 * node + index)));
    const namespaces = [0, 1, 2, 3].map((index) => lists.map((list) => list[index]!));
    await plan({ nodes: lists, namespaces });
    await begin('A', generator(2));
    await before();
    expect(await migration.apply({ ...patient, ...more })).toMatchObject({ kind: 'done' });
    const now = await placed();
    expect([lists[0], lists[2]].map((ips) => ips!.map((ip) => now[ip]))).toEqual([
      Array(4).fill('n0'),
      Array(4).fill('n2'),
    ]);
  },
);

test('a manager that is down is waited for twice, then all objects are there for it', async () => {
  await plan(layout);
  expect(await migration.apply()).toMatchObject({ kind: 'waiting' });
  await switchToOVN(client);
  const outcome = await migration.apply({ patience: 300 });
  expect(outcome).toMatchObject({ kind: 'done' });
  expect(outcome.told).toEqual([
    `Node n0: 3 egress IPs: not assigned within 0.3 s: ${egressIP(0)}, ${egressIP(1)}, ${egressIP(2)}`,
    `Node n1: 2 egress IPs: not assigned within 0.3 s: ${egressIP(3)}, ${egressIP(4)}`,
    'the network plugin assigns nothing; from here on the network plugin chooses the nodes',
  ]);
  const { items } = await client.list(egressIPs);
  expect(items.map((one) => egressIPItem(one).egressIPs)).toEqual(layout.namespaces);
});

/** Where all are but these. */
async function expectOthersKept(...except: readonly string[]): Promise<void> {
  const isOther = ([ip]: readonly [string, string]): boolean => !except.includes(ip);
  expect(
    Object.entries(await placed())
      .filter(isOther)
      .sort(),
  ).toEqual(Object.entries(before(layout)).filter(isOther).sort());
}

test('an address that OVN-Kubernetes never assigns is told, and the others stay on their nodes', async () => {
  await plan(layout);
  await begin('A', generator(1));
  // somebody else's object has it; the manager then stops at it
  const theirs = make.any(
    'k8s.ovn.org/v1',
    'EgressIP',
    { name: 'theirs' },
    { spec: { egressIPs: [egressIP(1)], namespaceSelector: {} } },
  );
  await create(client, [{ ...theirs, ...{ status: { items: [{ egressIP: egressIP(1), node: 'n3' }] } } }]);
  await client.patch(
    nodes,
    { name: 'n3' },
    { metadata: { labels: { 'k8s.ovn.org/egress-assignable': '' } } },
    { type: 'merge' },
  );
  await client.patch(
    nodes,
    { name: 'n3' },
    { metadata: { labels: { 'k8s.ovn.org/egress-assignable': null } } },
    { type: 'merge' },
  );
  const outcome = await migration.apply({ acceptChanges: true, patience: 500 });
  expect(outcome).toMatchObject({ kind: 'done' });
  expect(outcome.told.filter((line) => line.includes('assigned within'))).not.toContain(
    expect.stringContaining('nothing'),
  );
  await expectOthersKept(egressIP(1));
});

test('an EgressIP that cannot be made or is left out holds up nobody', async () => {
  await plan(layout);
  await begin('A', generator(1));
  const refusing: KubeClient = passing(client, {
    patch: (kind, ref, ...rest) =>
      kind === egressIPs && ref.name === 'egressip-p1'
        ? Promise.reject(
            new ApiError(403, { message: 'admission webhook "x" denied the request', reason: 'Forbidden' }),
          )
        : client.patch(kind, ref, ...rest),
  });
  const outcome = await migration.apply({ patience: 60_000 }, refusing);
  expect(outcome).toMatchObject({ kind: 'failed', reasons: [expect.stringContaining('EgressIP egressip-p1: ')] });
  expect(outcome.told).toEqual([]);
  await expectOthersKept(egressIP(1), egressIP(4));
});

test('an EgressIP that somebody deletes while its address is awaited holds up nobody', async () => {
  await plan(layout);
  await switchToOVN(client);
  const shop = make.any(
    'k8s.ovn.org/v1',
    'EgressIP',
    { name: 'shop' },
    { spec: { egressIPs: [], namespaceSelector: {} } },
  );
  const change: Change = { action: 'apply', step: 'keep-placement', object: shop, from: [] };
  const phase: Phase = {
    name: 'one',
    first: [],
    entries: ['192.168.7.101'],
    then: () => [{ change, object: shop }],
    obstacle: () => undefined,
    missing: (_, wasMade) => (wasMade(objectRef(shop)) ? ['192.168.7.101'] : []),
  };
  let isMade = false;
  const kept = keepPlacement({
    client,
    phases: { kinds: [egressIPs], list: [phase] },
    signal: new AbortController().signal,
    patience: 60_000,
    make: async () => {
      await client.create(egressIPs, shop);
      return (isMade = true);
    },
    report: () => undefined,
  });
  await until('it is made', () => Promise.resolve(isMade));
  await pause(200);
  await client.delete(egressIPs, { name: 'shop' });
  await kept;
});

test('a Node that is left out is told, and the egress IPs of the others stay', async () => {
  await plan(layout);
  await begin('A', generator(1));
  const outcome = await migration.apply({ ...patient, skip: ['Node/n1'] });
  expect(outcome).toMatchObject({ kind: 'done' });
  expect(outcome.told).toContain('Node n1: 2 egress IPs: Node n1 is left out; the network plugin chooses other nodes');
  await expectOthersKept(egressIP(3), egressIP(4));
});

test.each([1, 2, 3, 4, 5])('gone back from the middle, nothing of it is left, seed %i', async (seed) => {
  const random = generator(seed);
  await plan(layout);
  const [labels, sdn] = [
    (await client.list(nodes)).items.map(({ metadata }) => metadata.labels),
    await dump(client, [netNamespaces, hostSubnets]),
  ];
  await begin('A', random);
  await killedAfter(1 + random(7));
  await client.patch(nodes, { name: 'n0' }, { metadata: { annotations: { mine: 'x' } } }, { type: 'merge' });
  const { folder, plan: made } = migration;
  const signal = new AbortController().signal;
  const deps = {
    client,
    folder,
    plan: () => Promise.resolve(made),
    signal,
    report: () => undefined,
    progress: () => undefined,
  };
  expect(await goBack(deps, { mode: 'write', force: false, skip: [] })).toMatchObject({ kind: 'done' });
  expect((await client.list(egressIPs)).items).toEqual([]);
  expect((await client.list(nodes)).items.map(({ metadata }) => metadata.labels)).toEqual(labels);
  expect(await dump(client, [netNamespaces, hostSubnets])).toEqual(sdn);
});

test('on a cloud it waits for every CloudPrivateIPConfig', async () => {
  await plan(layout);
  const config = [{ interface: 'eth0', ifaddr: { ipv4: '192.168.7.0/24' }, capacity: { ip: 10 } }];
  const annotations = { 'cloud.network.openshift.io/egress-ipconfig': JSON.stringify(config) };
  for (const { metadata } of (await client.list(nodes)).items)
    await client.patch(nodes, { name: metadata.name! }, { metadata: { annotations } }, { type: 'merge' });
  await begin('A', generator(1), 100);
  expect(await migration.apply(patient)).toMatchObject({ kind: 'done' });
  expect(await placed()).toEqual(before(layout));
});

test('nothing is waited for before the first write, also when no EgressIP is there yet and their list comes last', async () => {
  await plan(layout);
  expect(await migration.apply()).toMatchObject({ kind: 'waiting' });
  await switchToOVN(client);
  manager = await ClusterManager.start(client, { build: 'A', random: generator(1), logger });
  const late = passing(client, {
    list: async (kind, given) => {
      if (kind === egressIPs) await new Promise((resolve) => setTimeout(resolve, 300));
      return client.list(kind, given);
    },
  });
  expect(await migration.apply({ patience: 600_000 }, late)).toMatchObject({ kind: 'done' });
  expect(await placed()).toEqual(before(layout));
});

test('without the right to follow what is assigned it ends, names the right, and goes on when it is there', async () => {
  await plan(layout);
  await begin('A', generator(1));
  for (const kind of [nodes, egressIPs]) {
    const message = `User "x" cannot watch resource "${kind.plural}" in API group`;
    const blind = passing(client, {
      watch: (one, request) =>
        one === kind ? Promise.reject(new ApiError(403, { message, reason: 'Forbidden' })) : client.watch(one, request),
    });
    await expect(migration.apply({ patience: 600_000 }, blind)).rejects.toThrow(/^missing right: watch \w+/);
  }
  expect(await migration.apply(patient)).toMatchObject({ kind: 'done' });
  expect(await placed()).toEqual(before(layout));
});

test('a server that ends every watch is no plugin that assigns nothing', async () => {
  await plan(layout);
  await begin('A', generator(1));
  const refused = new ApiError(429, { message: 'the proxy cut it off' });
  const blind = passing(client, { watch: () => Promise.reject(refused) });
  const { kind, told } = await migration.apply({ patience: 300 }, blind);
  expect([kind, told.at(-1)]).toEqual([
    'done',
    expect.stringMatching(/^\w+ cannot be followed: the proxy cut it off; from here on the network plugin chooses/),
  ]);
});

test('where every connection breaks, the lists that follow show what is assigned', async () => {
  await plan(layout);
  await begin('A', generator(1));
  const cut = passing(client, { watch: () => Promise.reject(new Error('socket hang up')) });
  const { kind, told } = await migration.apply({ patience: 5000 }, cut);
  expect([kind, told.filter((line) => line.includes('from here on the network plugin chooses'))]).toEqual(['done', []]);
});

test('a node with the label before the migration and too few egress IPs makes a finding, and the plain order', async () => {
  const objects = [
    ...objectsOf(layout),
    make.node('old', '192.168.7.60', { labels: { 'k8s.ovn.org/egress-assignable': '' } }),
  ];
  await create(client, objects);
  const made = toOVN(await snapshot(client), { ...options, machineNetworks: ['192.168.7.0/24'] });
  migration = await planFor(client, made.changes, made);
  expect(made.findings.filter(({ code }) => code === 'PlacementNotKept')).toMatchObject([
    { kind: 'Node', name: 'old' },
  ]);
  expect(migration.plan.steps.map(({ name }) => name)).toContain('label-nodes');
  expect([...made.placement.values()].filter(({ expected }) => expected !== undefined)).toEqual([]);
});

test('what each egress IP is expected to do is in placement.json', async () => {
  await plan(layout);
  expect(Object.fromEntries([...migration.plan.placement].map(([ip, { expected }]) => [ip, expected]))).toEqual(
    before(layout),
  );
});
