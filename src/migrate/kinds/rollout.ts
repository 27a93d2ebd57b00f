/** What configures and reboots the nodes of OpenShift, as the migrator reads it. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { fieldOf } from '../../model/values/json.ts';
import { type Item, itemOf, listAt, numberAt, textAt, timeAt } from './item.ts';
import { type ConditionItem, conditionsOf } from './network.ts';

export interface MachineConfigPoolItem extends Item {
  readonly isPaused: boolean;
  readonly conditions: readonly ConditionItem[];
  /** When the condition Updated last changed, in milliseconds; undefined if that is not shown. */
  readonly updatedSince: number | undefined;
  /** Names of the configuration that its nodes are to have, and of the last one that all had. */
  readonly wanted: string;
  readonly has: string;
  readonly machines: number;
  readonly updatedMachines: number;
}

/** Reads a MachineConfigPool. */
export function machineConfigPoolItem(object: KubeObject): MachineConfigPoolItem {
  const updated = listAt(object, 'status', 'conditions').find((one) => textAt(one, 'type') === 'Updated');
  return {
    ...itemOf(object),
    isPaused: fieldOf(object, 'spec', 'paused') === true,
    conditions: conditionsOf(object),
    updatedSince: timeAt(updated, 'lastTransitionTime'),
    wanted: textAt(object, 'spec', 'configuration', 'name'),
    has: textAt(object, 'status', 'configuration', 'name'),
    machines: numberAt(object, 'status', 'machineCount') ?? 0,
    updatedMachines: numberAt(object, 'status', 'updatedMachineCount') ?? 0,
  };
}

/** How far a DaemonSet is on the nodes. */
export interface DaemonSetItem extends Item {
  /** Whether its controller has seen the newest template. */
  readonly isObserved: boolean;
  readonly desired: number;
  readonly updated: number;
  readonly available: number;
}

/** Reads a DaemonSet. */
export function daemonSetItem(object: KubeObject): DaemonSetItem {
  return {
    ...itemOf(object),
    isObserved: (numberAt(object, 'status', 'observedGeneration') ?? 0) >= (object.metadata.generation ?? 0),
    desired: numberAt(object, 'status', 'desiredNumberScheduled') ?? 0,
    updated: numberAt(object, 'status', 'updatedNumberScheduled') ?? 0,
    available: numberAt(object, 'status', 'numberAvailable') ?? 0,
  };
}

/** A pod in the host's network on each node: all its containers start again when the node does. */
export interface DaemonPodItem extends Item {
  readonly node: string;
  /** When the oldest of its running containers started, in milliseconds; undefined if none runs. */
  readonly runningSince: number | undefined;
}

/** Reads the pod of a DaemonSet. */
export function daemonPodItem(object: KubeObject): DaemonPodItem {
  const starts = listAt(object, 'status', 'containerStatuses').flatMap(
    (one) => timeAt(one, 'state', 'running', 'startedAt') ?? [],
  );
  return {
    ...itemOf(object),
    node: textAt(object, 'spec', 'nodeName'),
    runningSince: starts.length === 0 ? undefined : Math.min(...starts),
  };
}
