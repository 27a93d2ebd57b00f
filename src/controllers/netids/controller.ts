/** Every Namespace has a NetNamespace with a VNID of its own, for as long as it exists. */
import { netNamespaces } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isAlreadyExists } from '../../io/kube/error.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { Netids } from '../../model/netids.ts';
import type { NamespaceObject, NetNamespaceObject } from '../../model/objects.ts';
import { isVnid, type Vnid } from '../../model/vnid.ts';

export interface NetidsDeps {
  readonly client: KubeClient;
  readonly namespaces: ObjectCache<NamespaceObject>;
  readonly netNamespaces: ObjectCache<NetNamespaceObject>;
  readonly logger: Logger;
}

export class NetidsController {
  readonly #deps: NetidsDeps;
  readonly #netids = new Netids();
  /** VNIDs of NetNamespaces that were created and are not in the cache yet. */
  readonly #pending = new Map<string, Vnid>();

  /** Both caches must be synced. */
  constructor(deps: NetidsDeps) {
    this.#deps = deps;
    deps.netNamespaces.subscribe(({ key, before, after }) => {
      if (after !== undefined && isVnid(after.netid)) this.#netids.hold(after.netid);
      if (before !== undefined && isVnid(before.netid)) this.#netids.release(before.netid);
      if (after !== undefined) this.#settle(key);
    });
  }

  /** Brings one namespace's NetNamespace into being, or removes it; throws when the API server refuses. */
  async reconcile(name: string, signal: AbortSignal): Promise<void> {
    const namespace = this.#deps.namespaces.get(name);
    const present = this.#deps.netNamespaces.get(name);
    if (namespace === undefined) {
      if (present !== undefined) await this.#remove(present, signal);
    } else if (present === undefined && !this.#pending.has(name)) await this.#create(name, signal);
  }

  #settle(name: string): void {
    const vnid = this.#pending.get(name);
    if (vnid === undefined) return;
    this.#pending.delete(name);
    this.#netids.release(vnid);
  }

  async #create(name: string, signal: AbortSignal): Promise<void> {
    const vnid = this.#netids.allocate(name);
    if (!vnid.ok) throw new Error(`namespace ${name} gets no VNID: ${vnid.error}`);
    this.#pending.set(name, vnid.value);
    const apiVersion = 'network.openshift.io/v1';
    const object: NetNamespaceObject = { apiVersion, kind: 'NetNamespace', metadata: { name }, netname: name, netid: vnid.value };
    try {
      await this.#deps.client.create(netNamespaces, object, { signal });
      this.#deps.logger.info({ namespace: name, netid: vnid.value }, 'NetNamespace created');
    } catch (error) {
      this.#settle(name);
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #remove(present: NetNamespaceObject, signal: AbortSignal): Promise<void> {
    const { name = '', uid } = present.metadata;
    await this.#deps.client.delete(netNamespaces, { name }, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
    this.#deps.logger.info({ namespace: name, netid: present.netid }, 'NetNamespace removed with its Namespace');
  }
}
