/** A cluster of OpenShift on the embedded API server, its admin, and its operators, who take one step at a time. */
import { crds } from '../../../api/crds.ts';
import {
  clusterNetworks,
  clusterVersions,
  configMaps,
  customResourceDefinitions,
  daemonSets,
  infrastructures,
  type Kind,
  machineConfigPools,
  namespaces,
  networkConfigs,
  networkOperators,
  nodes,
  pods,
} from '../../../api/kinds.ts';
import type { KubeClient, ListOptions } from '../../../src/io/kube/client.ts';
import { type Choice, procedureFor } from '../../../src/migrate/guide/choice.ts';
import { readFacts } from '../../../src/migrate/guide/read.ts';
import { type Stand, standOf } from '../../../src/migrate/guide/stand.ts';
import { readJournal } from '../../../src/migrate/run/journal.ts';
import { goBack } from '../../../src/migrate/run/undo/undo.ts';
import { toOVN } from '../../../src/migrate/targets/ovn/translate.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { fieldOf } from '../../../src/model/values/json.ts';
import { start, type Started } from '../../apiserver/started.ts';
import { passing } from '../../io/kube/passing.ts';
import { create, type Migration, planFor, serveOVN, snapshot, switchToOVN } from '../cluster.ts';
import { make, options } from '../snapshots.ts';
import { beside, networkCRDs } from './openshift.ts';

/** Whose pods a DaemonSet's are; nothing makes them. */
const daemonSpec = (app: string): object => ({
  selector: { matchLabels: { app } },
  template: { metadata: { labels: { app } }, spec: { containers: [{ name: app, image: 'i' }] } },
});

export type Type = 'OpenShiftSDN' | 'OVNKubernetes';

const long = '2026-01-02T03:04:05Z';
const cluster = { name: 'cluster' };
const config = 'machineconfiguration.openshift.io';
const pending = 'migration.network.openshift.io/plugin';
const names = ['master', 'worker'];

export const now = (): string => new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString();

/** Waits until a moment that times in whole seconds tell from now. */
async function nextSecond(): Promise<void> {
  const end = Math.floor(Date.now() / 1_000) * 1_000 + 1_000;
  while (Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** The objects of a cluster that runs OpenShift SDN, on the release. */
export function objects(release: string): readonly KubeObject[] {
  const ready = [
    { type: 'Updated', status: 'True', lastTransitionTime: long },
    { type: 'Updating', status: 'False', lastTransitionTime: long },
    { type: 'Degraded', status: 'False', lastTransitionTime: long },
  ];
  const rendered = (pool: string): object => ({ name: `rendered-${pool}-OpenShiftSDN` });
  const daemon = (name: string, namespace: string): KubeObject =>
    make.any(
      'apps/v1',
      'DaemonSet',
      { name, namespace },
      {
        spec: daemonSpec(name),
        status: { observedGeneration: 99, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 },
      },
    );
  return [
    ...['openshift-multus', 'openshift-sdn', 'openshift-network-operator', 'shop'].map((name) => make.namespace(name)),
    make.any('v1', 'Namespace', { name: 'openshift-machine-config-operator' }, {}),
    make.any(
      'config.openshift.io/v1',
      'ClusterVersion',
      { name: 'version' },
      { spec: {}, status: { desired: { version: release } } },
    ),
    make.any('config.openshift.io/v1', 'Infrastructure', cluster, {
      spec: {},
      status: { controlPlaneTopology: 'HighlyAvailable' },
    }),
    make.any('config.openshift.io/v1', 'Network', cluster, {
      spec: { networkType: 'OpenShiftSDN' },
      status: { networkType: 'OpenShiftSDN' },
    }),
    make.any('operator.openshift.io/v1', 'Network', cluster, {
      spec: { defaultNetwork: { type: 'OpenShiftSDN' }, managementState: 'Managed' },
    }),
    daemon('multus', 'openshift-multus'),
    ...names.flatMap((name, index) => [
      make.node(name, `192.168.7.1${index + 1}`, {
        annotations: {
          [`${config}/state`]: 'Done',
          [`${config}/currentConfig`]: `rendered-${name}-OpenShiftSDN`,
          [`${config}/desiredConfig`]: `rendered-${name}-OpenShiftSDN`,
        },
      }),
      make.hostSubnet(name, `192.168.7.1${index + 1}`, { egressIPs: [`192.168.7.10${index + 1}`] }),
      make.any(
        `${config}/v1`,
        'MachineConfigPool',
        { name },
        {
          spec: { paused: false, configuration: rendered(name) },
          status: { machineCount: 1, updatedMachineCount: 1, configuration: rendered(name), conditions: ready },
        },
      ),
      make.any(
        'v1',
        'Pod',
        {
          name: `machine-config-daemon-${name}`,
          namespace: 'openshift-machine-config-operator',
          labels: { 'k8s-app': 'machine-config-daemon' },
        },
        {
          spec: { nodeName: name, containers: [{ name: 'machine-config-daemon', image: 'm' }] },
          status: { containerStatuses: [{ name: 'machine-config-daemon', state: { running: { startedAt: long } } }] },
        },
      ),
    ]),
    make.netNamespace(
      'shop',
      10,
      { egressIPs: ['192.168.7.101'] },
      { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'true' } },
    ),
    make.policy('shop', 'p', [['Deny', '203.0.113.0/24']]),
  ];
}

export interface Step {
  readonly stage: string;
  readonly command: string;
}

export class World {
  readonly started: Started;
  readonly minor: number;
  plan: Migration | undefined;
  #tainted = false;
  #writes = 0;

  private constructor(started: Started, minor: number) {
    this.started = started;
    this.minor = minor;
  }

  static async begin(minor: number, its: readonly object[] = networkCRDs(minor)): Promise<World> {
    const started = await start({ crds: [...crds, ...beside, ...its], namespaceDelay: 0 });
    const world = new World(started, minor);
    await world.#fill().catch(async (error: unknown) => {
      await started.stop();
      throw error;
    });
    return world;
  }

  async #fill(): Promise<void> {
    const { started, minor } = this;
    await started.client.create(clusterNetworks, make.clusterNetwork());
    for (const object of objects(`4.${minor}.9`)) {
      const kind = kinds.find((one) => one.kind === object.kind && apiVersion(one) === object.apiVersion);
      if (kind === undefined) await create(started.client, [object]);
      else await started.client.create(kind, object, { fieldManager: 'installer' });
    }
    // what status subresources left out
    for (const name of names) await this.#restart(name, long);
    await this.status(networkConfigs, { networkType: 'OpenShiftSDN' });
  }

  async stop(): Promise<void> {
    await this.plan?.remove();
    await this.started.stop();
  }

  get client(): KubeClient {
    return this.started.client;
  }

  async look(choice: Choice, withPlan = true): Promise<Stand> {
    const { plan } = this;
    const entries = plan === undefined ? undefined : await readJournal(plan.folder);
    const facts = await readFacts(withMTU(this.client), {
      signal: new AbortController().signal,
      withPods: choice.mode === 'live',
      ...(plan === undefined || entries?.ok !== true || !withPlan
        ? {}
        : {
            plan: {
              plan: plan.plan,
              folder: plan.folder,
              entries: entries.value,
              withRestore: choice.direction === 'back',
            },
          }),
    });
    const procedure = procedureFor(facts, choice);
    if (!procedure.ok) throw new Error(procedure.error);
    return standOf(facts, procedure.value);
  }

  /** Follows the guide to the end, and returns what it said. Throws if a command is refused or nothing moves on. */
  async walk(choice: Choice, record: (stand: Stand) => void = () => undefined): Promise<readonly Step[]> {
    const steps: Step[] = [];
    for (let count = 0; count < 80; count++) {
      const stand = await this.look(choice);
      const { next, unclear } = stand;
      record(stand);
      if (unclear.length > 0) throw new Error(`it cannot be told: ${unclear.join('; ')}`);
      if (next === undefined) return steps;
      const last = steps.at(-1);
      if (last?.stage !== next.stage || last.command !== next.command)
        steps.push({ stage: next.stage, command: next.command });
      if (next.isWait) await this.tick();
      else for (const command of next.command.split(' && ')) await this.run(command);
    }
    throw new Error(`the walk does not end: ${JSON.stringify(steps.slice(-4))}`);
  }

  /** Takes each next command until the stage is next. */
  async walkTo(stage: string, choice: Choice): Promise<void> {
    const passed: string[] = [];
    for (let count = 0; count < 80; count++) {
      const { next } = await this.look(choice);
      if (next?.stage === stage) return;
      if (next === undefined) throw new Error(`the walk ended before ${stage}: ${passed.join(', ')}`);
      passed.push(next.stage);
      await (next.isWait ? this.tick() : this.run(next.command));
    }
    throw new Error(`the walk does not come to ${stage}: ${passed.slice(-4).join(', ')}`);
  }

  /** What the shell of the admin does. */
  async run(command: string): Promise<void> {
    const patched = patchOf(command);
    if (patched !== undefined) return this.patch(patched);
    const [, namespace] = /^oc delete namespace (\S+)$/.exec(command) ?? [];
    if (namespace !== undefined) return this.client.delete(namespaces, { name: namespace });
    if (command === 'oc -n openshift-multus rollout status daemonset/multus') return this.tick();
    if (command.includes('shutdown -r')) return this.reboot();
    if (command.startsWith('sdn-compat migrate plan --to ovn')) return this.makePlan();
    const [, verb, folder, rest] = /^sdn-compat migrate (\w+) --plan (\S+)(.*)$/.exec(command) ?? [];
    if (this.plan === undefined || folder !== this.plan.folder) throw new Error(`no plan for: ${command}`);
    switch (verb) {
      case 'apply': {
        const outcome = await this.plan.apply({ finalize: rest === ' --finalize' });
        if (!['done', 'waiting'].includes(outcome.kind)) throw new Error(`${command}: ${JSON.stringify(outcome)}`);
        return;
      }
      case 'verify':
        return serveOVN(this.client);
      case 'back':
        return this.back();
      default:
        throw new Error(`not known: ${command}`);
    }
  }

  /** A merge patch as `oc` sends it. It must be taken as it is: nothing of it pruned. */
  async patch({ kind, name, body }: Patched): Promise<void> {
    if (kind === networkConfigs && fieldOf(body, 'spec', 'networkType') !== undefined) await nextSecond();
    const is = await this.client.patch<KubeObject>(kind, { name }, body, {
      type: 'merge',
      fieldManager: this.#manager('kubectl-patch'),
    });
    const lost = lostOf(body, is);
    if (lost.length > 0) throw new Error(`the server does not keep ${lost.join(', ')}`);
    // the operator's own refusal in 4.14
    if (kind !== networkOperators || this.minor !== 14) return;
    const migration = fieldOf(is, 'spec', 'migration');
    if (fieldOf(migration, 'features') !== undefined && fieldOf(migration, 'networkType') === undefined)
      this.#tainted = true;
    if (this.#tainted) throw new Error('4.14 takes features only with networkType');
  }

  async makePlan(): Promise<void> {
    const { changes, placement } = toOVN(await snapshot(this.client), {
      ...options,
      machineNetworks: ['192.168.7.0/24'],
    });
    const client = this.client;
    this.plan = await planFor(client, changes, { placement });
  }

  async back(): Promise<void> {
    const { folder, plan } = this.plan!;
    const signal = new AbortController().signal;
    const outcome = await goBack(
      {
        client: this.client,
        folder,
        plan: () => Promise.resolve(plan),
        signal,
        report: () => undefined,
        progress: () => undefined,
      },
      { mode: 'write', force: false, skip: [] },
    );
    if (!['done', 'waiting'].includes(outcome.kind)) throw new Error(`back: ${JSON.stringify(outcome)}`);
  }

  /** The operators take one step; nothing if there is none. */
  async tick(): Promise<void> {
    const net = await this.client.get<KubeObject>(networkConfigs, cluster);
    const operator = await this.client.get<KubeObject>(networkOperators, cluster);
    const wanted = String(fieldOf(net, 'spec', 'networkType')) as Type;
    const type = String(fieldOf(net, 'status', 'networkType')) as Type;
    const asked = fieldOf(operator, 'spec', 'migration', 'networkType');
    if (fieldOf(net, 'metadata', 'annotations', 'network.openshift.io/network-type-migration') !== undefined)
      return this.#liveTick(net!, wanted);
    if (asked !== fieldOf(net, 'status', 'migration', 'networkType')) {
      await this.status(networkConfigs, { migration: asked === undefined ? null : { networkType: asked } });
      if (asked === 'OpenShiftSDN') await this.#crdsOfSDN(true);
      return this.#render((asked ?? type) as Type);
    }
    if (await this.#roll()) return;
    if (wanted !== type) {
      await this.status(networkConfigs, { networkType: wanted });
      await this.#daemonSet(1);
      return this.#namespaceOf(wanted);
    }
    await this.#daemonSet(2);
    if (asked === undefined && type === 'OVNKubernetes') await this.#crdsOfSDN(false);
  }

  /** The live migration: deploy, first round, second round, purge, each in two steps. */
  async #liveTick(net: KubeObject, to: Type): Promise<void> {
    const other = to === 'OVNKubernetes' ? 'OpenShiftSDN' : 'OVNKubernetes';
    const conditions = (fieldOf(net, 'status', 'conditions') ?? []) as readonly {
      readonly type: string;
      readonly status: string;
    }[];
    const is = (type: string): boolean => conditions.some((one) => one.type === type && one.status === 'True');
    const set = (status: string, reason: string, ...types: readonly string[]): Promise<void> =>
      this.status(networkConfigs, {
        conditions: [
          ...conditions.filter((one) => !types.includes(one.type)),
          ...types.map((type) => ({ type, status, reason, message: '', lastTransitionTime: now() })),
        ],
      });
    const [available, mtu, inUse, purged] = [
      'TargetCNIAvailable',
      'MTUReady',
      'TargetCNIInUse',
      'OriginalCNIPurged',
    ].map((name) => `NetworkTypeMigration${name}`) as [string, string, string, string];
    const progress = 'NetworkTypeMigrationInProgress';
    const isOver = conditions.some(({ type, status }) => type === progress && status === 'False');
    if (conditions.length === 0 || (isOver && fieldOf(net, 'status', 'networkType') !== to))
      return set('True', 'NetworkTypeMigrationStarted', progress);
    if (isOver) return;
    if (!is(available)) {
      await this.#namespaceOf(to);
      if (to === 'OpenShiftSDN') await this.#crdsOfSDN(true);
      const migration = { networkType: to, mode: 'Live' };
      const operator = { type: 'merge', fieldManager: 'operconfig' } as const;
      await this.client.patch(networkOperators, cluster, { spec: { migration } }, operator);
      for (const name of names)
        await this.client.patch(nodes, { name }, { metadata: { labels: { [pending]: other } } }, operator);
      return set('True', 'AsExpected', available);
    }
    if (!is(mtu)) {
      await this.#render(to);
      while (await this.#roll());
      return set('True', 'AsExpected', mtu);
    }
    if (fieldOf(net, 'status', 'networkType') !== to) return this.status(networkConfigs, { networkType: to });
    if (!is(inUse)) {
      const waiting = (await this.client.list<KubeObject>(nodes)).items.find(
        ({ metadata }) => metadata.labels?.[pending] !== undefined,
      );
      if (waiting === undefined) {
        if (to === 'OVNKubernetes') await switchToOVN(this.client);
        return set('True', 'AsExpected', inUse);
      }
      const ref = { name: waiting.metadata.name ?? '' };
      await this.#restart(ref.name);
      await this.client.patch(nodes, ref, { metadata: { labels: { [pending]: null } } }, { type: 'merge' });
      return;
    }
    if (!is(purged)) {
      await set('True', 'AsExpected', purged);
      await this.client.patch(networkOperators, cluster, { spec: { migration: null } }, { type: 'merge' });
      return to === 'OVNKubernetes' ? this.#crdsOfSDN(false) : undefined;
    }
    await this.status(networkConfigs, {
      conditions: [
        ...[available, mtu, inUse, purged].map((type) => ({
          type,
          status: 'Unknown',
          reason: 'NetworkTypeMigrationNotInProgress',
          message: '',
          lastTransitionTime: now(),
        })),
        {
          type: progress,
          status: 'False',
          reason: 'NetworkTypeMigrationCompleted',
          message: '',
          lastTransitionTime: now(),
        },
      ],
    });
  }

  /** All nodes start again, with the plugin that is the default now. */
  async reboot(): Promise<void> {
    for (const name of names) await this.#restart(name);
    const net = await this.client.get<KubeObject>(networkConfigs, cluster);
    if (fieldOf(net, 'status', 'networkType') === 'OVNKubernetes') await switchToOVN(this.client);
  }

  async #restart(name: string, startedAt = now()): Promise<void> {
    const ref = { name: `machine-config-daemon-${name}`, namespace: 'openshift-machine-config-operator' };
    const containerStatuses = [{ name: 'machine-config-daemon', state: { running: { startedAt } } }];
    const by = { type: 'merge', subresource: 'status' } as const;
    await this.client.patch(pods, ref, { status: { containerStatuses } }, by);
  }

  async #namespaceOf(type: Type): Promise<void> {
    const name = type === 'OVNKubernetes' ? 'openshift-ovn-kubernetes' : 'openshift-sdn';
    await this.client.create(namespaces, make.namespace(name)).catch(() => undefined);
    if (type !== 'OVNKubernetes') return;
    const status = { observedGeneration: 99, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 };
    const made = make.any(
      'apps/v1',
      'DaemonSet',
      { name: 'ovnkube-node', namespace: name },
      { spec: daemonSpec('ovnkube-node'), status },
    );
    await this.client.create(daemonSets, made).catch(() => undefined);
  }

  async #daemonSet(updatedNumberScheduled: number): Promise<void> {
    const ref = { name: 'multus', namespace: 'openshift-multus' };
    const by = { type: 'merge', subresource: 'status' } as const;
    await this.client.patch(daemonSets, ref, { status: { updatedNumberScheduled } }, by);
  }

  async #crdsOfSDN(wanted: boolean): Promise<void> {
    for (const one of crds) {
      if (wanted) await this.client.create(customResourceDefinitions, one as KubeObject).catch(() => undefined);
      else await this.client.delete(customResourceDefinitions, { name: (one as KubeObject).metadata.name ?? '' });
    }
  }

  /** New configurations for all pools. */
  async #render(type: Type): Promise<void> {
    for (const name of names) {
      const pool = await this.client.get<KubeObject>(machineConfigPools, { name });
      const wanted = `rendered-${name}-${type}`;
      if (fieldOf(pool, 'spec', 'configuration', 'name') === wanted) continue;
      // what no node has taken up yet is taken back without a reboot
      const hasIt = fieldOf(pool, 'status', 'configuration', 'name') === wanted;
      const body = {
        spec: { configuration: { name: wanted } },
        status: { updatedMachineCount: hasIt ? 1 : 0, conditions: conditionsOf(hasIt) },
      };
      await this.client.patch(machineConfigPools, { name }, body, { type: 'merge' });
    }
  }

  /** One pool that is not paused reboots its node into its configuration. Whether there was one. */
  async #roll(): Promise<boolean> {
    for (const { metadata, ...pool } of (await this.client.list<KubeObject>(machineConfigPools)).items) {
      const wanted = String(fieldOf(pool, 'spec', 'configuration', 'name'));
      const { name = '' } = metadata;
      if (fieldOf(pool, 'spec', 'paused') === true || fieldOf(pool, 'status', 'configuration', 'name') === wanted)
        continue;
      const body = {
        status: { updatedMachineCount: 1, configuration: { name: wanted }, conditions: conditionsOf(true) },
      };
      await this.client.patch(machineConfigPools, { name }, body, { type: 'merge' });
      await this.#restart(name);
      const annotations = { [`${config}/currentConfig`]: wanted, [`${config}/desiredConfig`]: wanted };
      await this.client.patch(nodes, { name }, { metadata: { annotations } }, { type: 'merge' });
      return true;
    }
    return false;
  }

  /** A new name each time: this server keeps the time of a manager that writes another value to the same fields. */
  #manager(name: string): string {
    this.#writes++;
    return `${name}-${this.#writes}`;
  }

  /** Writes the status as the network operator does. */
  async status(kind: Kind, status: object): Promise<void> {
    const by = { type: 'merge', fieldManager: this.#manager('operconfig') } as const;
    const is = await this.client.patch<KubeObject>(kind, cluster, { status }, by);
    const lost = lostOf({ status }, is);
    if (lost.length > 0) await this.client.patch(kind, cluster, { status }, { ...by, subresource: 'status' });
  }
}

/** The client of a server that has the ConfigMap of the nodes' MTU: the embedded one has no ConfigMaps. */
export function withMTU(client: KubeClient): KubeClient {
  const map = { metadata: { name: 'mtu', namespace: 'openshift-network-operator' } };
  return passing(client, {
    list: <T extends KubeObject>(kind: Kind, given?: ListOptions) =>
      kind === configMaps ? Promise.resolve({ items: [map as T], resourceVersion: '1' }) : client.list<T>(kind, given),
    close: () => client.close(),
  });
}

function conditionsOf(updated: boolean): readonly object[] {
  return [
    { type: 'Updated', status: updated ? 'True' : 'False', lastTransitionTime: now() },
    { type: 'Updating', status: updated ? 'False' : 'True', lastTransitionTime: now() },
    { type: 'Degraded', status: 'False', lastTransitionTime: now() },
  ];
}

const kinds: readonly Kind[] = [
  clusterVersions,
  infrastructures,
  networkConfigs,
  networkOperators,
  machineConfigPools,
  daemonSets,
  pods,
];

function apiVersion({ group, version }: Kind): string {
  return group === '' ? version : `${group}/${version}`;
}

export interface Patched {
  readonly kind: Kind;
  readonly name: string;
  readonly body: unknown;
}

const patchable = new Map(
  [networkConfigs, networkOperators, machineConfigPools].map((kind) => [`${kind.kind}.${kind.group}`, kind]),
);

/** What an `oc patch` patches; undefined if it is another command. */
export function patchOf(command: string): Patched | undefined {
  if (!command.startsWith('oc patch ')) return undefined;
  const [, resource = '', name = '', json = ''] =
    /^oc patch (\S+) (\S+) --type merge -p '([^']*)'$/.exec(command) ?? [];
  const kind = patchable.get(resource === 'MachineConfigPool' ? `${resource}.${machineConfigPools.group}` : resource);
  if (kind === undefined) throw new Error(`it patches what nobody knows: ${command}`);
  return { kind, name, body: JSON.parse(json) as unknown };
}

/** Paths of the patch whose values the object does not have. */
export function lostOf(body: unknown, is: unknown, path = ''): readonly string[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return JSON.stringify(body ?? undefined) === JSON.stringify(is) || Array.isArray(body) ? [] : [path];
  return Object.entries(body).flatMap(([key, value]) => lostOf(value, fieldOf(is, key), `${path}/${key}`));
}
