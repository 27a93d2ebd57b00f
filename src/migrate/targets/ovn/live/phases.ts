/** The phases that put egress IPs where a plan expects them: a node's label, its egress IPs, their assignment. Pure. */
import { egressIPs, nodes } from '../../../../../api/kinds.ts';
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { compareText } from '../../../../model/values/names.ts';
import { assignedIn, requestedIn, withAddresses } from '../../../kinds/egressip.ts';
import { itemOf } from '../../../kinds/item.ts';
import { type NodeItem, nodeItem } from '../../../kinds/node.ts';
import { objectRef } from '../../../ref.ts';
import type { Phase, Phases, Sight } from '../../../target.ts';
import type { Change, Placement } from '../../../translation.ts';
import { assignableLabel, missingAnnotations } from '../marks/annotations.ts';
import { type Share, sharesOf, spoilerOf } from '../placement/shares.ts';

type Apply = Extract<Change, { readonly action: 'apply' }>;

/** An EgressIP of the plan, and its addresses. */
interface Growing {
  readonly change: Apply;
  readonly egressIPs: readonly string[];
}

interface PlanObjects {
  readonly objectOf: ReadonlyMap<string, Growing>;
  readonly labels: ReadonlyMap<string, Apply>;
}

/** The phases of these changes. */
export function phasesOf(changes: readonly Change[], placement: ReadonlyMap<string, Placement>): Phases {
  const applied = changes.filter((change): change is Apply => change.action === 'apply');
  const growing = applied
    .filter(({ object }) => object.kind === egressIPs.kind)
    .map((change): Growing => ({ change, egressIPs: requestedIn(change.object) }));
  const objectOf = new Map(growing.flatMap((one) => one.egressIPs.map((ip) => [ip, one] as const)));
  const labels = new Map(
    applied.filter(({ object }) => object.kind === nodes.kind).map((change) => [itemOf(change.object).name, change]),
  );
  const expected = [...placement].flatMap(([ip, { expected: node }]): readonly (readonly [string, string])[] =>
    node !== undefined && objectOf.has(ip) && labels.has(node) ? [[ip, node]] : [],
  );
  const shares = sharesOf(new Map(expected));
  const objects: PlanObjects = { objectOf, labels };
  return { kinds: [nodes, egressIPs], list: shares.map((share) => phaseFor(share, objects)) };
}

function phaseFor(share: Share<string>, objects: PlanObjects): Phase {
  const { node, egressIPs: ips } = share;
  const label = objects.labels.get(node);
  const growing = [...new Set(ips.map((ip) => objects.objectOf.get(ip)))].filter((one) => one !== undefined);
  return {
    name: `Node ${node}: ${ips.length} egress IP${ips.length === 1 ? '' : 's'}`,
    first: label === undefined ? [] : [label],
    entries: ips,
    then: (sight, begun) =>
      growing.map(({ change, egressIPs: all }) => {
        const is = sight.get(objectRef(change.object));
        const present = new Set(is === undefined ? [] : requestedIn(is));
        const wanted = all.filter((ip) => present.has(ip) || begun.has(ip));
        return { change, object: withAddresses(change.object, wanted) };
      }),
    obstacle: (sight) => obstacleOf(share, sight, objects),
    missing: (sight, wasMade) => {
      const made = ips.filter((ip) => {
        const object = objects.objectOf.get(ip)?.change.object;
        return object !== undefined && wasMade(objectRef(object));
      });
      return unassigned(made, sight, objects).sort(compareText);
    },
  };
}

/** The addresses without a node. */
function unassigned(ips: readonly string[], sight: Sight, { objectOf }: PlanObjects): string[] {
  return ips.filter((ip) => {
    const wanted = objectOf.get(ip)?.change.object;
    const is = wanted === undefined ? undefined : sight.get(objectRef(wanted));
    return is === undefined || !assignedIn(is).has(ip);
  });
}

function obstacleOf(share: Share<string>, sight: Sight, objects: PlanObjects): ReturnType<Phase['obstacle']> {
  const left = unassigned(share.egressIPs, sight, objects);
  if (left.length === 0) return undefined;
  const all = sight.all(nodes).map(nodeItem);
  const why = unable(all.find(({ name }) => name === share.node));
  if (why !== undefined) return { leaves: 'phase', reason: `Node ${share.node} ${why}` };
  // of the plan's own nodes one may be empty, where an address could not be assigned: then one is lost to chance, and
  // not all
  const foreign = all
    .filter(
      ({ name, labels, ready }) =>
        !objects.labels.has(name) && labels[assignableLabel] !== undefined && ready === 'True',
    )
    .map(({ name }) => name)
    .sort(compareText);
  const loads = loadsOf(sight.all(egressIPs));
  const spoiler = spoilerOf(
    { node: share.node, egressIPs: left },
    {
      loads: new Map([share.node, ...foreign].map((name) => [name, loads.get(name) ?? 0])),
      // the plan knows nothing of nodes that it does not label
      mayHave: () => true,
    },
  );
  if (spoiler === undefined) return undefined;
  return {
    leaves: 'all',
    reason: `Node ${spoiler.node} has the label and only ${spoiler.has} egress IP${spoiler.has === 1 ? '' : 's'}, so OVN-Kubernetes would not choose ${share.node}`,
  };
}

/** Why the node gets no egress IP at the moment; undefined if it may. */
function unable(node: NodeItem | undefined): string | undefined {
  if (node === undefined) return 'is not there';
  if (missingAnnotations(node.object).length > 0) return 'lacks annotations of OVN-Kubernetes';
  return node.ready === 'True' ? undefined : 'is not Ready';
}

function loadsOf(all: readonly KubeObject[]): ReadonlyMap<string, number> {
  const loads = new Map<string, number>();
  for (const object of all) for (const node of assignedIn(object).values()) loads.set(node, (loads.get(node) ?? 0) + 1);
  return loads;
}
