/** What each target keeps of a cluster's own configuration, and which one keeps most. Pure. */
import { multicastAnnotation } from '../../model/objects/well-known.ts';
import type { NamespaceEnds } from '../addresses.ts';
import type { Finding } from '../findings/finding.ts';
import type { FindingCode } from '../findings/rows.ts';
import { type Requests, requestsOf } from '../requests/requests.ts';
import type { Snapshot } from '../snapshot.ts';
import { type Target, unsetOptions } from '../target.ts';
import type { Translation } from '../translation.ts';
import { criteria, type Criterion } from './criteria.ts';
import type { Kept, TargetRow } from './row.ts';

export interface Comparison {
  /** In the order of `--to`. */
  readonly targets: readonly TargetRow[];
  /** The one that keeps most, and why; absent if no namespace leaves with an egress IP. */
  readonly recommended?: { readonly target: string; readonly plugin: string; readonly reasons: readonly string[] };
}

/** Compares the targets. Existing objects of them are not looked at. */
export function compareTargets(
  snapshot: Snapshot,
  targets: readonly Target[],
  machineNetworks: readonly string[],
): Comparison {
  const requests = requestsOf(snapshot, { only: [], namespaces: [], prefix: 'egressip', dropPolicies: false });
  const rows = targets.flatMap((target) => rowOf(target, { snapshot, requests, machineNetworks }) ?? []);
  const [best, ...others] = rows.toSorted(compareRows);
  if (best === undefined || requests.groups.every(({ today }) => today.kind !== 'via')) return { targets: rows };
  const { target, plugin } = best;
  return { targets: rows, recommended: { target, plugin, reasons: reasonsFor(best, others) } };
}

interface Given {
  readonly snapshot: Snapshot;
  readonly requests: Requests;
  readonly machineNetworks: readonly string[];
}

function rowOf(target: Target, { snapshot, requests, machineNetworks }: Given): TargetRow | undefined {
  const { abilities, name, plugin } = target;
  const translator = target.translator({ ...unsetOptions(target), machineNetworks: [...machineNetworks] });
  if (abilities === undefined || translator === undefined) return undefined;
  const translation = translator.translate(target.before(snapshot));
  const { findings } = translation;
  const policies = requests.snapshot.egressPolicies.length;
  const features = featuresIn(requests);
  return {
    target: name,
    plugin,
    namespaces: namespacesIn(translation.addresses?.ends ?? []),
    nodes: nodesIn(requests, translation),
    policies: { kept: policies - count(findings, 'PolicyUntranslated'), of: policies },
    features: { kept: features - count(findings, 'FeatureUntranslated'), of: features },
    byHand: count(findings, 'AddressToBePutOnNode'),
    ...abilities,
    blockers: findings.filter(({ severity }) => severity === 'blocker').length,
    warnings: findings.filter(({ severity }) => severity === 'warning').length,
  };
}

function count(findings: readonly Finding[], code: FindingCode): number {
  return findings.filter((one) => one.code === code).length;
}

function namespacesIn(ends: readonly NamespaceEnds[]): TargetRow['namespaces'] {
  const kinds = ends
    .filter(({ today }) => today.egressIPs.length > 0)
    .map(({ today, after }) => {
      const left = today.egressIPs.filter((ip) => after.egressIPs.includes(ip));
      if (left.length === 0) return 'none';
      return left.length === today.egressIPs.length && !after.nodes ? 'all' : 'some';
    });
  const of = (kind: (typeof kinds)[number]): number => kinds.filter((one) => one === kind).length;
  return { all: of('all'), some: of('some'), none: of('none') };
}

/** Of the addresses in use, those that the target may put only where OpenShift SDN may. */
function nodesIn({ groups, nodesOf }: Requests, { placement }: Translation): Kept {
  const used = groups.flatMap(({ today }) => (today.kind === 'via' ? today.hops.map(({ egressIP }) => egressIP) : []));
  const kept = used.filter((ip) => {
    const { allowed = [] } = placement.get(ip) ?? {};
    return allowed.length > 0 && allowed.every((node) => nodesOf(ip).includes(node));
  });
  return { kept: kept.length, of: used.length };
}

/** How many features there are that a target may get nothing of. */
function featuresIn({ snapshot, network, chosen }: Requests): number {
  const isIsolated = network?.mode === 'multitenant' ? 1 : 0;
  const multicast = snapshot.netNamespaces.filter(
    ({ metadata }) => metadata.annotations?.[multicastAnnotation] === 'true',
  );
  return (
    isIsolated + multicast.length + snapshot.workloads.filter((one) => one.hasMacvlan && chosen(one.namespace)).length
  );
}

/** By the criteria, in their order. */
function compareRows(a: TargetRow, b: TargetRow): number {
  return criteria.map(({ score }) => score(b) - score(a)).find((difference) => difference !== 0) ?? 0;
}

/** What the best one does, criterion by criterion, and where another does better. */
function reasonsFor(best: TargetRow, others: readonly TargetRow[]): readonly string[] {
  return criteria
    .filter(({ matters }) => matters([best, ...others]))
    .map((criterion) => {
      const better = others.filter((one) => criterion.score(one) > criterion.score(best));
      const equal = others.filter((one) => criterion.score(one) === criterion.score(best));
      return `${criterion.text(best)}${standingText(criterion, { better, equal, others })}`;
    });
}

function standingText(
  { short }: Criterion,
  {
    better,
    equal,
    others,
  }: {
    readonly better: readonly TargetRow[];
    readonly equal: readonly TargetRow[];
    readonly others: readonly TargetRow[];
  },
): string {
  if (better.length > 0) return ` (better: ${better.map((one) => `${one.plugin}, ${short(one)}`).join('; ')})`;
  if (others.length === 0) return '';
  if (equal.length === others.length) return ', as all others do';
  return equal.length === 0 ? ', which no other does' : `, as ${equal.map(({ plugin }) => plugin).join(', ')}`;
}
