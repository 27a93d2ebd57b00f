/** Determines whether the network plugin that a plan leads to runs, as far as objects show. Pure. */
import { namespaces } from '../../../api/kinds.ts';
import type { NetworkConfigItem } from '../kinds/network.ts';
import type { Known } from '../known.ts';
import { type Live, liveNodes, liveObject } from '../live.ts';
import { objectRef, refKey, refNamed } from '../ref.ts';
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

/** Annotation of Namespace kube-system by which an admin says that a target's plan may go on after the switch. */
export const switchedAnnotation = 'migrate.sdn-compat/switched';

/**
 * Why nothing tells that the old plugin has ended; undefined if something does. A target that runs beside any plugin
 * shows nothing of it, and without OpenShift's configuration of the network only the admin knows; so it is with a plugin
 * before the target that runs beside any.
 */
function unsaid(
  { networkType, name, endsUnseen }: Target,
  live: Live,
  config: Known<NetworkConfigItem>,
): string | undefined {
  if (endsUnseen === undefined && (networkType !== undefined || config.kind !== 'absent')) return undefined;
  const said = liveObject(live, refNamed(namespaces, 'kube-system'))?.metadata.annotations?.[switchedAnnotation];
  return said === name
    ? undefined
    : `nothing tells whether ${endsUnseen ?? oldPlugin.plugin} has ended; when it has, say so: kubectl annotate namespace kube-system ${switchedAnnotation}=${name}`;
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
  const type = typeProblem(target, networkConfig) ?? unsaid(target, live, networkConfig);
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
