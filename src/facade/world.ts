/**
 * What the facade knows: who shares a VNID, who requests an address, which EgressIP is made for which VNID and where its
 * addresses are; and which VNIDs must be translated again after a change.
 */
import {
  clusterNetworks,
  egressNetworkPolicies,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  nodes,
} from '../../api/kinds.ts';
import { Listeners } from '../controllers/listeners.ts';
import type { ObjectChange } from '../io/kube/watch.ts';
import { snapshotOf } from '../migrate/input/make-snapshot.ts';
import type { DefinitionItem } from '../migrate/kinds/definition.ts';
import type { Snapshot, Unread } from '../migrate/snapshot.ts';
import type { Hosts } from '../migrate/targets/ovn/context.ts';
import { globalVnid } from '../model/allocation/netids.ts';
import { parseClusterNetwork } from '../model/objects/clusternetwork.ts';
import type { HostSubnetObject, KubeObject, NetNamespaceObject, NodeObject } from '../model/objects/raw.ts';
import { isVnid, type Vnid } from '../model/values/vnid.ts';
import type { FacadeCaches } from './caches.ts';
import { Keyed } from './keyed.ts';
import { Placed } from './placed.ts';
import { convertedFrom, isOurs, vnidOn } from './plan/egressip.ts';
import { offersIn, type Wish, wishesOf, type WishOptions } from './plan/wish.ts';
import { isEnding, isLabeled, lasting, nodeText, offeredIn, offersOf, placeText, requestsOf } from './reading.ts';

/** What the served kinds of OVN-Kubernetes can say, as far as it could be read. */
export interface Definitions {
  readonly list: readonly DefinitionItem[];
  readonly unread: readonly Unread[];
}

/** So many VNIDs are translated at once at most: what that needs in between is memory that the process keeps. */
const most = 1_000;

/** A part of the cluster, and what its HostSubnets offer. */
interface Scene {
  readonly snapshot: Snapshot;
  readonly hosts: Hosts;
}

export class World {
  readonly #caches: FacadeCaches;
  readonly #options: Omit<WishOptions, 'isUnsettled' | 'isEnding'>;
  #definitions: Definitions = { list: [], unread: [] };
  readonly #vnids = new Map<string, Vnid>();
  readonly #members = new Keyed<Vnid, string>();
  readonly #askers = new Keyed<string, Vnid>();
  readonly #objects = new Keyed<Vnid, string>();
  readonly #placed = new Placed();
  readonly #pinnedTo = new Keyed<string, Vnid>();
  readonly #wishes = new Map<Vnid, Wish>();
  /** Whether the plugin isolates namespaces from those of other VNIDs, but for VNID 0. */
  #isIsolating = false;
  /** Undefined when what HostSubnets offer must be read again. */
  #offers: Scene | undefined;
  readonly #dirty = new Set<Vnid>();
  /** Whose VNIDs are dirty as well. At a start so many objects come at once that to name them each time would take long. */
  #alsoDirty: 'none' | 'askers' | 'all' = 'none';
  readonly #translated = new Listeners();
  readonly #touched = new Listeners<[vnid: Vnid]>();
  readonly #moved = new Listeners<[node: string]>();

  /** Says that something must be translated again. */
  readonly onDirty = this.#translated.subscribe;
  /** Says that objects of a VNID changed, other than those that are translated. */
  readonly onTouched = this.#touched.subscribe;
  /** Says that a node got or lost egress IPs, or that its HostSubnet changed. */
  readonly onMoved = this.#moved.subscribe;

  constructor(caches: FacadeCaches, options: Omit<WishOptions, 'isUnsettled' | 'isEnding'>) {
    this.#caches = caches;
    this.#options = options;
  }

  /** Follows the caches until the returned functions are called. */
  follow(): readonly (() => void)[] {
    const caches = this.#caches;
    return [
      caches.egressIPs.subscribe((change) => this.#egressIP(change)),
      caches.netNamespaces.subscribe((change) => this.#netNamespace(change)),
      caches.hostSubnets.subscribe((change) => this.#hostSubnet(change)),
      caches.nodes.subscribe((change) => this.#node(change)),
      caches.namespaces.subscribe(({ key, before, after }) => {
        if (before === undefined || after === undefined) this.#globalsChanged(this.#vnids.get(key));
        this.#namespace(key);
      }),
      caches.policies.subscribe(({ key }) => this.#namespace(key.split('/')[0] ?? '')),
      caches.egressFirewalls.subscribe(({ key }) => this.#touch(this.#vnids.get(key.split('/')[0] ?? ''))),
      caches.networks.subscribe(({ key, after }) => {
        const network = after === undefined ? undefined : parseClusterNetwork(after);
        if (key === 'default') this.#isIsolating = network?.ok === true && network.value.mode === 'multitenant';
        this.#offers = undefined;
        this.allDirty();
      }),
    ];
  }

  /** Sets what the served kinds can say. */
  setDefinitions(definitions: Definitions): void {
    this.#definitions = definitions;
    this.allDirty();
  }

  /** Everything that asks for something must be translated again. */
  allDirty(): void {
    this.#alsoDirty = 'all';
    this.#translated.notify();
  }

  /** Whether the VNID is still to be translated: what is known of its wish may be old, or nothing. */
  isDirty(vnid: Vnid): boolean {
    return this.#allDirtyNamed().has(vnid);
  }

  /** The wish of a VNID as it was translated last; undefined if no namespace has it. */
  wishOf(vnid: Vnid): Wish | undefined {
    return this.#wishes.get(vnid);
  }

  /** All wishes. */
  wishes(): Iterable<Wish> {
    return this.#wishes.values();
  }

  /** The VNID of a namespace, by its NetNamespace. */
  vnidOf(namespace: string): Vnid | undefined {
    return this.#vnids.get(namespace);
  }

  /** Our EgressIPs for the VNID, by name. */
  egressIPsOf(vnid: Vnid): readonly KubeObject[] {
    return [...this.#objects.of(vnid)].sort().flatMap((name) => this.#caches.egressIPs.get(name) ?? []);
  }

  /** The addresses that OVN-Kubernetes has assigned to the node by our EgressIPs, in any order. */
  assignedTo(node: string): readonly string[] {
    return this.#placed.on(node);
  }

  /** Translates what is dirty, or a part of it if that is much: then it says again that there is more. */
  translate(): readonly Vnid[] {
    const vnids = [...this.#allDirtyNamed()].slice(0, most);
    if (vnids.length === 0) return [];
    const { snapshot, hosts } = this.#scene(vnids);
    const isUnsettled = (ip: string): boolean => this.#isUnsettled(ip);
    const { namespaces: spaces } = this.#caches;
    const ending = (name: string): boolean => isEnding(spaces.get(name));
    const made = wishesOf(snapshot, vnids, { ...this.#options, isUnsettled, isEnding: ending, hosts });
    // not before: what cannot be translated now is translated again
    for (const vnid of vnids) {
      this.#dirty.delete(vnid);
      for (const node of this.#wishes.get(vnid)?.pinned.values() ?? []) this.#pinnedTo.remove(node, vnid);
      const wish = this.#members.of(vnid).size === 0 ? undefined : made.get(vnid);
      if (wish === undefined) this.#wishes.delete(vnid);
      else this.#wishes.set(vnid, wish);
      for (const node of wish?.pinned.values() ?? []) this.#pinnedTo.add(node, vnid);
    }
    if (this.#dirty.size > 0) this.#translated.notify();
    return vnids;
  }

  /** The part of the cluster that these VNIDs depend on. */
  #scene(vnids: readonly Vnid[]): Scene {
    const caches = this.#caches;
    const names = new Set(vnids.flatMap((vnid) => [...this.#members.of(vnid)]));
    const rivals = [...names].flatMap((name) =>
      requestsOf(caches.netNamespaces.get(name)).flatMap((ip) =>
        [...this.#askers.of(ip)].flatMap((vnid) => [...this.#members.of(vnid)]),
      ),
    );
    const everywhere = this.#isIsolating ? this.#members.of(globalVnid()) : [];
    const all = new Set([...names, ...rivals, ...everywhere]);
    const found = new Map<Kind, readonly KubeObject[]>([
      [netNamespaces, [...all].flatMap((name) => caches.netNamespaces.get(name) ?? [])],
      [namespaces, [alwaysThere, ...[...all].flatMap((name) => lasting(caches.namespaces.get(name)))]],
      [egressNetworkPolicies, this.#policiesIn(names)],
    ]);
    const { snapshot, hosts } = (this.#offers ??= this.#offering());
    const own = snapshotOf(found, this.#definitions.unread);
    const { hostSubnets: offered, nodes: present, clusterNetworks: networks } = snapshot;
    const { list: definitions } = this.#definitions;
    return {
      snapshot: { ...own, hostSubnets: offered, nodes: present, clusterNetworks: networks, definitions },
      hosts,
    };
  }

  /** What all HostSubnets offer. It is the same for every VNID, and changes seldom. */
  #offering(): Scene {
    const { hostSubnets: hosts, nodes: present, networks } = this.#caches;
    const snapshot = snapshotOf(
      new Map<Kind, readonly KubeObject[]>([
        [hostSubnets, hosts.list().map(offersOf)],
        [nodes, present.list()],
        [clusterNetworks, networks.list()],
      ]),
      [],
    );
    return { snapshot, hosts: offersIn(snapshot) };
  }

  #policiesIn(names: ReadonlySet<string>): readonly KubeObject[] {
    return this.#caches.policies.list().filter(({ metadata }) => names.has(metadata.namespace ?? ''));
  }

  /** Whether the HostSubnet of the node that has the address is not there, though the Node is. */
  #isUnsettled(ip: string): boolean {
    const node = this.#placed.nodeOf(ip);
    if (node === undefined) return false;
    return this.#caches.nodes.get(node) !== undefined && this.#caches.hostSubnets.get(node) === undefined;
  }

  #mark(...vnids: readonly (Vnid | undefined)[]): void {
    const known = vnids.filter((vnid) => vnid !== undefined);
    for (const vnid of known) this.#dirty.add(vnid);
    if (known.length > 0) this.#translated.notify();
  }

  /** Whom VNID 0 has is admitted by all. */
  #globalsChanged(...vnids: readonly (Vnid | undefined)[]): void {
    if (this.#isIsolating && vnids.includes(globalVnid())) this.allDirty();
  }

  #touch(vnid: Vnid | undefined): void {
    if (vnid !== undefined) this.#touched.notify(vnid);
  }

  #namespace(name: string): void {
    this.#mark(this.#vnids.get(name));
  }

  #netNamespace({ key, before, after }: ObjectChange<NetNamespaceObject>): void {
    const [was, is] = [this.#vnids.get(key), after !== undefined && isVnid(after.netid) ? after.netid : undefined];
    if (was !== undefined) this.#members.remove(was, key);
    if (is === undefined) this.#vnids.delete(key);
    else {
      this.#vnids.set(key, is);
      this.#members.add(is, key);
    }
    this.#converted(key, was, is);
    if (was !== is) this.#globalsChanged(was, is);
    const ips = new Set([...requestsOf(before), ...requestsOf(after)]);
    const rivals = [...ips].flatMap((ip) => [...this.#askers.of(ip)]);
    for (const vnid of new Set([was, is])) if (vnid !== undefined) this.#countRequests(vnid, ips);
    this.#mark(was, is, ...rivals, ...[...ips].flatMap((ip) => [...this.#askers.of(ip)]));
    if (was !== undefined && this.#members.of(was).size === 0) this.#touch(was);
  }

  /** The vendor's conversion does not say for which VNID it made an EgressIP. */
  #converted(namespace: string, was: Vnid | undefined, is: Vnid | undefined): void {
    const object = this.#caches.egressIPs.get(`egressip-${namespace}`);
    if (object === undefined || vnidOn(object) !== undefined || convertedFrom(object) !== namespace) return;
    const { name = '' } = object.metadata;
    if (was !== undefined) this.#objects.remove(was, name);
    if (is !== undefined) this.#objects.add(is, name);
  }

  #countRequests(vnid: Vnid, ips: ReadonlySet<string>): void {
    const asked = new Set(
      [...this.#members.of(vnid)].flatMap((name) => requestsOf(this.#caches.netNamespaces.get(name))),
    );
    for (const ip of ips) {
      if (asked.has(ip)) this.#askers.add(ip, vnid);
      else this.#askers.remove(ip, vnid);
    }
  }

  #hostSubnet({ key, before, after }: ObjectChange<HostSubnetObject>): void {
    this.#moved.notify(key);
    const isElsewhere = placeText(before) !== placeText(after);
    if (isElsewhere) this.#allAskersDirty();
    const [was, is] = [new Set(offeredIn(before)), new Set(offeredIn(after))];
    const changed = [...was, ...is].filter((ip) => !was.has(ip) || !is.has(ip));
    if (isElsewhere || changed.length > 0) this.#offers = undefined;
    this.#mark(...changed.flatMap((ip) => [...this.#askers.of(ip)]));
  }

  #node({ key, before, after }: ObjectChange<NodeObject>): void {
    this.#moved.notify(key);
    const isOther = nodeText(before) !== nodeText(after);
    if (isOther || isLabeled(before) !== isLabeled(after)) this.#offers = undefined;
    if (isOther) this.#allAskersDirty();
    for (const vnid of this.#pinnedTo.of(key)) this.#touch(vnid);
  }

  #allAskersDirty(): void {
    if (this.#alsoDirty === 'none') this.#alsoDirty = 'askers';
    this.#translated.notify();
  }

  #allDirtyNamed(): ReadonlySet<Vnid> {
    const also = { none: () => [], askers: () => this.#askers.values(), all: () => this.#vnids.values() };
    for (const vnid of also[this.#alsoDirty]()) this.#dirty.add(vnid);
    this.#alsoDirty = 'none';
    return this.#dirty;
  }

  #egressIP({ key, before, after }: ObjectChange<KubeObject>): void {
    const vnids = new Set([this.#vnidFor(before), this.#vnidFor(after)].filter((vnid) => vnid !== undefined));
    for (const vnid of vnids) this.#objects.remove(vnid, key);
    const vnid = this.#vnidFor(after);
    if (vnid !== undefined) this.#objects.add(vnid, key);
    for (const node of this.#placed.change(key, before, after)) this.#moved.notify(node);
    for (const one of vnids) this.#touch(one);
  }

  #vnidFor(object: KubeObject | undefined): Vnid | undefined {
    if (object === undefined || !isOurs(object)) return undefined;
    const vnid = vnidOn(object) ?? this.#vnids.get(convertedFrom(object) ?? '');
    return vnid !== undefined && isVnid(vnid) ? vnid : undefined;
  }
}

/** A Namespace that every cluster has: without any, a snapshot leaves open which exist. */
const alwaysThere: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } };
