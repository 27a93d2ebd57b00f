/** Reads what the guide needs to know of a cluster. What may not be read is unreadable; any other failure throws. */
import {
  apiVersionOf,
  clusterNetworks,
  clusterVersions,
  configMaps,
  daemonSets,
  hostSubnets,
  infrastructures,
  type Kind,
  machineConfigPools,
  namespaces,
  networkConfigs,
  networkOperators,
  nodes,
  pods,
} from '../../../api/kinds.ts';
import type { KubeClient, ListOptions } from '../../io/kube/client.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { shapeOf, snapshotOf } from '../input/make-snapshot.ts';
import { refusalOf } from '../input/server.ts';
import {
  clusterVersionItem,
  infrastructureItem,
  networkConfigItem,
  networkOperatorItem,
  pluginNameOf,
} from '../kinds/network.ts';
import { nodeItem } from '../kinds/node.ts';
import { daemonPodItem, daemonSetItem, machineConfigPoolItem } from '../kinds/rollout.ts';
import { mentionsMacvlan, workloadItem } from '../kinds/workload.ts';
import { type Known, unreadReason } from '../known.ts';
import { liveOf } from '../live.ts';
import { foreignKinds } from '../ownership.ts';
import type { Plan } from '../plan/plan.ts';
import { resourceName } from '../ref.ts';
import { type Entry, progressOf } from '../run/journal.ts';
import { standing } from '../run/undo/standing.ts';
import { wayBack } from '../run/undo/undo-plan.ts';
import { oldPlugin, plannedKinds } from '../targets.ts';
import { refOf } from '../translation.ts';
import type { Facts } from './facts.ts';
import { planState, type Restore } from './plan-state.ts';

export interface Reading {
  readonly signal: AbortSignal;
  /** Read pods too: slow in a large cluster, and needed only before a live migration. */
  readonly withPods: boolean;
  /** The plan that was given, with its folder and journal. `withRestore`: read what its way back has to restore. */
  readonly plan?: {
    readonly plan: Plan;
    readonly folder: string;
    readonly entries: readonly Entry[];
    readonly withRestore: boolean;
  };
}

/** Reads the facts. */
export async function readFacts(client: KubeClient, reading: Reading): Promise<Facts> {
  const { signal, plan } = reading;
  const [facts, planned] = await Promise.all([
    clusterFacts(client, reading),
    plan === undefined ? undefined : planFact(client, plan, signal),
  ]);
  return { ...facts, plan: planned };
}

async function clusterFacts(client: KubeClient, reading: Reading): Promise<Omit<Facts, 'plan'>> {
  const { signal } = reading;
  const read = <T>(
    kind: Kind,
    item: (object: KubeObject) => T,
    options: ListOptions = {},
  ): Promise<Known<readonly T[]>> =>
    list(client, kind, { ...options, signal }).then((found) => mapped(found, (objects) => objects.map(item)));
  const one = <T>(kind: Kind, name: string, item: (object: KubeObject) => T, options: ListOptions = {}) =>
    list(client, kind, { ...options, signal }).then((found) => named(found, name, item));
  const [config, operator, version, infrastructure, sdnPlugin, nodeItems, pools, multus, ovnkube] = await Promise.all([
    one(networkConfigs, 'cluster', networkConfigItem),
    one(networkOperators, 'cluster', networkOperatorItem),
    one(clusterVersions, 'version', clusterVersionItem),
    one(infrastructures, 'cluster', infrastructureItem),
    one(clusterNetworks, 'default', pluginNameOf),
    read(nodes, nodeItem),
    read(machineConfigPools, machineConfigPoolItem),
    one(daemonSets, 'multus', daemonSetItem, { namespace: 'openshift-multus' }),
    one(daemonSets, 'ovnkube-node', daemonSetItem, { namespace: 'openshift-ovn-kubernetes' }),
  ]);
  const [daemons, subnets, own, mtuMaps, macvlan] = await Promise.all([
    read(pods, daemonPodItem, {
      namespace: 'openshift-machine-config-operator',
      labelSelector: 'k8s-app=machine-config-daemon',
    }),
    read(hostSubnets, ({ metadata }) => metadata.name),
    namespacesNamed(client, pluginNamespaces, signal),
    read(configMaps, ({ metadata }) => metadata.name ?? '', {
      namespace: 'openshift-network-operator',
      fieldSelector: 'metadata.name=mtu',
    }),
    reading.withPods && !isAsked(config)
      ? read(pods, workloadItem, { pageSize: 500, filter: mentionsMacvlan })
      : notAsked,
  ]);
  return {
    config,
    operator,
    version,
    infrastructure,
    sdnPlugin,
    nodes: nodeItems,
    pools,
    multus,
    ovnkube,
    daemons,
    hostSubnets: mapped(subnets, ({ length }) => length),
    pluginNamespaces: mapped(own, (found) => found.map(({ metadata }) => metadata.name ?? '')),
    mtuMaps: mapped(mtuMaps, ({ length }) => length),
    macvlanPods: mapped(macvlan, (found) =>
      found.filter(({ hasMacvlan }) => hasMacvlan).map(({ namespace, name }) => `Pod ${namespace}/${name}`),
    ),
  };
}

async function planFact(
  client: KubeClient,
  given: NonNullable<Reading['plan']>,
  signal: AbortSignal,
): Promise<Facts['plan']> {
  const { plan, entries, folder, withRestore } = given;
  return planState(plan, entries, {
    folder,
    restore: withRestore ? await restoreOf(client, given, signal) : notAsked,
  });
}

function isAsked(config: Facts['config']): boolean {
  return config.kind === 'known' && config.value.wantedType === 'OVNKubernetes';
}

const pluginNamespaces = ['openshift-sdn', 'openshift-ovn-kubernetes'];
const notAsked = { kind: 'unreadable', reason: 'it was not asked for' } as const;

/** Those of the Namespaces that there are. A cluster may have too many to list them all for a few. */
async function namespacesNamed(
  client: KubeClient,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Known<readonly KubeObject[]>> {
  const lists = await Promise.all(
    names.map((name) => list(client, namespaces, { fieldSelector: `metadata.name=${name}`, signal })),
  );
  const unread = lists.find(({ kind }) => kind !== 'known');
  const found = lists.flatMap((known) => (known.kind === 'known' ? known.value : []));
  return unread ?? { kind: 'known', value: found };
}

/** What identifies the cluster: the uid of its Namespace kube-system. */
export async function readClusterUID(client: KubeClient, signal: AbortSignal): Promise<Known<string>> {
  const found = await namespacesNamed(client, ['kube-system'], signal);
  const uid = found.kind === 'known' ? found.value[0]?.metadata.uid : undefined;
  if (found.kind !== 'known') return found;
  return uid === undefined ? { kind: 'absent' } : { kind: 'known', value: uid };
}

/** The objects of a kind; absent if the API server does not serve it. */
async function list(client: KubeClient, kind: Kind, options: ListOptions): Promise<Known<readonly KubeObject[]>> {
  try {
    const { items } = await client.list<KubeObject>(kind, options);
    const shaped = items.map((item) => shapeOf(kind, item));
    return { kind: 'known', value: shaped.flatMap((object) => (object.ok ? [object.value] : [])) };
  } catch (error) {
    const reason = refusalOf(error, kind);
    if (reason === undefined) return { kind: 'absent' };
    return { kind: 'unreadable', reason: unreadReason({ reason, right: `list ${resourceName(kind)}` }) };
  }
}

function mapped<T, U>(known: Known<T>, map: (value: T) => U): Known<U> {
  return known.kind === 'known' ? { kind: 'known', value: map(known.value) } : known;
}

function named<T>(known: Known<readonly KubeObject[]>, name: string, item: (object: KubeObject) => T): Known<T> {
  if (known.kind !== 'known') return known;
  const found = known.value.find(({ metadata }) => metadata.name === name);
  return found === undefined ? { kind: 'absent' } : { kind: 'known', value: item(found) };
}

/** Kinds of the old plugin, and those that its objects belong to: what restoring is decided by. */
const restoredBy: readonly Kind[] = [...oldPlugin.kinds, ...foreignKinds];

/** What the way back of the plan has to restore in the cluster as it is. Reads only kinds that it may restore. */
async function restoreOf(
  client: KubeClient,
  { plan, entries }: NonNullable<Reading['plan']>,
  signal: AbortSignal,
): Promise<Known<Restore>> {
  const finals = plan.steps.filter(({ name }) => name === 'finalize').flatMap(({ changes }) => changes.map(refOf));
  const isFinal = (kind: Kind): boolean =>
    finals.some((ref) => ref.kind === kind.kind && ref.apiVersion === apiVersionOf(kind));
  const progress = progressOf(entries);
  // what the journal does not know, the plan's marks on objects may show
  const isUnknown = progress.begun.size === 0 && !progress.isGoingBack;
  const lists = await Promise.all(
    plannedKinds
      .filter((kind) => isUnknown || restoredBy.includes(kind) || isFinal(kind))
      .map(async (kind) => [kind, await list(client, kind, { signal })] as const),
  );
  const unreadable = lists.flatMap(([, known]) => (known.kind === 'unreadable' ? [known] : []))[0];
  if (unreadable !== undefined) return unreadable;
  const found = lists.flatMap(([kind, known]) => (known.kind === 'known' ? [[kind, known.value] as const] : []));
  const absent = lists.flatMap(([kind, known]) => (known.kind === 'absent' ? [kind] : []));
  const live = liveOf(snapshotOf(new Map(found), [], { absent }), plannedKinds);
  const stand = standing(plan, { live, progress, force: false });
  const { restore, unserved } = wayBack(plan, { live, progress, force: false });
  const doubts = stand.kind === 'doubtful' ? stand.reasons : [];
  return { kind: 'known', value: { count: restore.length, unserved, isNever: stand.kind === 'never', doubts } };
}
