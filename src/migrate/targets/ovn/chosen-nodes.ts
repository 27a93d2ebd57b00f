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
  /** The names of the nodes on which OpenShift SDN keeps the IP; undefined if it may be on any. */
  readonly keptOn: (ip: Ip) => readonly string[] | undefined;
  /** The names of the nodes that may host the IP tomorrow. */
  readonly fitting: (ip: Ip) => readonly string[];
  readonly ovnNodes: ReadonlyMap<string, OvnNode>;
}

/**
 * The names of the nodes that the EgressIP with these addresses names, sorted: all on which one of them is kept.
 * Undefined if it names none: an address may be on any node, nothing would be left out, or a node cannot be named.
 */
export function chosenNodes(
  egressIPs: readonly Ip[],
  { keptOn, fitting, ovnNodes }: Nodes,
): readonly string[] | undefined {
  const kept = egressIPs.flatMap((ip) => {
    const names = keptOn(ip);
    return names === undefined ? [] : [names];
  });
  if (kept.length < egressIPs.length) return undefined;
  const [keptLists, fittingLists] = [[...new Set(kept)], [...new Set(egressIPs.map(fitting))]];
  const [only, fits] = [keptLists[0], fittingLists[0]];
  if (only === undefined || fits === undefined || keptLists.length + fittingLists.length > 2)
    return chosenFrom(keptLists, fittingLists, ovnNodes);
  // many egress IPs share their lists
  const byKept = answers.get(ovnNodes) ?? new WeakMap<Names, WeakMap<Names, Answer>>();
  answers.set(ovnNodes, byKept);
  const byFitting = byKept.get(only) ?? new WeakMap<Names, Answer>();
  byKept.set(only, byFitting);
  const answer = byFitting.get(fits) ?? { names: chosenFrom(keptLists, fittingLists, ovnNodes) };
  byFitting.set(fits, answer);
  return answer.names;
}

type Names = readonly string[];
interface Answer {
  readonly names: Names | undefined;
}
const answers = new WeakMap<ReadonlyMap<string, OvnNode>, WeakMap<Names, WeakMap<Names, Answer>>>();

function chosenFrom(
  kept: readonly Names[],
  fitting: readonly Names[],
  ovnNodes: ReadonlyMap<string, OvnNode>,
): Names | undefined {
  const all = new Set(kept.flat());
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
