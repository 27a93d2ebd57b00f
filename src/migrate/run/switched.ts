/** Determines whether the network plugin that a plan leads to runs, as far as objects show. Pure. */
import { type Live, liveNodes } from '../live.ts';
import type { Target } from '../target.ts';

/** `status.networkType` of the cluster's Network configuration; undefined if it was not read. */
export type NetworkType = string | undefined;

/** Why the target does not run on every node yet, one line for each reason; empty if it does. */
export function notSwitched(target: Target, live: Live, networkType: NetworkType): readonly string[] {
  const type =
    networkType === undefined || networkType === target.networkType
      ? []
      : [`Network.config.openshift.io cluster: status.networkType is ${networkType}`];
  const all = liveNodes(live);
  if (all.length === 0) return [...type, 'there is no Node'];
  return [...type, ...all.flatMap((node) => target.lacking(node, live) ?? [])];
}
