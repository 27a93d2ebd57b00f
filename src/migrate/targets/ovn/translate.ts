/** Translates to OVN-Kubernetes: all parts, chosen by concern, in one order. */
import { egressIPs } from '../../../../api/kinds.ts';
import { compareIps } from '../../../model/values/address.ts';
import { compareText } from '../../../model/values/names.ts';
import { compareFindings } from '../../findings/finding.ts';
import { compareRefs } from '../../ref.ts';
import { hasObject } from '../../requests/groups.ts';
import { inputPart } from '../../requests/missing-input.ts';
import type { Snapshot } from '../../snapshot.ts';
import { type Change, type Concern, type Part, type Placement, refOf, type Translation } from '../../translation.ts';
import { cloudPart } from './cluster/cloud.ts';
import { finalizePart } from './cluster/finalize.ts';
import { isolationPart } from './cluster/isolation.ts';
import { multicastPart } from './cluster/multicast.ts';
import { nodePart } from './cluster/nodes.ts';
import { preflightPart } from './cluster/preflight.ts';
import { servedKindFindings } from './cluster/served-kinds.ts';
import { uplinkPart } from './cluster/uplinks.ts';
import { type Context, contextOf, type PartOf } from './context.ts';
import { endsOf } from './egressips/addresses.ts';
import { egressIPPart } from './egressips/part.ts';
import { keepClosedPart } from './firewall/keep-closed.ts';
import { firewallPart } from './firewall/part.ts';
import { type KeptPlacement, nothingKept } from './kept-placement.ts';
import type { TranslateOptions } from './options.ts';
import { routerPart } from './router/part.ts';
import { nodesField } from './served.ts';
import { steps } from './steps.ts';

/** The parts by concern. Those without one run whatever `--only` says. */
const parts: readonly { readonly concern?: Concern; readonly part: PartOf }[] = [
  { part: inputPart },
  { part: preflightPart },
  { part: uplinkPart },
  { concern: 'egressip', part: nodePart },
  { concern: 'egressip', part: egressIPPart },
  { concern: 'egressip', part: cloudPart },
  { concern: 'egressip', part: keepClosedPart },
  { concern: 'multicast', part: multicastPart },
  { concern: 'firewall', part: firewallPart },
  { concern: 'isolation', part: isolationPart },
  { concern: 'router', part: routerPart },
  { part: finalizePart },
];

/** Translates a snapshot to OVN-Kubernetes. Pure; the order of the input does not matter. */
export function toOVN(snapshot: Snapshot, options: TranslateOptions): Translation {
  const context = contextOf(snapshot, options);
  const wantsEgressIPs = options.only.length === 0 || options.only.includes('egressip');
  const made: readonly Part[] = parts
    .filter(({ concern }) => concern === undefined || options.only.length === 0 || options.only.includes(concern))
    .map(({ part }) => part(context));
  const kept = wantsEgressIPs ? context.kept : nothingKept;
  const changes = made.flatMap((part) => part.changes);
  return {
    changes: inOrder(kept.expected.size === 0 ? changes : changes.map(phased)),
    findings: [...made.flatMap(({ findings }) => findings), ...servedKindFindings(context, changes)].sort(
      compareFindings,
    ),
    placement: wantsEgressIPs ? placementOf(context, kept) : new Map(),
    ...(context.served.nodesInEgressIPs.kind === 'known' ? {} : { undecided: [nodesOfEgressIPs] }),
    assignedCount: wantsEgressIPs ? context.egress.prediction.assignedCount : [],
    ...(wantsEgressIPs ? { addresses: endsOf(context) } : {}),
  };
}

const nodesOfEgressIPs = { kind: egressIPs.kind, field: `spec.${nodesField}` } as const;

/** A label or an EgressIP is made phase by phase, to keep each egress IP on its node. */
function phased(change: Change): Change {
  const isPhased = change.step === 'label-nodes' || change.step === 'egress-ips';
  return isPhased && change.action === 'apply' ? { ...change, step: 'keep-placement' } : change;
}

/** Where every address of the EgressIPs is today and may be tomorrow. */
function placementOf({ egress }: Context, { expected }: KeptPlacement): ReadonlyMap<string, Placement> {
  const ips = egress.groups.filter(hasObject).flatMap(({ egressIPs }) => egressIPs);
  const names = new Map<readonly (string | null)[], readonly string[]>();
  const namesOf = (allowed: readonly (string | null)[]): readonly string[] => {
    const known = names.get(allowed) ?? allowed.filter((name) => name !== null);
    names.set(allowed, known);
    return known;
  };
  const placements = ips.sort(compareIps).map((ip): [string, Placement] => {
    const today = egress.hostsOf(ip).map(({ name }) => String(name));
    const allowed = namesOf(egress.prediction.allowed.get(ip) ?? []);
    const node = expected.get(ip);
    return [ip, node === undefined ? { today, allowed } : { today, allowed, expected: node }];
  });
  return new Map(placements);
}

const stepNames = steps.map(({ name }) => name);

/** Sorts by step, object and action: a total order. */
function inOrder(changes: readonly Change[]): readonly Change[] {
  const known = changes.map((change) => ({ change, step: stepNames.indexOf(change.step), ref: refOf(change) }));
  return known
    .sort((a, b) => a.step - b.step || compareRefs(a.ref, b.ref) || compareText(a.change.action, b.change.action))
    .map(({ change }) => change);
}
