/** Tells of addresses that are on another node than the admin wants, with the reason, and counts them. */
import { netNamespaces } from '../../api/kinds.ts';
import { involved, type ReportEvent } from '../io/kube/events.ts';
import { assignedIn } from '../migrate/kinds/egressip.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import type { Vnid } from '../model/values/vnid.ts';
import type { FacadeCaches } from './caches.ts';
import type { FacadeMetrics } from './metrics.ts';
import { movesOf, namespacesNamedBy, type Place } from './plan/egressip.ts';
import type { Wish } from './plan/wish.ts';

export interface ElsewhereDeps {
  readonly caches: Pick<FacadeCaches, 'netNamespaces'>;
  readonly metrics: Pick<FacadeMetrics, 'elsewhere'>;
  readonly report: ReportEvent;
}

/** What a VNID asks for, its EgressIP, and where addresses may be placed. */
export interface Scene {
  readonly wish: Wish;
  readonly live: KubeObject | undefined;
  readonly place: Place;
}

export class Elsewhere {
  readonly #deps: ElsewhereDeps;
  readonly #counts = new Map<Vnid, number>();
  #all = 0;

  constructor(deps: ElsewhereDeps) {
    this.#deps = deps;
  }

  /** Forgets a VNID that is in use no longer. */
  forget(vnid: Vnid): void {
    this.#count(vnid, 0);
  }

  tell(scene: Scene): void {
    const messages = messagesFor(scene);
    this.#count(scene.wish.vnid, messages.length);
    const { caches, report } = this.#deps;
    for (const name of scene.live === undefined || messages.length === 0 ? [] : namespacesNamedBy(scene.live)) {
      const object = involved(netNamespaces, name, caches.netNamespaces.get(name));
      for (const message of messages) report({ object, type: 'Warning', reason: 'EgressIPElsewhere', message });
    }
  }

  #count(vnid: Vnid, count: number): void {
    this.#all += count - (this.#counts.get(vnid) ?? 0);
    if (count === 0) this.#counts.delete(vnid);
    else this.#counts.set(vnid, count);
    this.#deps.metrics.elsewhere(this.#all);
  }
}

function messagesFor({ wish, live, place }: Scene): readonly string[] {
  if (live === undefined || wish.egressIP === undefined) return [];
  const moves = new Set(movesOf(live, wish, place));
  return [...assignedIn(live)].flatMap(([ip, node]) => {
    const wanted = wish.pinned.get(ip);
    if (wanted === undefined || wanted === node || moves.has(ip)) return [];
    return [
      `egress IP ${ip} is on ${node}, not on ${wanted} as HostSubnet ${wanted} says: ${reasonFor(wanted, place)}`,
    ];
  });
}

function reasonFor(wanted: string, place: Place): string {
  if (!place.isAble(wanted)) return `${wanted} is not Ready or not set up for egress IPs`;
  return place.believesStatus === true
    ? `OVN-Kubernetes moved it when ${wanted} could not host it; it goes back when HostSubnet ${wanted} is written without it and with it again`
    : 'OVN-Kubernetes of this version chooses the node itself';
}
