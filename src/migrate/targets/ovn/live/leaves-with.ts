/** With which addresses namespaces should leave, by the EgressIPs of a plan and what OVN-Kubernetes assigned. Pure. */
import { egressIPs, namespaces } from '../../../../../api/kinds.ts';
import { egressIPItem } from '../../../kinds/egressip.ts';
import { itemOf } from '../../../kinds/item.ts';
import { selecting } from '../../../kinds/selection.ts';
import { type Live, liveObject } from '../../../live.ts';
import { type Change, refOf } from '../../../translation.ts';

/** The assigned addresses of the EgressIPs, by namespace that they select. */
export function leavesWith(changes: readonly Change[], live: Live): ReadonlyMap<string, readonly string[]> {
  const all = [...live.objects.values()].filter(({ kind }) => kind === namespaces.kind).map(itemOf);
  const select = selecting(all);
  return new Map(
    changes.flatMap((change) => {
      const is = change.action === 'apply' ? liveObject(live, refOf(change)) : undefined;
      if (is === undefined || is.kind !== egressIPs.kind) return [];
      const { namespaceSelector, assigned } = egressIPItem(is);
      return select(namespaceSelector).map((name) => [name, [...assigned.keys()]] as const);
    }),
  );
}
