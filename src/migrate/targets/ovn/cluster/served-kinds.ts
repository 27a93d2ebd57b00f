/** Reports what the plan assumes of OVN-Kubernetes' kinds while nothing tells what the API server serves. Pure. */
import { egressFirewalls, egressIPs } from '../../../../../api/kinds.ts';
import type { Finding } from '../../../findings/finding.ts';
import { nodesInEgressIPsUnknown, nodesInFirewallsUnknown } from '../../../findings/input.ts';
import { egressFirewallItem } from '../../../kinds/egressfirewall.ts';
import type { Known } from '../../../known.ts';
import { resourceName } from '../../../ref.ts';
import type { Change } from '../../../translation.ts';
import type { Context } from '../context.ts';
import { nodesField } from '../served.ts';

/** One finding for each kind of which it matters, judging by what the plan makes. */
export function servedKindFindings({ egress, served }: Context, changes: readonly Change[]): readonly Finding[] {
  const plugin = 'OVN-Kubernetes';
  const { undecided } = egress;
  const closed = changes.filter(allowsNodes).length;
  return [
    ...unknown(served.nodesInEgressIPs, undecided.length, (reason) =>
      nodesInEgressIPsUnknown({
        ...{ name: resourceName(egressIPs), reason, plugin, field: nodesField },
        count: undecided.length,
      }),
    ),
    ...unknown(served.nodesInFirewalls, closed, (reason) =>
      nodesInFirewallsUnknown({
        ...{ name: resourceName(egressFirewalls), reason, plugin, field: 'nodeSelector' },
        count: closed,
      }),
    ),
  ];
}

function unknown(
  known: Known<boolean>,
  count: number,
  make: (reason: string | undefined) => Finding,
): readonly Finding[] {
  if (known.kind === 'known' || count === 0) return [];
  return [make(known.kind === 'unreadable' ? known.reason : undefined)];
}

function allowsNodes(change: Change): boolean {
  if (change.action !== 'apply' || change.object.kind !== egressFirewalls.kind) return false;
  return egressFirewallItem(change.object).rules.some(({ nodeSelector }) => nodeSelector !== undefined);
}
