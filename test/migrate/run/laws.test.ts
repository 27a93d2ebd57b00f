/**
 * Laws of a migration on a cluster that changes at any moment: every namespace that requests an egress IP is served or
 * named, nothing that others own changes, and the way back leaves nothing of ours and everything of theirs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  egressIPs,
  egressNetworkPolicies,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  nodes,
} from '../../../api/kinds.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import { egressIPItem } from '../../../src/migrate/kinds/egressip.ts';
import { writePlan } from '../../../src/migrate/plan/folder.ts';
import { makePlan } from '../../../src/migrate/plan/make.ts';
import type { Plan } from '../../../src/migrate/plan/plan.ts';
import { readPlan } from '../../../src/migrate/plan/read-folder.ts';
import { type ApplyOutcome, applyPlan } from '../../../src/migrate/run/apply/apply.ts';
import { carryOver } from '../../../src/migrate/run/carry-over.ts';
import { progressOf, readJournal } from '../../../src/migrate/run/journal.ts';
import { readNow } from '../../../src/migrate/run/now.ts';
import { goBack } from '../../../src/migrate/run/undo/undo.ts';
import { verification } from '../../../src/migrate/run/verify/verify.ts';
import type { Snapshot } from '../../../src/migrate/snapshot.ts';
import { ovn } from '../../../src/migrate/targets/ovn/target.ts';
import { matches } from '../../../src/model/objects/selector.ts';
import { passing } from '../../io/kube/passing.ts';
import { generator } from '../../random.ts';
import { rounds } from '../../rounds.ts';
import { applyDefaults, create, dump, isMarked, objectsOn, serveOVN, startCluster, switchToOVN } from '../cluster.ts';
import { make, options } from '../snapshots.ts';

type Random = ReturnType<typeof generator>;

const quiet = { signal: new AbortController().signal, report: () => undefined, progress: () => undefined };
const sdnKinds = [netNamespaces, hostSubnets, egressNetworkPolicies];
const ip = (index: number): string => `192.168.7.${100 + index}`;

/** A cluster that somebody changes, and the plan that follows it. */
class World {
  readonly #client: KubeClient;
  readonly #random: Random;
  #next = 0;
  folder = '';
  plan: Plan | undefined;

  constructor(client: KubeClient, random: Random) {
    this.#client = client;
    this.#random = random;
  }

  async begin(): Promise<void> {
    for (const index of [1, 2, 3]) await this.#node(index);
    for (let count = 0; count < 4; count++) await this.#namespace();
  }

  async #node(index: number): Promise<void> {
    await create(this.#client, [
      make.node(`n${index}`, `192.168.7.1${index}`, { labels: { theirs: 'yes' } }),
      make.hostSubnet(`n${index}`, `192.168.7.1${index}`, {
        egressCIDRs: this.#random(2) === 0 ? ['192.168.7.0/24'] : [],
        egressIPs: this.#random(2) === 0 ? [ip(this.#random(12))] : [],
      }),
    ]);
  }

  async #namespace(): Promise<void> {
    const name = `p${this.#next++}`;
    await create(this.#client, [
      make.namespace(name, { annotations: { theirs: name } }),
      make.netNamespace(name, 10 + this.#next, this.#random(4) === 0 ? {} : { egressIPs: [ip(this.#random(12))] }),
    ]);
    if (this.#random(3) === 0) await create(this.#client, [make.policy(name, 'p', [['Deny', '203.0.113.0/24']])]);
  }

  async #anyOf(kind: Kind): Promise<string | undefined> {
    const { items } = await this.#client.list(kind);
    const own = items.map(({ metadata }) => metadata.name ?? '').filter((name) => /^[pn]\d/.test(name));
    return own[this.#random(Math.max(1, own.length))];
  }

  /** One change by somebody else. */
  async change(): Promise<void> {
    const what = this.#random(7);
    if (what === 0) await this.#namespace();
    const name = await this.#anyOf(what === 1 || what === 5 ? nodes : namespaces);
    if (name === undefined) return;
    const patch = (kind: Kind, body: object): Promise<unknown> =>
      this.#client.patch(kind, { name }, body, { type: 'merge', fieldManager: 'admin' }).catch(() => undefined);
    if (what === 1) await patch(hostSubnets, { egressIPs: [ip(this.#random(12))] });
    if (what === 2) await patch(netNamespaces, { egressIPs: this.#random(3) === 0 ? [] : [ip(this.#random(12))] });
    if (what === 3) for (const kind of [netNamespaces, namespaces]) await this.#client.delete(kind, { name });
    if (what === 4)
      await create(this.#client, [make.policy(name, 'late', [['Deny', '198.51.100.0/24']])]).catch(() => undefined);
    if (what === 5) {
      const index = Number(name.slice(1));
      await this.#client.delete(nodes, { name });
      await this.#client.delete(hostSubnets, { name });
      if (this.#random(2) === 0) await this.#node(index);
    }
    if (what === 6) await patch(namespaces, { metadata: { labels: { team: String(this.#random(9)) } } });
  }

  async makePlan(): Promise<void> {
    const { plan: made } = await this.#made();
    this.folder = join(await mkdtemp(join(tmpdir(), 'sdn-compat-laws-')), 'plan');
    const written = await writePlan(this.folder, made);
    if (!written.ok) throw new Error(written.error);
    this.plan = made;
  }

  async #made(): Promise<{ readonly plan: Plan; readonly snapshot: Snapshot }> {
    const { snapshot } = await readNow(this.#client, { target: 'ovn' }, quiet.signal);
    const given = { ...options, machineNetworks: ['192.168.7.0/24'], allowAPIServer: true };
    return { ...makePlan(snapshot, { tool: 'test', target: ovn, options: given, strict: false }), snapshot };
  }

  async update(): Promise<void> {
    const entries = await readJournal(this.folder);
    if (!entries.ok) throw new Error(entries.error);
    const { plan: fresh, snapshot } = await this.#made();
    const { folder } = this;
    const reports = () => new Map<string, string>();
    const carried = await carryOver({ folder, old: this.plan!, entries: entries.value, fresh, snapshot, reports });
    const read = await readPlan(this.folder);
    if (!carried.ok || !read.ok)
      throw new Error(`the plan was not replaced: ${JSON.stringify(carried.ok ? read : carried)}`);
    this.plan = read.value;
  }

  /** Applies once, while somebody changes the cluster after some of the writes. */
  async apply(isMoving: boolean): Promise<ApplyOutcome> {
    let left = isMoving ? 2 : 0;
    const client = passing(this.#client, {
      patch: async (kind, ref, body, given) => {
        if (left > 0 && this.#random(3) === 0) {
          left--;
          await this.change();
        }
        return this.#client.patch(kind, ref, body, given);
      },
    });
    return applyPlan(
      { client, folder: this.folder, plan: () => Promise.resolve(this.plan!), ...quiet },
      { ...applyDefaults, acceptBlockers: true },
    );
  }

  /** Follows the cluster until it stands still and the plan is applied. */
  async settle(): Promise<ApplyOutcome> {
    for (let tries = 0; ; tries++) {
      await switchToOVN(this.#client);
      const outcome = await this.apply(false);
      if (outcome.kind === 'done' || tries > 3) return outcome;
      await this.update();
    }
  }
}

/** Namespaces that request egress IPs and are neither served with exactly these nor named. */
async function forgotten(client: KubeClient, { plan, folder }: World): Promise<readonly string[]> {
  const [{ items: requests }, { items: all }, { items: served }] = [
    await client.list(netNamespaces),
    await client.list(namespaces),
    await client.list(egressIPs),
  ];
  const entries = await readJournal(folder);
  const now = await readNow(client, { target: 'ovn' }, quiet.signal);
  const { checks } = verification(plan!, now, progressOf(entries.ok ? entries.value : []));
  const named = new Set([
    ...plan!.findings.filter(({ severity }) => severity !== 'info').map(({ name }) => name),
    ...checks.filter(({ well }) => !well).map(({ object }) => object.name.replace(/^egressip-/, '')),
  ]);
  return requests.flatMap((request) => {
    const { name = '' } = request.metadata;
    const wanted = 'egressIPs' in request && Array.isArray(request.egressIPs) ? request.egressIPs.map(String) : [];
    const namespace = all.find(({ metadata }) => metadata.name === name);
    if (wanted.length === 0 || namespace === undefined) return [];
    const own = served
      .map(egressIPItem)
      .filter(({ namespaceSelector }) => matches(namespaceSelector, namespace.metadata.labels ?? {}));
    const isServed = own.length === 1 && wanted.every((one) => own[0]?.egressIPs.includes(one));
    return isServed || named.has(name) ? [] : [`${name} requests ${wanted.join()}`];
  });
}

test.each(Array.from({ length: rounds(200) }, (_, index) => index + 1))('seed %i', async (seed) => {
  const random = generator(seed);
  const started = await startCluster();
  const { client } = started;
  const world = new World(client, random);
  try {
    await world.begin();
    await world.makePlan();
    for (let step = 0; step < 3; step++) {
      if (random(2) === 0) await world.change();
      const outcome = await world.apply(true);
      if (outcome.kind === 'refused') await world.update();
      if (step === 1) await switchToOVN(client);
    }
    const settled = await world.settle();
    expect({ kind: settled.kind, reasons: 'reasons' in settled ? settled.reasons : [] }).toEqual({
      kind: 'done',
      reasons: [],
    });
    await serveOVN(client);
    expect({ seed, forgotten: await forgotten(client, world) }).toEqual({ seed, forgotten: [] });

    const theirs = async (): Promise<unknown> => ({
      sdn: await dump(client, sdnKinds),
      // one that is being deleted goes at a moment of its own
      namespaces: (await client.list(namespaces)).items
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata: { name, labels, annotations } }) => ({ name, labels, annotations: annotations ?? {} })),
      labels: (await client.list(nodes)).items.map(({ metadata: { labels = {} } }) => labels['theirs']),
    });
    const before = await theirs();
    const back = await goBack(
      { client, folder: world.folder, plan: () => Promise.resolve(world.plan!), ...quiet },
      { mode: 'write', force: false, skip: [] },
    );
    expect({ kind: back.kind, reasons: 'reasons' in back ? back.reasons : [] }).toEqual({
      kind: 'done',
      reasons: [],
    });
    expect(await theirs()).toEqual(before);
    expect((await objectsOn(client)).filter(isMarked).map(({ kind, metadata }) => [kind, metadata.name])).toEqual([]);
    expect((await client.list(egressIPs)).items).toEqual([]);
  } finally {
    await started.stop();
    if (world.folder !== '') await rm(dirname(world.folder), { recursive: true, force: true });
  }
});
