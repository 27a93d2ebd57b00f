/** Where egress IPs may be, for users: what the annotations say, and notes on what is wrong with that. */
import type { EgressState } from '../egress/state.ts';
import { allowsCidr } from '../objects/cloud.ts';
import { problemText } from '../objects/egressrules.ts';
import type { HostSubnet } from '../objects/hostsubnet.ts';
import type { NetNamespace } from '../objects/netnamespace.ts';
import {
  isSelective,
  type JoinedPlacement,
  joinedPlacement,
  placementAnnotations,
  selectorsText,
  selects,
} from '../objects/placement.ts';
import { contains, type Ip } from '../values/address.ts';
import { listText } from '../values/list-text.ts';
import { compareText } from '../values/names.ts';
import type { Vnid } from '../values/vnid.ts';
import type { Cluster } from './cluster.ts';

/** What holds for the egress IPs of namespaces that share a VNID, or of one. */
export interface PlacementRow {
  readonly namespaces: readonly string[];
  readonly vnid: number;
  /** The selectors of the only nodes that may host them; empty: all nodes. */
  readonly nodeSelectors: readonly string[];
  /** Whether a selector cannot be read: none of the egress IPs goes to another node then. */
  readonly isUnreadable: boolean;
  /** The nodes that are selected, in order of name; null without a selector. */
  readonly selected: readonly string[] | null;
  /** Whether egress IPs stay where they are as long as the node may host them. */
  readonly noFailback: boolean;
}

/** Namespaces that share a VNID, and what they say together. */
interface Placed {
  readonly vnid: Vnid;
  readonly namespaces: readonly NetNamespace[];
  readonly placement: JoinedPlacement;
}

/** Those that say something, in order of VNID. */
function placedIn({ netNamespaces }: Pick<Cluster, 'netNamespaces'>): readonly Placed[] {
  const vnids = new Set(netNamespaces.filter(({ placement }) => placement !== undefined).map(({ vnid }) => vnid));
  const byVnid = Map.groupBy(
    netNamespaces.filter(({ vnid }) => vnids.has(vnid)),
    ({ vnid }) => vnid,
  );
  return [...byVnid]
    .sort(([a], [b]) => a - b)
    .flatMap(([vnid, all]) => {
      const namespaces = all.toSorted((a, b) => compareText(a.name, b.name));
      const placement = joinedPlacement(namespaces);
      return placement === undefined ? [] : [{ vnid, namespaces, placement }];
    });
}

/** A row for each VNID whose namespaces say something that counts. */
export function placementRows(cluster: Cluster): readonly PlacementRow[] {
  return placedIn(cluster)
    .filter(({ placement }) => placement.stays || isSelective(placement))
    .map(({ vnid, namespaces, placement }) => {
      const selected = cluster.hostSubnets.filter(({ name }) => selects(placement, cluster.nodeLabels.get(name)));
      return {
        namespaces: namespaces.map(({ name }) => name),
        vnid,
        nodeSelectors: placement.selectors.map(({ text }) => text),
        isUnreadable: placement.isUnreadable,
        selected: isSelective(placement) ? selected.map(({ name }) => name).sort(compareText) : null,
        noFailback: placement.stays,
      };
    });
}

/** A problem with where egress IPs of a namespace may be. */
export interface PlacementNote {
  readonly kind: 'NetNamespace';
  readonly name: string;
  readonly code: PlacementNoteCode;
  readonly message: string;
}

export type PlacementNoteCode = 'InvalidEgressRule' | 'NoSelectedNode' | 'EgressIPOutsideNodeSelector';

/** What becomes of an annotation that cannot be read. */
const instead: Readonly<Record<string, string>> = {
  [placementAnnotations.nodeSelector]:
    'until it can, egress IPs of the namespace stay on the node that has them, and none goes to another',
  [placementAnnotations.noFailback]: 'it counts as "true", so that nothing moves back',
};

function unreadable(netNamespaces: readonly NetNamespace[]): readonly PlacementNote[] {
  return netNamespaces.flatMap(({ name, placement }) =>
    (placement?.problems ?? []).map((problem): PlacementNote => ({
      ...{ kind: 'NetNamespace', name, code: 'InvalidEgressRule' },
      message: `${problemText(problem)}; ${instead[problem.annotation] ?? ''}`,
    })),
  );
}

/** Nodes whose egressCIDRs hold the address. */
function candidates({ hostSubnets, limits }: Cluster, ip: Ip): readonly HostSubnet[] {
  const found = hostSubnets.filter(({ name, egressCIDRs }) => {
    const limit = limits.get(name);
    return egressCIDRs.some((cidr) => contains(cidr, ip) && (limit === undefined || allowsCidr(limit, cidr)));
  });
  return found.toSorted((a, b) => compareText(a.name, b.name));
}

/** Why a node does not get an egress IP, or undefined if nothing is known to be in the way. */
function whyNot(
  { name, hostIP, egressIPs }: HostSubnet,
  { placement, own, cluster }: { placement: JoinedPlacement; own: ReadonlySet<Ip>; cluster: Cluster },
): string | undefined {
  const isSelected = selects(placement, cluster.nodeLabels.get(name));
  const capacity = cluster.limits.get(name)?.capacity;
  if (isSelected === false) return `${name} is not selected`;
  if (cluster.offline.has(hostIP)) return `${name} is offline`;
  if (isSelected === undefined)
    return placement.isUnreadable ? `${name} may not be selected` : `the labels of ${name} are not known`;
  if (egressIPs.some((ip) => own.has(ip))) return `${name} has another egress IP of the namespace`;
  return capacity === 'current' || egressIPs.length >= (capacity ?? Infinity) ? `${name} is full` : undefined;
}

/** Why an egress IP is on no node, if the selectors have to do with it. */
function unplacedText(ip: Ip, { placement, namespaces }: Placed, cluster: Cluster): string | undefined {
  const own = new Set(namespaces.flatMap(({ egressIPs }) => egressIPs));
  const nodes = candidates(cluster, ip);
  const reasons = nodes.flatMap((node) => whyNot(node, { placement, own, cluster }) ?? []);
  const isOut = nodes.some(({ name }) => selects(placement, cluster.nodeLabels.get(name)) !== true);
  if (!isOut || reasons.length < nodes.length) return undefined;
  return `${ip} is on no node: node selector ${selectorsText(placement)} leaves none of those with egressCIDRs for it: ${listText(reasons)}`;
}

/** What is wrong with one egress IP. */
function noteOn(ip: Ip, placed: Placed, cluster: Cluster): Pick<PlacementNote, 'code' | 'message'> | undefined {
  const { placement } = placed;
  const hosts = cluster.hostSubnets.filter(({ egressIPs }) => egressIPs.includes(ip));
  if (hosts.length === 0) {
    const message = unplacedText(ip, placed, cluster);
    return message === undefined ? undefined : { code: 'NoSelectedNode', message };
  }
  const outside = hosts.find(
    ({ name, egressCIDRs }) => egressCIDRs.length === 0 && selects(placement, cluster.nodeLabels.get(name)) === false,
  );
  if (outside === undefined) return undefined;
  return {
    code: 'EgressIPOutsideNodeSelector',
    message: `${ip} is on ${outside.name}, which node selector ${selectorsText(placement)} does not select: an admin listed it there, so it stays`,
  };
}

/** All notes on where egress IPs may be, each on every namespace of its VNID. */
export function placementNotes(cluster: Cluster, state: EgressState): readonly PlacementNote[] {
  const notes = placedIn(cluster)
    .filter(({ placement }) => isSelective(placement))
    .flatMap((placed) =>
      (state.requests.get(placed.vnid) ?? []).flatMap((ip) => {
        const note = noteOn(ip, placed, cluster);
        if (note === undefined) return [];
        return placed.namespaces.map(({ name }): PlacementNote => ({ kind: 'NetNamespace', name, ...note }));
      }),
    );
  return [...unreadable(cluster.netNamespaces), ...notes];
}
