/** Explains why OVN-Kubernetes assigned an egress IP to no node, as far as objects show. Pure. */
import { cloudPrivateIPConfigs, egressIPs } from '../../../api/kinds.ts';
import { parseIp } from '../../model/address.ts';
import { listText } from '../../model/list-text.ts';
import { compareText } from '../../model/names.ts';
import { egressIPItem } from '../kinds/egressip.ts';
import { nodeItem } from '../kinds/node.ts';
import { liveNodes } from '../live.ts';
import { objectRef } from '../ref.ts';
import type { CheckScene } from '../target.ts';
import { assignableLabel, missingAnnotations } from './context/annotations.ts';

/** What the reasons for all IPs are derived from. */
export interface Facts {
  /** Nodes without OVN-Kubernetes's annotations. While there is one, nothing is assigned anywhere. */
  readonly unannotated: readonly string[];
  readonly labelled: readonly string[];
  /** Labelled and Ready. */
  readonly able: ReadonlySet<string>;
  readonly nodeByAddress: ReadonlyMap<string, string>;
  readonly egressIPsByAddress: ReadonlyMap<string, readonly string[]>;
  /** Addresses of CloudPrivateIPConfigs, without those that replaced a deleted one: these are OVN-Kubernetes' own. */
  readonly heldByCloud: ReadonlySet<string>;
}

/** Collects the facts of a cluster. */
export function factsOf({ live, isReplaced }: Pick<CheckScene, 'live' | 'isReplaced'>): Facts {
  const all = liveNodes(live).map(nodeItem);
  const labelled = all.filter(({ labels }) => labels[assignableLabel] !== undefined);
  const objects = [...live.objects.values()];
  const requests = objects
    .filter(({ kind }) => kind === egressIPs.kind)
    .map(egressIPItem)
    .flatMap((one) => one.egressIPs.map((ip) => [ip, one.name] as const));
  const cloud = objects.filter((one) => one.kind === cloudPrivateIPConfigs.kind && !isReplaced(objectRef(one)));
  return {
    unannotated: all.filter(({ object }) => missingAnnotations(object).length > 0).map(({ name }) => name),
    labelled: labelled.map(({ name }) => name),
    able: new Set(labelled.filter(({ ready }) => ready === 'True').map(({ name }) => name)),
    nodeByAddress: new Map(all.flatMap(({ name, addresses }) => addresses.map((address) => [address, name] as const))),
    egressIPsByAddress: new Map(
      [...Map.groupBy(requests, ([ip]) => ip)].map(([ip, of]) => [ip, of.map(([, name]) => name).sort(compareText)]),
    ),
    heldByCloud: new Set(cloud.map(({ metadata }) => metadata.name ?? '')),
  };
}

interface Question {
  /** Name of the EgressIP that requests the address, and how many addresses it requests. */
  readonly own: string;
  readonly count: number;
  /** The nodes that may host it according to the plan; undefined if the plan does not say. */
  readonly allowed: readonly string[] | undefined;
  readonly facts: Facts;
}

/** The reasons; at least one. */
export function whyUnassigned(ip: string, { own, count, allowed, facts }: Question): readonly string[] {
  const others = (facts.egressIPsByAddress.get(ip) ?? []).filter((name) => name !== own);
  const node = facts.nodeByAddress.get(ip);
  const reasons = [
    ...(facts.unannotated.length === 0
      ? []
      : [`OVN-Kubernetes assigns none while a Node lacks its annotations: ${someOf(facts.unannotated)}`]),
    ...(parseIp(ip).ok ? [] : ['it is no IP address, which makes OVN-Kubernetes refuse the whole object']),
    ...(node === undefined ? [] : [`it is an address of Node ${node}`]),
    ...(others.length === 0 ? [] : [`EgressIP ${someOf(others)} requests it too`]),
    ...(facts.heldByCloud.has(ip) ? ['a CloudPrivateIPConfig holds it, perhaps one of OpenShift SDN'] : []),
    ...noNode(allowed, facts),
    ...(facts.able.size > 0 && count > facts.able.size
      ? [`its EgressIP asks for ${count} addresses, each on a node of its own, and ${facts.able.size} nodes may host`]
      : []),
  ];
  return reasons.length === 0
    ? ['objects do not tell why; look at the Events of the EgressIP and the log of ovnkube-control-plane']
    : reasons;
}

function noNode(allowed: readonly string[] | undefined, { labelled, able }: Facts): readonly string[] {
  if (allowed?.length === 0) return ['the plan knows no node that may have it'];
  if (labelled.length === 0) return [`no Node has the label ${assignableLabel}`];
  if (able.size === 0) return ['no Node with the label is Ready'];
  return allowed === undefined || allowed.some((name) => able.has(name))
    ? []
    : [`none of the Nodes that may have it has the label and is Ready: ${someOf(allowed)}`];
}

function someOf(names: readonly string[]): string {
  return listText(names, 3);
}
