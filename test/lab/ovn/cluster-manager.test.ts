/**
 * The stand-in's cluster manager against a real API server: each fact that was seen of OVN-Kubernetes's own, by build.
 * Counts and states, no times.
 */
import { cloudPrivateIPConfigs, egressIPs, events, nodes, pods } from '../../../api/kinds.ts';
import { type Build, builds } from '../../../src/lab/ovn/builds.ts';
import type { Assignment } from '../../../src/lab/ovn/placement.ts';
import { egressIPItem } from '../../../src/migrate/kinds/egressip.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { fieldOf } from '../../../src/model/values/json.ts';
import { until } from '../../e2e/lab.ts';
import { nodeIP, StandInCluster, type StandInClusterOptions } from '../../ovn/stand-in.ts';
import { generator } from '../../random.ts';

let cluster: StandInCluster;
afterEach(() => cluster.stop());

async function begin(build: Build, options: StandInClusterOptions = {}): Promise<void> {
  cluster = await StandInCluster.start({ build, ...options });
}

const ip = (index: number): string => `192.168.7.${100 + index}`;
const items = (at: Readonly<Record<string, string>>): readonly Assignment[] =>
  Object.entries(at).map(([egressIP, node]) => ({ egressIP, node }));
const setItems = (name: string, at: Readonly<Record<string, string>>): Promise<void> =>
  cluster.patchEgressIP(name, { status: { items: items(at) } });
const setSpec = (name: string, ips: readonly string[]): Promise<void> =>
  cluster.patchEgressIP(name, { spec: { egressIPs: ips } });
/** Any event of the object. */
const touch = (name: string): Promise<void> =>
  cluster.patchEgressIP(name, { metadata: { labels: { touched: String(cluster.written.length) } } });
const nodeNamed = async (name: string): Promise<KubeObject> => (await cluster.client.get<KubeObject>(nodes, { name }))!;
const read = async (name: string): Promise<KubeObject> => (await cluster.client.get<KubeObject>(egressIPs, { name }))!;

/** Waits until what was written so far has been watched and acted upon: an object made after it has its address. */
async function settle(): Promise<void> {
  const name = `probe-${cluster.written.length}`;
  await cluster.egressIP(name, ['not an address']);
  await until(`the Event of ${name}`, async () => (await cluster.reasons(name)).includes('InvalidEgressIP'));
  await cluster.client.delete(egressIPs, { name });
  await cluster.idle();
}

const believing: readonly Build[] = ['A', 'B'];
const checking: readonly Build[] = ['C', 'D'];

describe.each(builds)('build %s', (build) => {
  test('assigns each address of an object to a node of its own, with one write', async () => {
    await begin(build);
    await cluster.egressIP('p', [ip(0), ip(1), ip(2)]);
    const at = await cluster.assignedOf('p', 3);
    expect(new Set(Object.values(at))).toEqual(new Set(['n0', 'n1', 'n2']));
    await settle();
    expect(cluster.written).toHaveLength(3);
  });

  test('takes the node with the fewest', async () => {
    await begin(build);
    for (let index = 0; index < 9; index++) {
      await cluster.egressIP(`p${index}`, [ip(index)]);
      await cluster.assignedOf(`p${index}`, 1);
    }
    const hosts = (await cluster.client.list(egressIPs)).items.flatMap((one) => [
      ...egressIPItem(one).assigned.values(),
    ]);
    expect(hosts.sort()).toEqual(['n0', 'n0', 'n0', 'n1', 'n1', 'n1', 'n2', 'n2', 'n2']);
  });

  test('an address that leaves spec leaves status, one that comes is placed, and the others stay', async () => {
    await begin(build);
    await cluster.egressIP('p', [ip(0), ip(1)]);
    const before = await cluster.assignedOf('p', 2);
    await setSpec('p', [ip(1), ip(2)]);
    const after = await until('the new one is there', async () => {
      const found = await cluster.assigned('p');
      return found[ip(2)] !== undefined && found;
    });
    expect([Object.keys(after).sort(), after[ip(1)]]).toEqual([[ip(1), ip(2)], before[ip(1)]]);
    await setSpec('p', []);
    await cluster.assignedOf('p', 0);
  });

  test('an entry that is no address leaves the status as it was', async () => {
    await begin(build);
    await cluster.egressIP('p', [ip(0), ip(1)]);
    const before = await cluster.assignedOf('p', 2);
    await setSpec('p', [ip(1), 'nonsense']);
    await until('it says so', async () => (await cluster.reasons('p')).includes('InvalidEgressIP'));
    await settle();
    expect(await cluster.assigned('p')).toEqual(before);
  });

  test('a status that somebody empties or removes comes back as it was', async () => {
    await begin(build);
    await cluster.egressIP('p', [ip(0), ip(1)]);
    const before = await cluster.assignedOf('p', 2);
    await setItems('p', {});
    await cluster.assignedOf('p', 2);
    await cluster.patchEgressIP('p', { status: null });
    expect(await cluster.assignedOf('p', 2)).toEqual(before);
  });

  test.each([
    ['an unknown node', 'nowhere', ip(0)],
    ['a node without the label', 'n3', ip(0)],
    ['a node that is not Ready', 'n4', ip(0)],
    ['an address that spec does not have', 'n1', ip(9)],
    ['an address outside the network of the node', 'n1', '10.0.0.1'],
  ])('an item with %s is replaced', async (_, node, address) => {
    await begin(build, { nodes: 5 });
    await cluster.label('n3', false);
    await cluster.setReady('n4', false);
    await settle();
    const wanted = address.startsWith('10.') ? [address] : [ip(0)];
    await cluster.egressIP('p', wanted, { items: items({ [address]: node }) });
    await until('the item is gone', async () => (await cluster.assigned('p'))[address] !== node);
    await settle();
    const allowed = ['n0', 'n1', 'n2'];
    expect(Object.keys(await cluster.assigned('p'))).toEqual(wanted[0] === ip(0) ? [ip(0)] : []);
    for (const host of Object.values(await cluster.assigned('p'))) expect(allowed).toContain(host);
  });

  test.each([
    ['is not Ready', (node: string) => cluster.setReady(node, false), (node: string) => cluster.setReady(node, true)],
    ['loses the label', (node: string) => cluster.label(node, false), (node: string) => cluster.label(node)],
    [
      'does not answer',
      (node: string) => {
        cluster.setReachable(node, false);
        return Promise.resolve();
      },
      (node: string) => {
        cluster.setReachable(node, true);
        return Promise.resolve();
      },
    ],
    [
      'is deleted',
      (node: string) => cluster.client.delete(nodes, { name: node }),
      (node: string) => cluster.addNode(Number(node.slice(1))),
    ],
  ])('of a node that %s the addresses go elsewhere, and nothing comes back', async (_, fail, mend) => {
    await begin(build);
    await cluster.egressIP('p', [ip(0)]);
    const node = (await cluster.assignedOf('p', 1))[ip(0)]!;
    await fail(node);
    const other = await until('it moved', async () => {
      const now = (await cluster.assigned('p'))[ip(0)];
      return now !== undefined && now !== node && now;
    });
    await mend(node);
    await settle();
    expect(await cluster.assigned('p')).toEqual({ [ip(0)]: other });
  });

  test('what no node can have is unassigned with a reason, and placed when a node comes', async () => {
    await begin(build, { nodes: 1 });
    await cluster.egressIP('p', [ip(0), ip(1)]);
    await cluster.assignedOf('p', 1);
    await cluster.egressIP('q', ['10.9.9.9']);
    await until('both say so', async () => {
      const [p, q] = [await cluster.reasons('p'), await cluster.reasons('q')];
      return p.includes('UnassignedRequest') && q.includes('NoMatchingNodeFound');
    });
    await cluster.addNode(1);
    await cluster.assignedOf('p', 2);
  });

  test('no labeled node: NoMatchingNodeFound, and a label brings it', async () => {
    await begin(build, { labeled: false });
    await cluster.egressIP('p', [ip(0)]);
    await until('it says so', async () => (await cluster.reasons('p')).includes('NoMatchingNodeFound'));
    await cluster.label('n1');
    expect(await cluster.assignedOf('p', 1)).toEqual({ [ip(0)]: 'n1' });
  });

  test('of two objects with one address the second has none, and says why', async () => {
    await begin(build);
    await cluster.egressIP('p', [ip(0)]);
    await cluster.assignedOf('p', 1);
    await cluster.egressIP('q', [ip(0)]);
    await until('it says so', async () => (await cluster.reasons('q')).includes('UnsupportedRequest'));
    expect(await cluster.assigned('q')).toEqual({});
  });

  test('an address of a node is a conflict', async () => {
    await begin(build);
    await cluster.egressIP('p', [nodeIP(1)]);
    await until('it says so', async () => (await cluster.reasons('p')).includes('EgressIPConflict'));
    expect(await cluster.assigned('p')).toEqual({});
  });

  test('while a node has no host-cidrs nothing is assigned, silently, until it is touched', async () => {
    await begin(build);
    await cluster.egressIP('p', [ip(0)]);
    const before = await cluster.assignedOf('p', 1);
    await cluster.label('n2', false);
    await settle();
    const kept = await cluster.assignedOf('p', 1);
    await cluster.setHostCIDRs('n2', false);
    await settle();
    await cluster.egressIP('q', [ip(1)]);
    await cluster.setReady(kept[ip(0)]!, false);
    await until('what was placed is gone', async () => Object.keys(await cluster.assigned('p')).length === 0);
    await cluster.setHostCIDRs('n2', true);
    await settle();
    expect([before[ip(0)] !== undefined, await cluster.assigned('q')]).toEqual([true, {}]);
    expect([await cluster.reasons('p'), await cluster.reasons('q')]).toEqual([[], []]);
    await touch('q');
    await cluster.assignedOf('q', 1);
    await touch('p');
    await cluster.assignedOf('p', 1);
  });

  test('namespaceSelector and order of spec change no status', async () => {
    await begin(build);
    await cluster.egressIP('p', [ip(0), ip(1)]);
    const before = await cluster.assignedOf('p', 2);
    await cluster.patchEgressIP('p', {
      spec: { egressIPs: [ip(1), ip(0)], namespaceSelector: { matchLabels: { a: 'b' } } },
    });
    await settle();
    expect([await cluster.assigned('p'), cluster.written.length]).toEqual([before, 2]);
  });

  test('annotations and labels after the first write', async () => {
    await begin(build);
    const made: KubeObject & { readonly spec: object } = {
      metadata: { name: 'p', annotations: { mine: 'x' }, labels: { own: 'y' } },
      spec: { egressIPs: [ip(0)], namespaceSelector: {} },
    };
    await cluster.client.create<KubeObject>(egressIPs, made);
    await cluster.assignedOf('p', 1);
    const { annotations, labels } = (await read('p')).metadata;
    expect(labels).toEqual({ own: 'y' });
    expect(annotations).toEqual(build === 'A' ? { mine: 'x' } : { 'k8s.ovn.org/egressip-mark': '50000' });
  });

  test('a foreign placement is believed or replaced', async () => {
    await begin(build);
    await cluster.egressIP('p', [ip(0)]);
    const node = (await cluster.assignedOf('p', 1))[ip(0)]!;
    const other = node === 'n0' ? 'n1' : 'n0';
    await setItems('p', { [ip(0)]: other });
    await cluster.egressIP('q', [ip(1)], { items: items({ [ip(1)]: other }) });
    await settle();
    const isBelieved = believing.includes(build);
    if (!isBelieved) await until('it is put right', async () => (await cluster.assigned('p'))[ip(0)] === node);
    expect((await cluster.assigned('p'))[ip(0)]).toBe(isBelieved ? other : node);
    // one write for p's first placement; where nothing is believed one more, and q's own
    expect(cluster.written.length).toBe(isBelieved ? 1 : 3);
  });
});

describe.each(believing)('build %s, which believes', (build) => {
  test('a ready-made status is kept without a write, and the annotations with it until a restart', async () => {
    await begin(build);
    const made: KubeObject & { readonly spec: object; readonly status: object } = {
      metadata: { name: 'p', annotations: { mine: 'x' } },
      spec: { egressIPs: [ip(0)], namespaceSelector: {} },
      status: { items: items({ [ip(0)]: 'n2' }) },
    };
    await cluster.client.create<KubeObject>(egressIPs, made);
    await settle();
    expect([await cluster.assigned('p'), cluster.written]).toEqual([{ [ip(0)]: 'n2' }, []]);
    expect((await read('p')).metadata.annotations).toEqual({ mine: 'x' });
    await cluster.restart();
    await settle();
    expect((await read('p')).metadata.annotations).toEqual(
      build === 'A' ? { mine: 'x' } : { 'k8s.ovn.org/egressip-mark': '50000' },
    );
    expect([await cluster.assigned('p'), cluster.written]).toEqual([{ [ip(0)]: 'n2' }, []]);
  });

  test('it does not look at who else has the address, nor at two of an object on one node', async () => {
    await begin(build);
    const at = { [ip(0)]: 'n2', [ip(1)]: 'n2' };
    await cluster.egressIP('p', [ip(0), ip(1)], { items: items(at) });
    await cluster.egressIP('q', [ip(0)], { items: items({ [ip(0)]: 'n1' }) });
    await settle();
    expect([await cluster.assigned('p'), await cluster.assigned('q')]).toEqual([at, { [ip(0)]: 'n1' }]);
  });

  test('after a foreign move the old node counts as fuller until the restart', async () => {
    await begin(build, { nodes: 2 });
    await cluster.egressIP('p', [ip(0)], { items: items({ [ip(0)]: 'n0' }) });
    await settle();
    await setItems('p', { [ip(0)]: 'n1' });
    await settle();
    // each has one in its memory: both are taken by turns
    await cluster.egressIP('q', [ip(1)]);
    await cluster.egressIP('r', [ip(2)]);
    await Promise.all(['q', 'r'].map((name) => cluster.assignedOf(name, 1)));
    const hosts = [...Object.values(await cluster.assigned('q')), ...Object.values(await cluster.assigned('r'))];
    expect(hosts.sort()).toEqual(['n0', 'n1']);
    await cluster.restart();
    await cluster.egressIP('s', [ip(3)]);
    expect(await cluster.assignedOf('s', 1)).toEqual({ [ip(3)]: 'n0' });
  });

  test('after a foreign move and its deletion nobody can have the address until the restart', async () => {
    await begin(build);
    await cluster.egressIP('p', [ip(0)], { items: items({ [ip(0)]: 'n0' }) });
    await settle();
    await setItems('p', { [ip(0)]: 'n1' });
    await settle();
    await cluster.client.delete(egressIPs, { name: 'p' });
    await settle();
    await cluster.egressIP('q', [ip(0)]);
    await until('it says so', async () => (await cluster.reasons('q')).includes('UnsupportedRequest'));
    await cluster.restart();
    await cluster.assignedOf('q', 1);
  });

  test('two addresses that were swapped are thrown out at the next event', async () => {
    await begin(build);
    await cluster.egressIP('p', [ip(0), ip(1)], { items: items({ [ip(0)]: 'n0', [ip(1)]: 'n1' }) });
    await settle();
    await setItems('p', { [ip(0)]: 'n1', [ip(1)]: 'n0' });
    await settle();
    expect([await cluster.assigned('p'), cluster.written]).toEqual([{ [ip(0)]: 'n1', [ip(1)]: 'n0' }, []]);
    await touch('p');
    await until('they are placed anew', () => cluster.written.length > 0);
  });

  test.each([
    [
      'created anew with a status',
      async () => {
        await cluster.client.delete(egressIPs, { name: 'p' });
        await cluster.egressIP('p', [ip(0)], { items: items({ [ip(0)]: 'n1' }) });
      },
    ],
    [
      'taken out of spec, then back with a status',
      async () => {
        await setSpec('p', []);
        await cluster.assignedOf('p', 0);
        await cluster.patchEgressIP('p', {
          spec: { egressIPs: [ip(0)] },
          status: { items: items({ [ip(0)]: 'n1' }) },
        });
      },
    ],
  ])('an object that is %s leaves nothing stale', async (_, move) => {
    await begin(build, { nodes: 2 });
    await cluster.egressIP('p', [ip(0)], { items: items({ [ip(0)]: 'n0' }) });
    await settle();
    await move();
    await settle();
    expect(await cluster.assigned('p')).toEqual({ [ip(0)]: 'n1' });
    await cluster.egressIP('q', [ip(1)]);
    expect(await cluster.assignedOf('q', 1)).toEqual({ [ip(1)]: 'n0' });
    await cluster.client.delete(egressIPs, { name: 'p' });
    await settle();
    await cluster.egressIP('r', [ip(0)]);
    await cluster.assignedOf('r', 1);
  });

  test('after a restart both of two objects with one address have it, on different nodes', async () => {
    await begin(build);
    await cluster.egressIP('p', [ip(0)]);
    await cluster.assignedOf('p', 1);
    await cluster.egressIP('q', [ip(0)]);
    await settle();
    await cluster.restart();
    const [p, q] = [await cluster.assignedOf('p', 1), await cluster.assignedOf('q', 1)];
    expect(p[ip(0)]).not.toBe(q[ip(0)]);
  });
});

/** Fourteen objects with one address each. */
async function fourteen(): Promise<Readonly<Record<string, string>>> {
  for (let index = 0; index < 14; index++) await cluster.egressIP(`p${index}`, [ip(index)]);
  for (let index = 0; index < 14; index++) await cluster.assignedOf(`p${index}`, 1);
  return all();
}
const all = async (): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries((await cluster.client.list(egressIPs)).items.flatMap((one) => [...egressIPItem(one).assigned]));

test.each(['A', 'B', 'D'] as const)('a restart of build %s keeps everything', async (build) => {
  await begin(build);
  const before = await fourteen();
  const writes = cluster.written.length;
  await cluster.restart();
  await settle();
  expect([await all(), cluster.written.length]).toEqual([before, writes]);
});

test('a restart of build C shuffles everything', async () => {
  await begin('C');
  const before = await fourteen();
  const writes = cluster.written.length;
  await cluster.restart();
  await settle();
  const after = await all();
  expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
  expect(Object.keys(after).filter((one) => after[one] !== before[one]).length).toBeGreaterThan(3);
  expect(cluster.written.length).toBe(writes + 14);
});

test.each(checking)('build %s keeps or replaces what was made while it was away', async (build) => {
  await begin(build);
  await cluster.stopManager();
  await cluster.egressIP('p', [ip(0)], { items: items({ [ip(0)]: 'n2' }) });
  await cluster.startManager();
  await settle();
  expect(cluster.written.length).toBe(build === 'D' ? 0 : 1);
});

test('while it is away a node that fails keeps what it has, and one that blinks is never noticed', async () => {
  await begin('B');
  await cluster.egressIP('p', [ip(0)]);
  const before = await cluster.assignedOf('p', 1);
  const node = before[ip(0)]!;
  await cluster.stopManager();
  await cluster.setReady(node, false);
  await cluster.setReady(node, true);
  await cluster.startManager();
  await settle();
  expect(await cluster.assigned('p')).toEqual(before);
  await cluster.stopManager();
  await cluster.setReady(node, false);
  expect(await cluster.assigned('p')).toEqual(before);
  await cluster.startManager();
  await until('it moved', async () => (await cluster.assigned('p'))[ip(0)] !== node);
});

test('a node whose subnet comes last is usable after the next check of its health only', async () => {
  await begin('B', { nodes: 2, healthInterval: 3_600_000 });
  const subnets = 'k8s.ovn.org/node-subnets';
  await cluster.label('n1', false);
  await cluster.setAnnotated('n1', subnets, false);
  await settle();
  await cluster.label('n1');
  await settle();
  await cluster.setAnnotated('n1', subnets, true);
  await until('it is there', async () => subnets in ((await nodeNamed('n1')).metadata.annotations ?? {}));
  await cluster.egressIP('p', [ip(0)], { items: items({ [ip(0)]: 'n1' }) });
  await settle();
  expect(await cluster.assigned('p')).toEqual({ [ip(0)]: 'n0' });
  await cluster.egressIP('q', [ip(1), ip(2)]);
  await cluster.assignedOf('q', 1);
  await cluster.checkHealth();
  await cluster.assignedOf('q', 2);
});

test('EgressIPs that name nodes go there, labeled or not, and follow the labels', async () => {
  await begin('D', { namesNodes: true, labeled: false });
  const onNodes = { matchLabels: { rack: 'a' } };
  await cluster.egressIP('p', [ip(0)], { onNodes });
  await until('it says so', async () => (await cluster.reasons('p')).includes('NoMatchingNodeFound'));
  const rack = (name: string, value: string | null): Promise<unknown> =>
    cluster.client.patch(nodes, { name }, { metadata: { labels: { rack: value } } }, { type: 'merge' });
  await rack('n2', 'a');
  expect(await cluster.assignedOf('p', 1)).toEqual({ [ip(0)]: 'n2' });
  await rack('n0', 'a');
  await rack('n2', null);
  await until('it follows', async () => (await cluster.assigned('p'))[ip(0)] === 'n0');
});

test('without the field in the served kind nodes cannot be named', async () => {
  await begin('D');
  await cluster.egressIP('p', [ip(0)], { onNodes: { matchLabels: { rack: 'a' } } });
  await cluster.assignedOf('p', 1);
  expect(fieldOf(await read('p'), 'spec', 'egressNodeSelector')).toBeUndefined();
});

test('who writes what: one replaced status by a manager of its own, with Update', async () => {
  await begin('B');
  await cluster.egressIP('p', [ip(0), ip(1)]);
  await cluster.assignedOf('p', 2);
  const managers = ((await read('p')).metadata as { managedFields?: object[] }).managedFields ?? [];
  const own = managers.find((one) => fieldOf(one, 'manager') === 'ovnkube-control-plane');
  expect(own).toMatchObject({ operation: 'Update', fieldsV1: { 'f:status': {}, 'f:metadata': {} } });
  expect(fieldOf(own, 'fieldsV1', 'f:spec')).toBeUndefined();
});

test('on a cloud an address is Assigned there before the status says so, within the capacity of nodes', async () => {
  const capacity = (ip: number): string =>
    JSON.stringify([{ interface: 'eth0', ifaddr: { ipv4: '192.168.7.0/24' }, capacity: { ip } }]);
  await begin('A', {
    cloud: 0,
    nodes: 2,
    before: async (client) => {
      for (const [name, most] of [
        ['n0', 0],
        ['n1', 1],
      ] as const)
        await client.patch(
          nodes,
          { name },
          { metadata: { annotations: { 'cloud.network.openshift.io/egress-ipconfig': capacity(most) } } },
          { type: 'merge' },
        );
    },
  });
  await cluster.egressIP('p', [ip(0)]);
  expect(await cluster.assignedOf('p', 1)).toEqual({ [ip(0)]: 'n1' });
  await cluster.egressIP('q', [ip(1)]);
  await until('it says so', async () => (await cluster.reasons('q')).includes('NoMatchingNodeFound'));
  // a ready-made status is not held against the capacity, nor is the cloud asked until the restart
  await cluster.egressIP('r', [ip(2)], { items: items({ [ip(2)]: 'n1' }) });
  await settle();
  const names = async (): Promise<readonly (string | undefined)[]> =>
    (await cluster.client.list(cloudPrivateIPConfigs)).items.map(({ metadata }) => metadata.name).sort();
  expect([await cluster.assigned('r'), await names()]).toEqual([{ [ip(2)]: 'n1' }, [ip(0)]]);
  await cluster.restart();
  await settle();
  expect(await names()).toEqual([ip(0), ip(2)]);
  await cluster.client.delete(egressIPs, { name: 'p' });
  await until('the cloud has it back', async () => !(await names()).includes(ip(0)));
});

test('the same seed chooses the same nodes', async () => {
  const chosen: object[] = [];
  for (const seed of [7, 7]) {
    await begin('A', { random: generator(seed), nodes: 5 });
    for (let index = 0; index < 5; index++) {
      await cluster.egressIP(`p${index}`, [ip(index)]);
      await cluster.assignedOf(`p${index}`, 1);
    }
    chosen.push(await all());
    if (chosen.length < 2) await cluster.stop();
  }
  expect(chosen[0]).toEqual(chosen[1]);
});

test('for some time after its start it does not act on nodes, but on EgressIPs', async () => {
  await begin('B');
  await cluster.egressIP('p', [ip(0)]);
  const before = await cluster.assignedOf('p', 1);
  await cluster.stopManager();
  await cluster.startManager({ listing: 3_600_000 });
  await cluster.setReady(before[ip(0)]!, false);
  await settle();
  await cluster.egressIP('q', [ip(1)]);
  await cluster.assignedOf('q', 1);
  expect(await cluster.assigned('p')).toEqual(before);
});

test('two objects for one namespace: the first serves, the other is told for each pod', async () => {
  await begin('B');
  await cluster.namespace('shop');
  const pod = (name: string): Promise<KubeObject> =>
    cluster.client.create<KubeObject>(pods, {
      metadata: { name, namespace: 'shop' },
      ...{ spec: { containers: [{ name: 'c', image: 'i' }] } },
    });
  await pod('one');
  await cluster.egressIP('a', [ip(0)], { namespace: 'shop' });
  await cluster.assignedOf('a', 1);
  await cluster.egressIP('b', [ip(1)], { namespace: 'shop' });
  await pod('two');
  await until('it is said for both', async () => {
    const { items: all } = await cluster.client.list(events);
    return all.filter((one) => fieldOf(one, 'reason') === 'UndefinedRequest').length === 2;
  });
  expect([await cluster.reasons('a'), await cluster.reasons('b')]).toEqual([[], ['UndefinedRequest']]);
  expect(cluster.serving('shop')).toBe('a');
  await cluster.patchEgressIP('a', { spec: { egressIPs: [] } });
  await until('the other takes over', () => cluster.serving('shop') === 'b');
  await cluster.patchEgressIP('a', { spec: { egressIPs: [ip(0)] } });
  await cluster.assignedOf('a', 1);
  await until('the first is told now', async () => (await cluster.reasons('a')).includes('UndefinedRequest'));
  expect(cluster.serving('shop')).toBe('b');
});
