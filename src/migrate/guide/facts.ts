/** What the guide knows of a cluster, and questions about it that several stages ask. Pure. */
import type {
  ClusterVersionItem,
  InfrastructureItem,
  NetworkConfigItem,
  NetworkOperatorItem,
} from '../kinds/network.ts';
import type { NodeItem } from '../kinds/node.ts';
import type { DaemonPodItem, DaemonSetItem, MachineConfigPoolItem } from '../kinds/rollout.ts';
import type { Known } from '../known.ts';
import { type Release, releaseOf } from '../release.ts';
import { pendingLabel } from '../run/switched.ts';
import { missingAnnotations } from '../targets/ovn/marks/annotations.ts';
import { all, type Answer, ask, no, unknown, unless, yes } from './answer.ts';
import type { PlanState } from './plan-state.ts';

export type NetworkType = 'OpenShiftSDN' | 'OVNKubernetes';

export interface Facts {
  readonly config: Known<NetworkConfigItem>;
  readonly operator: Known<NetworkOperatorItem>;
  readonly version: Known<ClusterVersionItem>;
  readonly infrastructure: Known<InfrastructureItem>;
  /** The plugin's name in OpenShift SDN's ClusterNetwork. */
  readonly sdnPlugin: Known<string>;
  readonly nodes: Known<readonly NodeItem[]>;
  readonly pools: Known<readonly MachineConfigPoolItem[]>;
  /** DaemonSets multus and ovnkube-node. */
  readonly multus: Known<DaemonSetItem>;
  readonly ovnkube: Known<DaemonSetItem>;
  /** The machine config operator's pod on each node. */
  readonly daemons: Known<readonly DaemonPodItem[]>;
  /** The number of HostSubnets; absent if the API server does not serve OpenShift SDN's kinds. */
  readonly hostSubnets: Known<number>;
  /** Which of the plugins' own Namespaces there are. */
  readonly pluginNamespaces: Known<readonly string[]>;
  /** How many ConfigMaps with the nodes' MTU there are, which a live migration needs. */
  readonly mtuMaps: Known<number>;
  /** Pods with a macvlan interface, as `Pod NAMESPACE/NAME`; read only before a live migration. */
  readonly macvlanPods: Known<readonly string[]>;
  /** Undefined if no plan was given. */
  readonly plan: PlanState | undefined;
}

export const configName = 'Network.config.openshift.io cluster';
export const operatorName = 'Network.operator.openshift.io cluster';

/** The release of OpenShift; undefined if it is not known. */
export function releaseIn({ version }: Pick<Facts, 'version'>): Release | undefined {
  return version.kind === 'known' ? releaseOf({ clusterVersions: [version.value] }) : undefined;
}

/** Whether the cluster's configuration asks for the plugin. */
export function wants({ config }: Facts, type: NetworkType): Answer {
  return ask(config, configName, ({ wantedType }) =>
    wantedType === type ? yes : no(`${configName}: spec.networkType is ${wantedType === '' ? 'not set' : wantedType}`),
  );
}

/** Whether the operator says that the plugin is the default one. Nodes may still run the other one. */
export function saysType({ config }: Facts, want: NetworkType): Answer {
  return ask(config, configName, ({ type }) =>
    type === want ? yes : no(`${configName}: status.networkType is ${type === '' ? 'not set' : type}`),
  );
}

/** Whether both say so. */
export function switchedTo(facts: Facts, type: NetworkType): Answer {
  return all(wants(facts, type), saysType(facts, type));
}

/** Whether spec.migration asks for the plugin and keeps the vendor's converter out of it. */
export function asksFor({ operator }: Facts, type: NetworkType): Answer {
  return ask(operator, operatorName, ({ migration }) => {
    if (migration?.networkType !== type)
      return no(`${operatorName}: spec.migration.networkType is ${valueText(migration?.networkType)}`);
    return unless(migration.converts.map((name) => `${operatorName}: spec.migration.features.${name} is not false`));
  });
}

function valueText(value = ''): string {
  return value === '' ? 'not set' : value;
}

/** Whether spec.migration is empty. */
export function hasNoMigration({ operator }: Facts): Answer {
  return ask(operator, operatorName, ({ migration }) => {
    if (migration === undefined) return yes;
    const { networkType, mode, hasMTU } = migration;
    const parts = [networkType, mode === '' ? '' : `mode ${mode}`, hasMTU ? 'mtu' : ''].filter((part) => part !== '');
    return no(`${operatorName}: spec.migration is set${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`);
  });
}

/** Whether no live migration is asked for. */
export function hasNoAnnotation({ config }: Facts): Answer {
  return ask(config, configName, ({ isLiveAsked }) =>
    unless(isLiveAsked ? [`${configName} still has the annotation`] : []),
  );
}

/** Shows the first names, and how many more there are. */
export function some(names: readonly string[], most = 5): string {
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** Whether every pool gave all its nodes their configuration, and, if `since` is given, after that moment. */
export function poolsSettled({ pools, nodes }: Facts, since?: number): Answer {
  return all(
    ask(pools, 'MachineConfigPools', (list) =>
      list.length === 0
        ? unknown('MachineConfigPools: there is none')
        : unless(list.flatMap((pool) => poolProblem(pool, since) ?? [])),
    ),
    ask(nodes, 'Nodes', (list) => {
      const busy = list.filter(({ annotations }) => isBusy(annotations)).map(({ name }) => name);
      return busy.length === 0 ? yes : no(`the machine config operator is not done with Node ${some(busy)}`);
    }),
  );
}

function poolProblem(pool: MachineConfigPoolItem, since: number | undefined): string | undefined {
  const is = (type: string): boolean => pool.conditions.some((one) => one.type === type && one.status === 'True');
  const name = `MachineConfigPool ${pool.name}`;
  const counts = `${pool.updatedMachines} of ${pool.machines} nodes are done`;
  if (pool.isPaused) return `${name} is paused, so its nodes are not rebooted`;
  if (is('Degraded')) return `${name} is degraded: ${counts}`;
  if (!is('Updated') || is('Updating') || pool.wanted !== pool.has || pool.updatedMachines < pool.machines)
    return `${name} is being updated: ${counts}`;
  if (since !== undefined && (pool.updatedSince === undefined || pool.updatedSince < since))
    return `${name} has not begun: it was last updated before ${new Date(since).toISOString()}`;
  return undefined;
}

const machineConfig = 'machineconfiguration.openshift.io';

function isBusy(annotations: Readonly<Record<string, string>>): boolean {
  const state = annotations[`${machineConfig}/state`];
  const isOld = annotations[`${machineConfig}/currentConfig`] !== annotations[`${machineConfig}/desiredConfig`];
  return state !== undefined && (state !== 'Done' || isOld);
}

/** Whether each pool is paused; `paused` false asks whether none is. */
export function poolsPaused({ pools }: Facts, paused: boolean): Answer {
  return ask(pools, 'MachineConfigPools', (list) => {
    const other = list.filter(({ isPaused }) => isPaused !== paused).map(({ name }) => name);
    return other.length === 0
      ? yes
      : no(`MachineConfigPool ${some(other)} ${other.length === 1 ? 'is' : 'are'} ${paused ? 'not ' : ''}paused`);
  });
}

/** Whether every node was rebooted since spec.networkType was set, going by the pods that start with it. */
export function rebooted({ config, nodes, daemons, plan }: Facts): Answer {
  const since: Known<number | undefined> =
    config.kind === 'known' ? { kind: 'known', value: config.value.since.wantedType } : config;
  return ask(since, configName, (time) => {
    if (time === undefined)
      return unknown(`${configName}: metadata.managedFields does not tell when spec.networkType was set`);
    return ask(nodes, 'Nodes', (list) =>
      ask(daemons, 'pods of machine-config-daemon', (pods) => {
        const starts = new Map(pods.map(({ node, runningSince }) => [node, runningSince]));
        const unseen = list.filter(({ name }) => starts.get(name) === undefined).map(({ name }) => name);
        const old = list.filter(({ name }) => (starts.get(name) ?? time) < time).map(({ name }) => name);
        const same = list.filter(({ name, bootID }) => bootID !== '' && plan?.boots.get(name) === bootID);
        const waiting = [...new Set([...old, ...same.map(({ name }) => name)])].sort();
        if (waiting.length > 0)
          return no(`${waiting.length} of ${list.length} nodes were not rebooted since the switch: ${some(waiting)}`);
        return unseen.length === 0
          ? yes
          : unknown(`no running pod machine-config-daemon shows when Node ${some(unseen)} was started`);
      }),
    );
  });
}

/** Whether OVN-Kubernetes has set up every node that it gives a subnet. */
export function annotated({ nodes }: Facts): Answer {
  return ask(nodes, 'Nodes', (list) => {
    const bare = list.filter(({ object }) => missingAnnotations(object).length > 0).map(({ name }) => name);
    return bare.length === 0 ? yes : no(`OVN-Kubernetes has not annotated Node ${some(bare)}`);
  });
}

/** Whether a live migration has switched every node. */
export function nonePending({ nodes }: Facts): Answer {
  return ask(nodes, 'Nodes', (list) => {
    const names = list.filter(({ labels }) => labels[pendingLabel] !== undefined).map(({ name }) => name);
    return names.length === 0
      ? yes
      : no(`${names.length} of ${list.length} nodes are still to be switched (label ${pendingLabel}): ${some(names)}`);
  });
}

/** Whether a DaemonSet's pods are all of its newest template and available. */
export function rolledOut(known: Known<DaemonSetItem>, name: string): Answer {
  return ask(known, `DaemonSet ${name}`, ({ isObserved, desired, updated, available }) =>
    isObserved && updated >= desired && available >= desired
      ? yes
      : no(`DaemonSet ${name}: ${updated} of ${desired} pods are updated, ${available} available`),
  );
}
