/** Pods as the probe reads them: what became of their first container. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { listAt, numberAt, textAt } from './item.ts';

export interface ContainerItem {
  /** Empty if the API server does not show it. */
  readonly phase: string;
  /** Undefined until the container has ended. */
  readonly exitCode: number | undefined;
  /** What the container left when it ended. */
  readonly message: string;
  /** Why it has not begun, in one or two texts; empty if it has. */
  readonly waiting: readonly string[];
}

/** How many seconds the pod may run; undefined if it has no limit. */
export function deadlineOf(pod: KubeObject): number | undefined {
  return numberAt(pod, 'spec', 'activeDeadlineSeconds');
}

/** Reads the state of a pod's first container. */
export function containerItem(pod: KubeObject): ContainerItem {
  const [container] = listAt(pod, 'status', 'containerStatuses');
  const waiting = ['reason', 'message'].map((field) => textAt(container, 'state', 'waiting', field));
  return {
    phase: textAt(pod, 'status', 'phase'),
    exitCode: numberAt(container, 'state', 'terminated', 'exitCode'),
    message: textAt(container, 'state', 'terminated', 'message'),
    waiting: waiting.filter((text) => text !== ''),
  };
}
