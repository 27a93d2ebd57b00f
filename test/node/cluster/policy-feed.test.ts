/** Which pods a node follows for NetworkPolicies, against the embedded server, and what is in force meanwhile. */
import { namespaces, networkPolicies, pods } from '../../../api/kinds.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import type { KubeObject, NetworkPolicyObject, PodObject } from '../../../src/model/objects/raw.ts';
import type { Vnid } from '../../../src/model/values/vnid.ts';
import { PolicyFeed } from '../../../src/node/cluster/policy-feed.ts';
import type { PolicyWorld } from '../../../src/node/plan/networkpolicy.ts';
import { logger, start, type Started } from '../../apiserver/started.ts';
import { until } from '../../controllers/started.ts';
import { passing } from '../../io/kube/passing.ts';
import { vnid } from '../states.ts';

let server: Started;
let stop: AbortController;
let now = 0;

beforeEach(async () => {
  server = await start();
  stop = new AbortController();
  now = 0;
  for (const name of ['red', 'blue']) await server.client.create<KubeObject>(namespaces, { metadata: { name } });
});
afterEach(async () => {
  stop.abort();
  await server.stop();
});

const vnids: ReadonlyMap<string, Vnid> = new Map([
  ['red', vnid(77)],
  ['blue', vnid(78)],
]);

const web = { matchLabels: { app: 'web' } };
const toSome = { podSelector: {}, ingress: [{ from: [{ podSelector: web }] }] };
const toNobody = { podSelector: {}, ingress: [] };
const policy = (name: string, spec: NonNullable<NetworkPolicyObject['spec']>): Promise<NetworkPolicyObject> =>
  server.client.create<NetworkPolicyObject>(networkPolicies, { metadata: { namespace: 'red', name }, spec });

async function pod(name: string, nodeName: string, app = 'web'): Promise<void> {
  const metadata = { namespace: 'red', name, labels: { app } };
  const containers = [{ name: 'c', image: 'c' }];
  await server.client.create<PodObject>(pods, { metadata, spec: { nodeName, containers } });
}

/** What was asked of the server about pods, and how many pods it answered; `hold` makes lists of other pods wait. */
class Counted {
  readonly asked: string[] = [];
  received = 0;
  hold: Promise<undefined> = Promise.resolve(undefined);
  /** Namespaces that were answered, and what makes lists of all of them wait. */
  namespaces = 0;
  holdNamespaces: Promise<undefined> = Promise.resolve(undefined);
  readonly client: KubeClient = passing(server.client, {
    list: async (kind, options) => {
      if (kind === namespaces && options?.fieldSelector === undefined) await this.holdNamespaces;
      if (kind === pods && options?.fieldSelector?.includes('!=') === true) await this.hold;
      const list = await server.client.list<never>(kind, options);
      if (kind === pods) this.#count(`list ${options?.fieldSelector ?? 'all'}`, list.items.length);
      if (kind === namespaces) this.namespaces += list.items.length;
      return list;
    },
    watch: (kind, request) => {
      if (kind !== pods) return server.client.watch(kind, request);
      this.#count(`watch ${request.fieldSelector ?? 'all'}`, 0);
      const onText = (text: string): void => {
        this.received += text.split('"type":"').length - 1;
        request.onText(text);
      };
      return server.client.watch(kind, { ...request, onText });
    },
  });

  #count(what: string, received: number): void {
    this.asked.push(what);
    this.received += received;
  }
}

function follow(counted: Counted): PolicyFeed {
  const options = { node: 'me', logger, signal: stop.signal, now: () => now, changed: () => undefined };
  return new PolicyFeed(counted.client, options);
}

const seen = (world: PolicyWorld | undefined) => ({
  policies: world?.policies.map(({ name }) => name).sort(),
  pods: world?.pods.map(({ name }) => name).sort(),
});
const worldOf = (feed: PolicyFeed) => {
  const world = feed.world(vnids);
  return seen(world.ok ? world.value : undefined);
};
const isRead = (feed: PolicyFeed) => (): boolean => feed.world(vnids).ok;

test('while no policy selects pods elsewhere, only pods of this node are asked for and received', async () => {
  await pod('here', 'me');
  for (const name of ['a', 'b', 'c']) await pod(name, 'other');
  await policy('closed', toNobody);
  const counted = new Counted();
  const feed = follow(counted);
  await until('it is read', isRead(feed));
  expect(worldOf(feed)).toEqual({ policies: ['closed'], pods: ['here'] });
  await until('it watches', () => counted.asked.length === 2);
  await pod('d', 'other');
  await pod('late', 'me');
  await until('a pod that comes here is known', () => worldOf(feed).pods?.includes('late') === true);
  expect(counted.asked).toEqual(['list spec.nodeName=me', 'watch spec.nodeName=me']);
  expect(counted.received).toBe(2);
});

test('a policy that selects pods elsewhere is in force once they are known, and until then the one before it', async () => {
  await pod('here', 'me');
  await pod('far', 'other');
  await policy('first', toNobody);
  const counted = new Counted();
  const held = Promise.withResolvers<undefined>();
  counted.hold = held.promise;
  const feed = follow(counted);
  await until('it is read', isRead(feed));
  await feed.inForce(vnids);
  await server.client.patch(networkPolicies, { namespace: 'red', name: 'first' }, { spec: toSome }, { type: 'merge' });
  await policy('second', toSome);
  await policy('third', toNobody);
  await until('what needs no other pods is in force at once', () => worldOf(feed).policies?.includes('third') === true);
  let isInForce = false;
  const waited = feed.inForce(vnids).then(() => (isInForce = true));
  const world = feed.world(vnids);
  expect(world.ok && seen(world.value)).toEqual({ policies: ['first', 'third'], pods: ['here'] });
  expect(world.ok && world.value.policies.find(({ name }) => name === 'first')?.ingress).toEqual([]);
  expect(isInForce).toBe(false);
  held.resolve(undefined);
  await waited;
  expect(worldOf(feed)).toEqual({ policies: ['first', 'second', 'third'], pods: ['far', 'here'] });
  await until('it watches', () => counted.asked.length === 4);
  expect(counted.asked.filter((what) => what.includes('!='))).toEqual([
    'list spec.nodeName!=me',
    'watch spec.nodeName!=me',
  ]);
  expect(counted.received).toBe(2);
});

test('a started agent waits for the pods that its policies select', async () => {
  await pod('far', 'other');
  await policy('p', toSome);
  const counted = new Counted();
  const held = Promise.withResolvers<undefined>();
  counted.hold = held.promise;
  const feed = follow(counted);
  feed.start();
  await until('its own pods are read', () => counted.asked.includes('watch spec.nodeName=me'));
  await until('it asks for the others, or never does', () => !feed.world(vnids).ok && counted.asked.length >= 2);
  expect(feed.world(vnids).ok).toBe(false);
  held.resolve(undefined);
  await until('it is read', isRead(feed));
  expect(worldOf(feed)).toEqual({ policies: ['p'], pods: ['far'] });
});

test('namespaces that share a VNID are told apart by their pods, which are followed then', async () => {
  await pod('far', 'other');
  await policy('p', { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] });
  const feed = follow(new Counted());
  await until('it is read', isRead(feed));
  expect(worldOf(feed).pods).toEqual([]);
  const shared = new Map([...vnids.keys()].map((name) => [name, vnid(77)]));
  feed.spoil();
  expect(feed.world(shared).ok).toBe(true);
  await feed.inForce(shared);
  const world = feed.world(shared);
  expect(world.ok && seen(world.value).pods).toEqual(['far']);
});

test('pods elsewhere are followed for ten minutes after the last policy that selects them, in case there is one again', async () => {
  await pod('far', 'other');
  await policy('p', toSome);
  const counted = new Counted();
  const feed = follow(counted);
  await until('it is read', isRead(feed));
  await server.client.delete(networkPolicies, { namespace: 'red', name: 'p' });
  await until('the policy is gone', () => worldOf(feed).policies?.length === 0);
  now += 599_000;
  await policy('p', toSome);
  await until('it is there again', () => worldOf(feed).policies?.length === 1);
  await server.client.delete(networkPolicies, { namespace: 'red', name: 'p' });
  await until('the policy is gone', () => worldOf(feed).policies?.length === 0);
  now += 601_000;
  feed.spoil();
  expect(worldOf(feed).pods).toEqual([]);
  const lists = (): number => counted.asked.filter((what) => what === 'list spec.nodeName!=me').length;
  expect(lists()).toBe(1);
  await policy('p', toSome);
  await until('it is there again', () => worldOf(feed).pods?.includes('far') === true);
  expect(lists()).toBe(2);
});

describe('Namespaces', () => {
  const ofTeam = { matchLabels: { team: 'a' } };
  const from = (namespaceSelector: object) => ({ podSelector: {}, ingress: [{ from: [{ namespaceSelector }] }] });
  const byName = (...values: readonly string[]): object => ({
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }],
  });
  const labels = async (name: string, team: string): Promise<void> => {
    await server.client.patch(namespaces, { name }, { metadata: { labels: { team } } }, { type: 'merge' });
  };
  const selected = (feed: PolicyFeed, known: ReadonlyMap<string, Vnid> = vnids): readonly string[] | undefined => {
    const world = feed.world(known);
    return world.ok
      ? world.value.namespaces.flatMap(({ name, labels: { team } }) => (team === 'a' ? [name] : []))
      : undefined;
  };
  const named = (feed: PolicyFeed): readonly string[] | undefined => {
    const world = feed.world(vnids);
    return world.ok ? world.value.namespaces.map(({ name }) => name).sort() : undefined;
  };

  it('are not read while none is selected, or all are, or by name', async () => {
    await policy('all', from({}));
    await policy('named', from(byName('blue')));
    const counted = new Counted();
    const feed = follow(counted);
    await until('it is read', isRead(feed));
    expect(named(feed)).toEqual(['blue', 'red']);
    expect(counted.namespaces).toBe(0);
  });

  it('are read but the one that stands for the nodes only while it is there', async () => {
    const hosts = 'openshift-host-network';
    const known = new Map([...vnids, [hosts, vnid(4242)]]);
    const feed = follow(new Counted());
    await until('it is read', isRead(feed));
    const seenHosts = () => {
      const world = feed.world(known);
      return world.ok ? world.value.namespaces.filter(({ name }) => name === hosts).map(({ vnid: has }) => has) : [];
    };
    expect(seenHosts()).toEqual([]);
    await server.client.create<KubeObject>(namespaces, { metadata: { name: hosts } });
    await until('it is known', () => seenHosts().length === 1);
    expect(seenHosts()).toEqual([0]);
  });

  it('are read once a policy selects them by labels, which is in force once they are known', async () => {
    await labels('blue', 'a');
    await policy('p', toNobody);
    const counted = new Counted();
    const held = Promise.withResolvers<undefined>();
    counted.holdNamespaces = held.promise;
    const feed = follow(counted);
    await until('it is read', isRead(feed));
    await server.client.patch(
      networkPolicies,
      { namespace: 'red', name: 'p' },
      { spec: from(ofTeam) },
      { type: 'merge' },
    );
    await policy('later', toNobody);
    await until('what needs no labels is in force at once', () => worldOf(feed).policies?.includes('later') === true);
    const before = feed.world(vnids);
    expect(before.ok && before.value.policies.find(({ name }) => name === 'p')?.ingress).toEqual([]);
    expect(selected(feed)).toEqual([]);
    let isInForce = false;
    const waited = feed.inForce(vnids).then(() => (isInForce = true));
    await until('they are asked for', () => !isInForce);
    held.resolve(undefined);
    await waited;
    expect(selected(feed)).toEqual(['blue']);
    const now = feed.world(vnids);
    expect(now.ok && now.value.policies.find(({ name }) => name === 'p')?.ingress).toHaveLength(1);
    await labels('blue', 'b');
    await until('a label that goes is heard', () => selected(feed)?.length === 0);
  });

  it('that a started agent needs are waited for', async () => {
    await policy('p', from(ofTeam));
    const counted = new Counted();
    const held = Promise.withResolvers<undefined>();
    counted.holdNamespaces = held.promise;
    const feed = follow(counted);
    feed.start();
    await until('its own pods are read', () => counted.asked.includes('watch spec.nodeName=me'));
    expect(feed.world(vnids).ok).toBe(false);
    held.resolve(undefined);
    await until('it is read', isRead(feed));
    expect(counted.namespaces).toBeGreaterThanOrEqual(2);
  });

  it('are read on while a policy that selects by labels is in force because the one after it is not yet', async () => {
    await labels('red', 'a');
    await labels('blue', 'a');
    const notTeam = { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] };
    await policy('p', from(notTeam));
    const counted = new Counted();
    const held = Promise.withResolvers<undefined>();
    counted.hold = held.promise; // pods elsewhere are never known
    const feed = follow(counted);
    await until('it is read', isRead(feed));
    await server.client.patch(networkPolicies, { namespace: 'red', name: 'p' }, { spec: toSome }, { type: 'merge' });
    await policy('q', toNobody);
    await until('the next is known', () => worldOf(feed).policies?.includes('q') === true);
    now += 601_000;
    for (let round = 0; round < 3; round += 1) {
      feed.spoil();
      expect(selected(feed)).toEqual(expect.arrayContaining(['blue', 'red']));
    }
    held.resolve(undefined);
  });
});
