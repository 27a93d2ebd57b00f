/** Explains why OVN-Kubernetes assigned an egress IP to no node, as far as objects show. Pure. */
import { parseIp } from '../../../../model/values/address.ts';
import { listText } from '../../../../model/values/list-text.ts';
import { assignableLabel } from '../marks/annotations.ts';
import type { OvnFacts } from './facts.ts';

interface Question {
  /** Name of the EgressIP that requests the address, and how many addresses it requests. */
  readonly own: string;
  readonly count: number;
  /** The nodes that may host it according to the plan; undefined if the plan does not say. */
  readonly allowed: readonly string[] | undefined;
  readonly facts: OvnFacts;
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
    ? [
        'objects do not show why; OVN-Kubernetes may have passed it over while a Node lacked its annotations (`verify --unstick` makes it look again); otherwise see the Events of the EgressIP and the log of ovnkube-control-plane',
      ]
    : reasons;
}

function noNode(allowed: readonly string[] | undefined, { labeled, able }: OvnFacts): readonly string[] {
  if (allowed?.length === 0) return ['the plan knows no node that may have it'];
  if (labeled.length === 0) return [`no Node has the label ${assignableLabel}`];
  if (able.size === 0) return ['no Node with the label is Ready'];
  return allowed === undefined || allowed.some((name) => able.has(name))
    ? []
    : [`none of the Nodes that may have it has the label and is Ready: ${someOf(allowed)}`];
}

function someOf(names: readonly string[]): string {
  return listText(names, 3);
}
