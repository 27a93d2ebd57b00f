/**
 * Plans how to restore objects of OpenShift SDN: only the fields that a migration is about, and never an identity (a
 * host IP, a subnet, a netid) that others may have by now. Pure.
 */
import { apiVersionOf, hostSubnets, namespaces, netNamespaces, nodes } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { overlaps, parseCidr } from '../../../model/values/address.ts';
import { nodeItem } from '../../kinds/node.ts';
import { hostIdentity, netidOf } from '../../kinds/sdn.ts';
import { type Live, liveObject } from '../../live.ts';
import { objectRef, refKey, refNamed, refText } from '../../ref.ts';

/** The fields of each kind that a migration clears and restores; undefined means the whole content. */
const owned: ReadonlyMap<string, readonly string[]> = new Map([
  [hostSubnets.kind, ['egressIPs', 'egressCIDRs']],
  [netNamespaces.kind, ['egressIPs']],
]);

/** The part of the content that a migration is about. */
export function ownedContent(
  { kind = '' }: Pick<KubeObject, 'kind'>,
  content: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const fields = owned.get(kind);
  return fields === undefined
    ? content
    : Object.fromEntries(Object.entries(content).filter(([key]) => fields.includes(key)));
}

/** Who has the identity of an object of the backup that is gone; undefined if it may be created again as it was. */
export function identityTaken(
  was: KubeObject,
  backup: ReadonlyMap<string, KubeObject>,
  live: Live,
): string | undefined {
  if (was.kind === hostSubnets.kind) return hostProblem(was, live);
  if (was.kind === netNamespaces.kind) return netidProblem(was, backup, live);
  return undefined;
}

/** Why the object has no Node or Namespace to belong to; undefined if it has. */
export function withoutOwner({ kind, metadata }: KubeObject, live: Live): string | undefined {
  const { name = '', namespace } = metadata;
  const owner = kind === hostSubnets.kind ? nodes : namespaces;
  const ownerName = kind === hostSubnets.kind || kind === netNamespaces.kind ? name : namespace;
  // an EgressIP belongs to nobody
  if (ownerName === undefined) return undefined;
  const found = liveObject(live, refNamed(owner, ownerName));
  if (found === undefined) return `its ${owner.kind} is gone`;
  return found.metadata.deletionTimestamp === undefined ? undefined : `its ${owner.kind} is being deleted`;
}

function hostProblem(was: KubeObject, live: Live): string | undefined {
  const name = was.metadata.name ?? '';
  const node = liveObject(live, refNamed(nodes, name));
  const { hostIP, subnet } = hostIdentity(was);
  const addresses = node === undefined ? [] : nodeItem(node).addresses;
  if (addresses.length > 0 && !addresses.includes(hostIP))
    return `its Node has ${addresses.join(', ')} now, not ${hostIP}`;
  const other = objectsOfKind(live, hostSubnets.kind).find((one) => {
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
function netidProblem(was: KubeObject, backup: ReadonlyMap<string, KubeObject>, live: Live): string | undefined {
  const netid = netidOf(was);
  const other = objectsOfKind(live, netNamespaces.kind).find((one) => {
    const before = backup.get(refKey(objectRef(one)));
    return netidOf(one) === netid && (before === undefined || netidOf(before) !== netid);
  });
  if (other === undefined || netid === 0) return undefined;
  return `${refText(objectRef(other))} has netid ${netid} now`;
}

function objectsOfKind({ objects }: Live, kind: string): readonly KubeObject[] {
  return [...objects.values()].filter((one) => one.kind === kind && one.apiVersion === apiVersionOf(hostSubnets));
}
