/** Keeps namespaces closed (`--keep-closed`) with an EgressFirewall where OpenShift SDN alone drops traffic. */
import { egressFirewalls, netNamespaces } from '../../../../../api/kinds.ts';
import { refNamed } from '../../../ref.ts';
import type { Change, Part } from '../../../translation.ts';
import { existing } from '../conflicts.ts';
import type { Context } from '../context.ts';
import { closedRules, firewallOf } from './rules.ts';

/** Plans the EgressFirewall `default` of each such namespace. The cluster and the nodes stay reachable, as with SDN. */
export function keepClosedPart(context: Context): Part {
  if (!context.options.keepClosed) return { changes: [], findings: [] };
  const made = [...context.closed].sort().map((namespace) => firewallOf(namespace, closedRules(context)));
  return {
    changes: made.map((object): Change => {
      const from = [refNamed(netNamespaces, object.metadata.namespace ?? '')];
      return { action: 'apply', step: 'egress-firewalls', object, from };
    }),
    findings: made.flatMap((object) => existing(context.snapshot, object)),
  };
}

/** Whether the change keeps a dropped namespace closed. That depends on which nodes are Ready at the moment. */
export function isMomentary(change: Change): boolean {
  if (change.action !== 'apply' || change.object.kind !== egressFirewalls.kind) return false;
  return change.from.every(({ kind }) => kind === netNamespaces.kind);
}
