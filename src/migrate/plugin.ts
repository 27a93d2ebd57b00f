/** Which network plugin runs, as far as objects tell. Pure. */
import { apiVersionOf, hostSubnets, nodes } from '../../api/kinds.ts';
import { parseJson } from '../model/json.ts';
import { compareText } from '../model/names.ts';
import type { KubeObject } from '../model/objects.ts';
import { type Live, liveObject } from './input/cluster-now.ts';
import type { PlanTarget } from './plan/plan.ts';

/** What OVN-Kubernetes writes on every Node before it assigns any egress IP (host-cidrs: on all nodes, labelled or not). */
export const ovnAnnotations = [
  'k8s.ovn.org/node-primary-ifaddr',
  'k8s.ovn.org/node-subnets',
  'k8s.ovn.org/host-cidrs',
] as const;

/** `status.networkType` of the cluster's Network configuration, where that was read. */
export type NetworkType = string | undefined;

const types: Readonly<Record<PlanTarget, string>> = { ovn: 'OVNKubernetes', sdn: 'OpenShiftSDN' };

/** All Nodes, in order of name. */
export function liveNodes({ objects }: Live): readonly KubeObject[] {
  return [...objects.values()]
    .filter(({ apiVersion, kind }) => kind === nodes.kind && apiVersion === apiVersionOf(nodes))
    .sort((a, b) => compareText(a.metadata.name ?? '', b.metadata.name ?? ''));
}

/** The annotations of OVN-Kubernetes that the Node lacks, or has in a form that cannot be read. */
export function missingAnnotations({ metadata }: KubeObject): readonly string[] {
  return ovnAnnotations.filter((key) => !isJson(metadata.annotations?.[key]));
}

function isJson(text: string | undefined): boolean {
  if (text === undefined) return false;
  try {
    return typeof parseJson(text) === 'object';
  } catch {
    return false;
  }
}

/** Why the plugin that the plan leads to does not run on every node yet, a line a reason; empty: it does. */
export function notSwitched(target: PlanTarget, live: Live, networkType: NetworkType): readonly string[] {
  const type =
    networkType === undefined || networkType === types[target]
      ? []
      : [`Network.config.openshift.io cluster: status.networkType is ${networkType}`];
  const all = liveNodes(live);
  if (all.length === 0) return [...type, 'there is no Node'];
  const lacking = all.flatMap((node): readonly string[] => {
    const name = node.metadata.name ?? '';
    if (target === 'ovn') {
      const missing = missingAnnotations(node);
      return missing.length === 0 ? [] : [`Node ${name}: annotation ${missing.join(', ')} is missing`];
    }
    const ref = { apiVersion: apiVersionOf(hostSubnets), kind: hostSubnets.kind, name };
    return liveObject(live, ref) === undefined ? [`HostSubnet ${name}: there is none for the Node`] : [];
  });
  return [...type, ...lacking];
}
