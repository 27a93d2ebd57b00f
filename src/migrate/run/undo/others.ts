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
 * again since, as a request of an address that another namespace requests now, of which OpenShift SDN would serve
 * neither, or as a second policy, with which it drops all. With `force` requests and policies are restored all the same.
 * Namespaces that shared a VNID and do not now are others to each other: the first that is asked about has the address.
 */
export function unlessOthers(
  backup: ReadonlyMap<string, KubeObject>,
  live: Live,
  force: boolean,
): (was: KubeObject, found: Found) => Found {
  const requests = new Requests(backup, live);
  const policies = Map.groupBy(objectsOf(live, egressNetworkPolicies.kind), ({ metadata }) => metadata.namespace);
  const policyBeside = (was: KubeObject): string | undefined => {
    const { name, namespace } = was.metadata;
    const other = (policies.get(namespace) ?? []).find(
      (one) => one.metadata.name !== name && !backup.has(refKey(objectRef(one))),
    );
    return other && `${refText(objectRef(other))} is there, and with two policies OpenShift SDN drops all`;
  };
  return (was, found) => {
    const object = objectRef(was);
    if (found.undo.length === 0) return found;
    if (isRenewed(was, object, live))
      return { undo: [], notes: [`${refText(object)} is not restored: its Namespace was made again since`] };
    const reason = force ? undefined : whyNot(was, found, { requests, policyBeside });
    if (reason === undefined) requests.grant(was);
    return reason === undefined ? found : { undo: [], awaited: [{ object, text: `${refText(object)} ${reason}` }] };
  };
}

interface Others {
  readonly requests: Requests;
  readonly policyBeside: (was: KubeObject) => string | undefined;
}

function whyNot(was: KubeObject, { undo }: Found, { requests, policyBeside }: Others): string | undefined {
  const isCreated = undo.some(({ kind }) => kind === 'create');
  const reason =
    was.kind === netNamespaces.kind
      ? requests.rival(was)
      : was.kind === egressNetworkPolicies.kind && isCreated
        ? policyBeside(was)
        : undefined;
  return reason && `is not restored: ${reason}`;
}

/** Who requests each address: now, and by what was restored so far. */
class Requests {
  readonly #backup: ReadonlyMap<string, KubeObject>;
  readonly #live: Live;
  readonly #byIP = new Map<string, Set<KubeObject>>();

  constructor(backup: ReadonlyMap<string, KubeObject>, live: Live) {
    this.#backup = backup;
    this.#live = live;
    for (const one of objectsOf(live, netNamespaces.kind)) this.#add(one, one);
  }

  /** What the object of the backup requests will be requested. */
  grant(was: KubeObject): void {
    if (was.kind === netNamespaces.kind) this.#add(was, this.#now(was));
  }

  #add(asking: KubeObject, one: KubeObject): void {
    for (const ip of textsAt(asking, 'egressIPs')) this.#byIP.set(ip, (this.#byIP.get(ip) ?? new Set()).add(one));
  }

  /** Who has an address of the object with another netid, though that was not so in the backup. */
  rival(was: KubeObject): string | undefined {
    const is = this.#now(was);
    for (const ip of textsAt(was, 'egressIPs'))
      for (const one of this.#byIP.get(ip) ?? []) {
        const before = this.#backup.get(refKey(objectRef(one)));
        const hadIt = before !== undefined && textsAt(before, 'egressIPs').includes(ip);
        const wasJoined = hadIt && netidOf(before) === netidOf(was);
        if (netidOf(one) === netidOf(is) || (hadIt && !wasJoined)) continue;
        return wasJoined
          ? `${refText(objectRef(one))} requests ${ip} and has another netid now, so OpenShift SDN would serve neither: join the two again`
          : `${refText(objectRef(one))} requests ${ip} now, and OpenShift SDN would serve neither`;
      }
    return undefined;
  }

  #now(was: KubeObject): KubeObject {
    return liveObject(this.#live, objectRef(was)) ?? was;
  }
}

function objectsOf({ objects }: Live, kind: string): readonly KubeObject[] {
  return [...objects.values()].filter((one) => one.kind === kind && isSDN(objectRef(one)));
}

/** Whether its Namespace is younger than the object in the backup, so that it is another one. */
function isRenewed(was: KubeObject, { kind, name, namespace }: ObjectRef, live: Live): boolean {
  if (kind !== netNamespaces.kind && kind !== egressNetworkPolicies.kind) return false;
  const owner = liveObject(live, refNamed(namespaces, namespace ?? name));
  const [then, now] = [was.metadata.creationTimestamp, owner?.metadata.creationTimestamp];
  return then !== undefined && now !== undefined && now > then;
}
