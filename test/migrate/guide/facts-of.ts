/** Facts of a cluster for tests: one that runs OpenShift SDN in peace on 4.16, and whatever differs from that. */
import type { Facts } from '../../../src/migrate/guide/facts.ts';
import type { PlanState } from '../../../src/migrate/guide/plan-state.ts';
import {
  clusterVersionItem,
  infrastructureItem,
  type NetworkConfigItem,
  networkConfigItem,
  type NetworkOperatorItem,
  networkOperatorItem,
} from '../../../src/migrate/kinds/network.ts';
import { type NodeItem, nodeItem } from '../../../src/migrate/kinds/node.ts';
import {
  type DaemonPodItem,
  daemonPodItem,
  type DaemonSetItem,
  daemonSetItem,
  type MachineConfigPoolItem,
  machineConfigPoolItem,
} from '../../../src/migrate/kinds/rollout.ts';
import type { Known } from '../../../src/migrate/known.ts';
import { make } from '../snapshots.ts';

type Fields = Readonly<Record<string, unknown>>;

export const absent = { kind: 'absent' } as const;
export const unreadable = { kind: 'unreadable', reason: 'missing right: list them (no)' } as const;

export function known<T>(value: T): Known<T> {
  return { kind: 'known', value };
}

/** Network.config with these types in spec and status. */
export function config(
  wanted: string,
  type: string,
  { status = {}, metadata = {} }: { readonly status?: Fields; readonly metadata?: Fields } = {},
): Known<NetworkConfigItem> {
  const fields = { spec: { networkType: wanted }, status: { networkType: type, ...status } };
  return known(
    networkConfigItem(make.any('config.openshift.io/v1', 'Network', { name: 'cluster', ...metadata }, fields)),
  );
}

/** The managed fields that tell when a field was written. */
export function written(time: string, fieldsV1: Fields): Fields {
  return { managedFields: [{ manager: 'somebody', time, fieldsV1 }] };
}

export const liveAsked: Fields = { annotations: { 'network.openshift.io/network-type-migration': '' } };

/** A condition of a live migration. */
export function condition(type: string, status: string, reason = '', message = ''): Fields {
  return { type: `NetworkTypeMigration${type}`, status, reason, message };
}

export function operator(spec: Fields, metadata: Fields = {}): Known<NetworkOperatorItem> {
  return known(
    networkOperatorItem(make.any('operator.openshift.io/v1', 'Network', { name: 'cluster', ...metadata }, { spec })),
  );
}

export const noFeatures = { egressIP: false, egressFirewall: false, multicast: false } as const;

/** Network.operator that asks for the plugin, with the vendor's converter off. */
export function askingFor(networkType: string, more: Fields = {}): Known<NetworkOperatorItem> {
  return operator({ migration: { networkType, features: noFeatures, ...more } });
}

export function version(text: string): Facts['version'] {
  const status = { desired: { version: text } };
  return known(
    clusterVersionItem(make.any('config.openshift.io/v1', 'ClusterVersion', { name: 'version' }, { status })),
  );
}

export function topology(controlPlaneTopology: string): Facts['infrastructure'] {
  const status = { controlPlaneTopology };
  return known(
    infrastructureItem(make.any('config.openshift.io/v1', 'Infrastructure', { name: 'cluster' }, { status })),
  );
}

export interface PoolFields {
  readonly paused?: boolean;
  readonly on?: readonly string[];
  readonly since?: string;
  readonly has?: string;
  readonly updated?: number;
}

/** A MachineConfigPool of three nodes, which is done unless the fields say otherwise. */
export function pool(
  name: string,
  { paused = false, on = ['Updated'], since, has = 'rendered-1', updated = 3 }: PoolFields = {},
): MachineConfigPoolItem {
  const conditions = ['Updated', 'Updating', 'Degraded'].map((type) => ({
    type,
    status: on.includes(type) ? 'True' : 'False',
    ...(since === undefined ? {} : { lastTransitionTime: since }),
  }));
  const fields = {
    spec: { paused, configuration: { name: 'rendered-1' } },
    status: { conditions, configuration: { name: has }, machineCount: 3, updatedMachineCount: updated },
  };
  return machineConfigPoolItem(make.any('machineconfiguration.openshift.io/v1', 'MachineConfigPool', { name }, fields));
}

export const ovnAnnotations = {
  'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.11/24"}',
  'k8s.ovn.org/node-subnets': '{"default":["10.128.0.0/23"]}',
  'k8s.ovn.org/host-cidrs': '["192.168.7.11/24"]',
} as const;

export const pendingLabel = { 'migration.network.openshift.io/plugin': '' } as const;

/** A Node, of which the machine config operator says this, with a boot ID. */
export function node(
  name: string,
  { metadata = {}, bootID = '' }: { readonly metadata?: Fields; readonly bootID?: string } = {},
): NodeItem {
  const status = { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { bootID } };
  return nodeItem(make.any('v1', 'Node', { name, ...metadata }, { status }));
}

/** What the machine config operator writes on a Node. */
export function machineConfig(state: string, currentConfig: string, desiredConfig: string): Fields {
  const prefix = 'machineconfiguration.openshift.io';
  return {
    annotations: {
      [`${prefix}/state`]: state,
      [`${prefix}/currentConfig`]: currentConfig,
      [`${prefix}/desiredConfig`]: desiredConfig,
    },
  };
}

/** The pod of the machine config operator on a node, running since then. */
export function daemonPod(nodeName: string, startedAt: string | undefined): DaemonPodItem {
  const state = startedAt === undefined ? { waiting: {} } : { running: { startedAt } };
  return daemonPodItem(
    make.any(
      'v1',
      'Pod',
      { name: `mcd-${nodeName}` },
      { spec: { nodeName }, status: { containerStatuses: [{ state }] } },
    ),
  );
}

/** A DaemonSet with this many pods that should be, that are of the newest template, and that are available. */
export function daemonSet(
  [desiredNumberScheduled, updatedNumberScheduled, numberAvailable]: readonly [number, number, number],
  [generation, observedGeneration]: readonly [number, number] = [1, 1],
): Known<DaemonSetItem> {
  const status = { desiredNumberScheduled, updatedNumberScheduled, numberAvailable, observedGeneration };
  return known(daemonSetItem(make.any('apps/v1', 'DaemonSet', { name: 'd', generation }, { status })));
}

/** A plan in the folder `plan` of which nothing was begun and everything is still to be done. */
export function planState(more: Partial<PlanState> = {}): PlanState {
  return {
    folder: 'plan',
    target: 'ovn',
    phase: 'untouched',
    isPastSwitch: false,
    pending: { before: 2, after: 3, finalize: 4 },
    boots: new Map(),
    restore: known({ count: 0, unserved: [], isNever: true, doubts: [] }),
    ...more,
  };
}

/** OpenShift SDN on 4.16, with nothing begun. */
export function factsOf(more: Partial<Facts> = {}): Facts {
  return {
    config: config('OpenShiftSDN', 'OpenShiftSDN'),
    operator: operator({}),
    version: version('4.16.3'),
    infrastructure: topology('HighlyAvailable'),
    sdnPlugin: known('redhat/openshift-ovs-networkpolicy'),
    nodes: known([node('n1'), node('n2')]),
    pools: known([pool('master'), pool('worker')]),
    multus: daemonSet([2, 2, 2]),
    ovnkube: absent,
    daemons: known([daemonPod('n1', '2026-01-01T00:00:00Z'), daemonPod('n2', '2026-01-01T00:00:00Z')]),
    hostSubnets: known(2),
    pluginNamespaces: known(['openshift-sdn']),
    mtuMaps: known(1),
    macvlanPods: known([]),
    plan: undefined,
    ...more,
  };
}
