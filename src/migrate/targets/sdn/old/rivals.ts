/** Keeps the way back from restoring requests and policies that clash with others', with which OpenShift SDN drops. Pure. */
import { egressNetworkPolicies, netNamespaces } from '../../../../../api/kinds.ts';
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { listedIPs, netidOf } from '../../../kinds/sdn.ts';
import { type Live, liveObject, liveObjectsOf } from '../../../live.ts';
import type { Backup, Rivals } from '../../../old-plugin.ts';
import { type ObjectRef, objectRef, refKey, refNamed, refText } from '../../../ref.ts';
import type { Snapshot } from '../../../snapshot.ts';

/**
 * Returns who has what an object of the backup asks for: the address of a request, of which OpenShift SDN would serve
 * neither, or the namespace of a second policy, with which it drops all. Namespaces that shared a VNID and do not now are
 * others to each other: the first to which it is granted has the address.
 */
export function rivals(backup: Backup, live: Live): Rivals {
  const requests = new Requests(backup, live);
  const policies = Map.groupBy(liveObjectsOf(live, egressNetworkPolicies), ({ metadata }) => metadata.namespace);
  const policyBeside = (was: KubeObject): string | undefined => {
    const { name, namespace } = was.metadata;
    const other = (policies.get(namespace) ?? []).find(
      (one) => one.metadata.name !== name && !backup.has(refKey(objectRef(one))),
    );
    return other && `${refText(objectRef(other))} is there, and with two policies OpenShift SDN drops all`;
  };
  return {
    rival: (was, isCreated) => {
      if (was.kind === netNamespaces.kind) return requests.rival(was);
      return was.kind === egressNetworkPolicies.kind && isCreated ? policyBeside(was) : undefined;
    },
    grant: (was) => {
      requests.grant(was);
    },
  };
}

/** Who requests each address: now, and by what was restored so far. */
class Requests {
  readonly #backup: Backup;
  readonly #live: Live;
  readonly #byIP = new Map<string, Set<KubeObject>>();

  constructor(backup: Backup, live: Live) {
    this.#backup = backup;
    this.#live = live;
    for (const one of liveObjectsOf(live, netNamespaces)) this.#add(one, one);
  }

  /** What the object of the backup requests will be requested. */
  grant(was: KubeObject): void {
    if (was.kind === netNamespaces.kind) this.#add(was, this.#now(was));
  }

  #add(asking: KubeObject, one: KubeObject): void {
    for (const ip of listedIPs(asking)) this.#byIP.set(ip, (this.#byIP.get(ip) ?? new Set()).add(one));
  }

  /** Who has an address of the object with another netid, though that was not so in the backup. */
  rival(was: KubeObject): string | undefined {
    const is = this.#now(was);
    for (const ip of listedIPs(was))
      for (const one of this.#byIP.get(ip) ?? []) {
        const before = this.#backup.get(refKey(objectRef(one)));
        const hadIt = before !== undefined && listedIPs(before).includes(ip);
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

/** No namespace gets its egress IPs before its policies. */
export function restoredAfter(objects: readonly ObjectRef[]): ReadonlyMap<string, readonly ObjectRef[]> {
  const policies = Map.groupBy(
    objects.filter(({ kind }) => kind === egressNetworkPolicies.kind),
    ({ namespace = '' }) => namespace,
  );
  const requests = objects.filter(({ kind }) => kind === netNamespaces.kind);
  return new Map(requests.map((object) => [refKey(object), policies.get(object.name) ?? []]));
}

/**
 * The NetNamespaces that request an address of one of these, though nothing comes of it: without them the way back would
 * take them for new, and not restore the request of the other.
 */
export function rivalsBeside(touched: readonly ObjectRef[], snapshot: Snapshot): readonly ObjectRef[] {
  const names = new Set(touched.flatMap(({ kind, name }) => (kind === netNamespaces.kind ? [name] : [])));
  const all = snapshot.netNamespaces.map(({ metadata: { name = '' }, egressIPs: ips }) => ({ name, ips: ips ?? [] }));
  const taken = new Set(all.flatMap(({ name, ips }) => (names.has(name) ? ips : [])));
  return all.flatMap(({ name, ips }) => (ips.some((ip) => taken.has(ip)) ? [refNamed(netNamespaces, name)] : []));
}
