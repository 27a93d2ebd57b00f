/** With which addresses namespaces should leave, by the NetNamespaces of a way back. Pure. */
import { netNamespaces } from '../../../../api/kinds.ts';
import { textsAt } from '../../kinds/item.ts';
import { type Live, liveObject } from '../../live.ts';
import { type Change, refOf } from '../../translation.ts';

/** The addresses that the NetNamespaces request, by namespace; none of a namespace that requests none. */
export function leavesWith(changes: readonly Change[], live: Live): ReadonlyMap<string, readonly string[]> {
  return new Map(
    changes.flatMap((change) => {
      const object = refOf(change);
      const addresses = textsAt(liveObject(live, object) ?? {}, 'egressIPs');
      const isRequest = change.action === 'apply' && object.kind === netNamespaces.kind && addresses.length > 0;
      return isRequest ? [[object.name, addresses] as const] : [];
    }),
  );
}
