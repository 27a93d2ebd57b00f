/** Determines whether the network plugin that a plan leads to runs, as far as objects show. Pure. */
import type { NetworkConfigItem } from '../kinds/network.ts';
import type { Known } from '../known.ts';
import { liveNodes } from '../live.ts';
import { objectRef, refKey } from '../ref.ts';
import type { Target } from '../target.ts';
import { oldPlugin } from '../targets.ts';
import type { Now } from './now.ts';

/** Label of nodes that a live migration has not yet switched (OpenShift network operator). */
export const pendingLabel = 'migration.network.openshift.io/plugin';

/**
 * Why the network configuration does not say that the plugin runs; undefined if it does, or if there is none to ask.
 */
export function typeProblem(
  { networkType }: Pick<Target, 'networkType'>,
  config: Known<NetworkConfigItem>,
): string | undefined {
  const name = 'Network.config.openshift.io cluster';
  switch (config.kind) {
    case 'unreadable':
      return `${name}: it cannot be read, so nothing tells which plugin runs: ${config.reason}`;
    case 'absent':
      return undefined;
    case 'known': {
      const { type } = config.value;
      const runs = networkType === undefined ? type !== oldPlugin.networkType : type === networkType;
      return runs || type === '' ? undefined : `${name}: status.networkType is ${type}`;
    }
  }
}

/**
 * Why the target does not run on every node yet, one line for each reason; empty if it does. `skipped`: by `refKey`,
 * what the admin left out, among it Nodes.
 */
export function notSwitched(
  target: Target,
  { live, networkConfig }: Pick<Now, 'live' | 'networkConfig'>,
  skipped: ReadonlySet<string> = new Set(),
): readonly string[] {
  const type = typeProblem(target, networkConfig);
  const all = liveNodes(live);
  const waiting = all.filter((node) => !skipped.has(refKey(objectRef(node))));
  return [
    ...(type === undefined ? [] : [type]),
    ...(all.length === 0 ? ['there is no Node'] : []),
    ...waiting.flatMap((node) => pendingProblem(node.metadata) ?? target.lacking(node, live) ?? []),
  ];
}

function pendingProblem({
  name = '',
  labels,
}: {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
}): string | undefined {
  return labels?.[pendingLabel] === undefined
    ? undefined
    : `Node ${name}: label ${pendingLabel} says that the live migration has not switched it yet`;
}
