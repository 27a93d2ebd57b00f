/**
 * The identity of OpenShift SDN's objects: what they belong to, and their host IP, subnet or netid, which others may have
 * by now. Pure.
 */
import { hostSubnets, namespaces, netNamespaces, nodes } from '../../../../../api/kinds.ts';
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { overlaps, parseCidr } from '../../../../model/values/address.ts';
import { nodeItem } from '../../../kinds/node.ts';
import { hostIdentity, netidOf } from '../../../kinds/sdn.ts';
import { type Live, liveObject, liveObjectsOf } from '../../../live.ts';
import type { Backup } from '../../../old-plugin.ts';
import { type ObjectRef, objectRef, refKey, refNamed, refText } from '../../../ref.ts';

/** Who has the identity of an object of the backup that is gone; undefined if it may be created again as it was. */
export function identityTaken(was: KubeObject, backup: Backup, live: Live): string | undefined {
  if (was.kind === hostSubnets.kind) return hostProblem(was, live);
  if (was.kind === netNamespaces.kind) return netidProblem(was, backup, live);
  return undefined;
}

/** The Node of a HostSubnet, the Namespace of a NetNamespace or policy. */
export function ownerOf({ kind, namespace, name }: ObjectRef): ObjectRef | undefined {
  if (kind === hostSubnets.kind) return refNamed(nodes, name);
  const owner = kind === netNamespaces.kind ? name : namespace;
  return owner === undefined ? undefined : refNamed(namespaces, owner);
}

function hostProblem(was: KubeObject, live: Live): string | undefined {
  const name = was.metadata.name ?? '';
  const node = liveObject(live, refNamed(nodes, name));
  const { hostIP, subnet } = hostIdentity(was);
  const addresses = node === undefined ? [] : nodeItem(node).addresses;
  if (addresses.length > 0 && !addresses.includes(hostIP))
    return `its Node has ${addresses.join(', ')} now, not ${hostIP}`;
  const other = liveObjectsOf(live, hostSubnets).find((one) => {
    const has = hostIdentity(one);
    return one.metadata.name !== name && (has.hostIP === hostIP || isShared(has.subnet, subnet));
  });
  return other === undefined ? undefined : `${refText(objectRef(other))} has its subnet or host IP now`;
}

function isShared(a: string, b: string): boolean {
  const [left, right] = [parseCidr(a), parseCidr(b)];
  return left.ok && right.ok && overlaps(left.value, right.value);
}

/** Namespaces that shared the netid at the time of the backup may share it again. */
function netidProblem(was: KubeObject, backup: Backup, live: Live): string | undefined {
  const netid = netidOf(was);
  const other = liveObjectsOf(live, netNamespaces).find((one) => {
    const before = backup.get(refKey(objectRef(one)));
    return netidOf(one) === netid && (before === undefined || netidOf(before) !== netid);
  });
  if (other === undefined || netid === 0) return undefined;
  return `${refText(objectRef(other))} has netid ${netid} now`;
}
