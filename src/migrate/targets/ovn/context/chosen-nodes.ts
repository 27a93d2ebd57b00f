/**
 * Which nodes the EgressIP of a group names, where the served EgressIP can name nodes at all (field
 * `egressNodeSelector`, OVN-Kubernetes enhancement 6800): those that OpenShift SDN would use. Pure.
 */
import type { LabelSelectorObject } from '../../../../model/objects/raw.ts';
import type { Ip } from '../../../../model/values/address.ts';
import { compareText } from '../../../../model/values/names.ts';
import { assignableLabel } from '../marks/annotations.ts';
import type { Machine } from './machines.ts';
import { nodesField } from './served.ts';

interface Nodes {
  /** The names of the nodes on which OpenShift SDN keeps the IP; undefined if it may be on any. */
  readonly keptOn: (ip: Ip) => readonly string[] | undefined;
  /** The names of the nodes that may host the IP tomorrow. */
  readonly fitting: (ip: Ip) => readonly string[];
  readonly machines: ReadonlyMap<string, Machine>;
}

/**
 * The names of the nodes that the EgressIP with these addresses names, sorted: all on which one of them is kept.
 * Undefined if it names none: an address may be on any node, nothing would be left out, or a node cannot be named.
 */
export function chosenNodes(
  egressIPs: readonly Ip[],
  { keptOn, fitting, machines }: Nodes,
): readonly string[] | undefined {
  const kept = egressIPs.map(keptOn);
  if (kept.some((names) => names === undefined)) return undefined;
  const all = new Set(kept.flatMap((names) => names ?? []));
  const able = [...all].filter((name) => egressIPs.some((ip) => fitting(ip).includes(name))).sort(compareText);
  const isLimit = egressIPs.some((ip) => fitting(ip).some((name) => !all.has(name)));
  const canBeNamed = able.every((name) => hostnameOf(machines.get(name)) !== undefined);
  return able.length > 0 && isLimit && canBeNamed ? able : undefined;
}

const hostnameLabel = 'kubernetes.io/hostname';

function hostnameOf(machine: Machine | undefined): string | undefined {
  return machine?.node?.labels[hostnameLabel];
}

/**
 * The selector of these nodes. It asks for the label of hosting nodes too, so that taking it away still means what it
 * did.
 */
export function nodeSelector(
  names: readonly string[],
  machines: ReadonlyMap<string, Machine>,
): { readonly [nodesField]: LabelSelectorObject } {
  const values = names.flatMap((name) => hostnameOf(machines.get(name)) ?? []);
  return {
    [nodesField]: {
      matchExpressions: [
        { key: assignableLabel, operator: 'Exists' },
        { key: hostnameLabel, operator: 'In', values },
      ],
    },
  };
}
