/**
 * Which nodes the EgressIP of a group names, where the served EgressIP can name nodes at all (field
 * `egressNodeSelector`, OVN-Kubernetes enhancement 6800): those that OpenShift SDN would use. Pure.
 */
import type { LabelSelectorObject } from '../../../model/objects/raw.ts';
import type { Ip } from '../../../model/values/address.ts';
import { compareText } from '../../../model/values/names.ts';
import { assignableLabel } from './marks/annotations.ts';
import type { OvnNode } from './ovn-nodes.ts';
import { nodesField } from './served.ts';

interface Nodes {
  /** The names of the nodes to which OpenShift SDN confines the IP; undefined if it may be on any. */
  readonly confinedTo: (ip: Ip) => readonly string[] | undefined;
  /** The names of the nodes that may host the IP tomorrow. */
  readonly fitting: (ip: Ip) => readonly string[];
  readonly ovnNodes: ReadonlyMap<string, OvnNode>;
}

/**
 * The names of the nodes that the EgressIP with these addresses names, sorted: all to which one of them is confined.
 * Undefined if it names none: an address may be on any node, nothing would be left out, or a node cannot be named.
 */
export function chosenNodes(
  egressIPs: readonly Ip[],
  { confinedTo, fitting, ovnNodes }: Nodes,
): readonly string[] | undefined {
  const confined = egressIPs.flatMap((ip) => {
    const names = confinedTo(ip);
    return names === undefined ? [] : [names];
  });
  if (confined.length < egressIPs.length) return undefined;
  const [confinedLists, fittingLists] = [[...new Set(confined)], [...new Set(egressIPs.map(fitting))]];
  const [only, fits] = [confinedLists[0], fittingLists[0]];
  if (only === undefined || fits === undefined || confinedLists.length + fittingLists.length > 2)
    return chosenFrom(confinedLists, fittingLists, ovnNodes);
  // many egress IPs share their lists
  const byConfined = choices.get(ovnNodes) ?? new WeakMap<Names, WeakMap<Names, Choice>>();
  choices.set(ovnNodes, byConfined);
  const byFitting = byConfined.get(only) ?? new WeakMap<Names, Choice>();
  byConfined.set(only, byFitting);
  const choice = byFitting.get(fits) ?? { names: chosenFrom(confinedLists, fittingLists, ovnNodes) };
  byFitting.set(fits, choice);
  return choice.names;
}

type Names = readonly string[];
interface Choice {
  readonly names: Names | undefined;
}
const choices = new WeakMap<ReadonlyMap<string, OvnNode>, WeakMap<Names, WeakMap<Names, Choice>>>();

function chosenFrom(
  confined: readonly Names[],
  fitting: readonly Names[],
  ovnNodes: ReadonlyMap<string, OvnNode>,
): Names | undefined {
  const all = new Set(confined.flat());
  const isLimit = fitting.some((names) => names.length > all.size || names.some((name) => !all.has(name)));
  if (!isLimit) return undefined;
  const able = [...all].filter((name) => fitting.some((names) => setOf(names).has(name))).sort(compareText);
  const canBeNamed = able.every((name) => hostnameOf(ovnNodes.get(name)) !== undefined);
  return able.length > 0 && canBeNamed ? able : undefined;
}

/** The sets of lists that many egress IPs share. */
const sets = new WeakMap<Names, ReadonlySet<string>>();

function setOf(names: Names): ReadonlySet<string> {
  const known = sets.get(names) ?? new Set(names);
  sets.set(names, known);
  return known;
}

const hostnameLabel = 'kubernetes.io/hostname';

function hostnameOf(ovnNode: OvnNode | undefined): string | undefined {
  return ovnNode?.node?.labels[hostnameLabel];
}

/**
 * The selector of these nodes. It asks for the label of hosting nodes too, so that taking it away still means what it
 * did.
 */
export function nodeSelector(
  names: readonly string[],
  ovnNodes: ReadonlyMap<string, OvnNode>,
): { readonly [nodesField]: LabelSelectorObject } {
  const values = names.flatMap((name) => hostnameOf(ovnNodes.get(name)) ?? []);
  return {
    [nodesField]: {
      matchExpressions: [
        { key: assignableLabel, operator: 'Exists' },
        { key: hostnameLabel, operator: 'In', values },
      ],
    },
  };
}
