/** Keeps the way back from restoring into what belongs to others by now. Pure. */
import { egressNetworkPolicies, namespaces, netNamespaces } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { textsAt } from '../../kinds/item.ts';
import { netidOf } from '../../kinds/sdn.ts';
import { type Live, liveObject } from '../../live.ts';
import { isSDN } from '../../ownership.ts';
import { type ObjectRef, objectRef, refKey, refNamed, refText } from '../../ref.ts';
import type { Found } from './undo-value.ts';

/**
 * Returns what is to be done about an object of the backup unless it would go to others: to a Namespace that was made
 * again since, or as a request of an address that another namespace requests now, of which OpenShift SDN would serve
 * neither. With `force` the request is restored all the same.
 */
export function unlessOthers(
  backup: ReadonlyMap<string, KubeObject>,
  live: Live,
  force: boolean,
): (was: KubeObject, found: Found) => Found {
  const requests = [...live.objects.values()].filter((one) => one.kind === netNamespaces.kind && isSDN(objectRef(one)));
  const byIP = Map.groupBy(
    requests.flatMap((one) => textsAt(one, 'egressIPs').map((ip) => ({ ip, one }))),
    ({ ip }) => ip,
  );
  const rivalOf = (was: KubeObject): string | undefined => {
    const is = liveObject(live, objectRef(was)) ?? was;
    const rivals = textsAt(was, 'egressIPs').flatMap((ip) =>
      (byIP.get(ip) ?? []).filter(({ one }) => {
        const before = backup.get(refKey(objectRef(one)));
        return netidOf(one) !== netidOf(is) && (before === undefined || !textsAt(before, 'egressIPs').includes(ip));
      }),
    );
    const [rival] = rivals;
    return rival && `${refText(objectRef(rival.one))} requests ${rival.ip} now, and OpenShift SDN would serve neither`;
  };
  return (was, found) => {
    const object = objectRef(was);
    if (found.undo.length === 0) return found;
    if (isRenewed(was, object, live))
      return { undo: [], notes: [`${refText(object)} is not restored: its Namespace was made again since`] };
    const rival = force || object.kind !== netNamespaces.kind ? undefined : rivalOf(was);
    if (rival === undefined) return found;
    return { undo: [], awaited: [{ object, text: `${refText(object)} is not restored: ${rival}` }] };
  };
}

/** Whether its Namespace is younger than the object in the backup, so that it is another one. */
function isRenewed(was: KubeObject, { kind, name, namespace }: ObjectRef, live: Live): boolean {
  if (kind !== netNamespaces.kind && kind !== egressNetworkPolicies.kind) return false;
  const owner = liveObject(live, refNamed(namespaces, namespace ?? name));
  const [then, now] = [was.metadata.creationTimestamp, owner?.metadata.creationTimestamp];
  return then !== undefined && now !== undefined && now > then;
}
