/**
 * The egress state of the raw objects that a cluster has, kept up to date: each object that changes is parsed, and the
 * tracker is told what it means given the others. What cannot be used counts as absent, and is listed.
 */
import { HostSubnets } from '../allocation/hostsubnets.ts';
import { type ClusterNetwork, networksOf } from '../objects/clusternetwork.ts';
import { type InvalidNetNamespace, type NetNamespace, parseNetNamespace } from '../objects/netnamespace.ts';
import { isNotReady } from '../objects/node.ts';
import type { HostSubnetObject, NetNamespaceObject, NodeObject } from '../objects/raw.ts';
import { isNamespaceName } from '../values/names.ts';
import { type EgressChange, EgressTracker } from './tracker.ts';

/** What a change of a Node made different. */
export interface NodeChange {
  /** What some HostSubnet means. */
  readonly hostSubnets: boolean;
  /** Whether the Node is not Ready. */
  readonly readiness: boolean;
}

export class EgressObjects {
  readonly tracker = new EgressTracker();
  readonly #hostSubnets = new HostSubnets();
  readonly #invalidNetNamespaces = new Map<string, InvalidNetNamespace>();
  readonly #notReady = new Set<string>();
  readonly #onChange: (change: EgressChange) => void;

  /** `onChange` is told of everything that the tracker says is different. */
  constructor(onChange: (change: EgressChange) => void = () => undefined) {
    this.#onChange = onChange;
  }

  /** What the HostSubnets mean, given one another and the Nodes. */
  get hostSubnets(): Pick<HostSubnets, 'invalid' | 'lost' | 'lostBy' | 'reachable'> {
    return this.#hostSubnets;
  }

  /** The names of Nodes whose condition Ready is False. */
  get notReady(): ReadonlySet<string> {
    return this.#notReady;
  }

  /** The NetNamespaces that count as absent, each with what is wrong with it. */
  invalidNetNamespaces(): readonly InvalidNetNamespace[] {
    return [...this.#invalidNetNamespaces.values()];
  }

  /** The HostSubnet is now this. */
  putHostSubnet(object: HostSubnetObject): void {
    this.#mean(this.#hostSubnets.set(object));
  }

  /** There is no HostSubnet of that name now. */
  deleteHostSubnet(name: string): void {
    this.#mean(this.#hostSubnets.delete(name));
  }

  /** The Node of that name is now this; undefined: there is none. Returns what is different for that. */
  putNode(name: string, node: NodeObject | undefined): NodeChange {
    const wasNotReady = this.#notReady.has(name);
    const isNow = node !== undefined && isNotReady(node);
    if (isNow) this.#notReady.add(name);
    else this.#notReady.delete(name);
    const changed = this.#hostSubnets.setNode(name, node);
    this.#mean(changed);
    return { hostSubnets: changed.length > 0, readiness: wasNotReady !== isNow };
  }

  /** The NetNamespace is now this. Returns it as a value; undefined when it counts as absent. */
  putNetNamespace(object: NetNamespaceObject): NetNamespace | undefined {
    const parsed = parseNetNamespace(object);
    if (!parsed.ok) {
      this.deleteNetNamespace(parsed.error.name);
      this.#invalidNetNamespaces.set(parsed.error.name, parsed.error);
      return undefined;
    }
    this.#invalidNetNamespaces.delete(parsed.value.name);
    this.#onChange(this.tracker.setNetNamespace(parsed.value));
    return parsed.value;
  }

  /** There is no NetNamespace of that name now. */
  deleteNetNamespace(name: string): void {
    this.#invalidNetNamespaces.delete(name);
    if (isNamespaceName(name)) this.#onChange(this.tracker.deleteNetNamespace(name));
  }

  /** Pods and services have these networks now, and these networks outside are never reached with an egress IP. */
  setNetwork(network: ClusterNetwork): void {
    this.#onChange(this.tracker.setNetworks(networksOf(network)));
    this.#onChange(this.tracker.setExcluded(network.excluded ?? []));
  }

  /** The HostSubnets of these names may mean something else now. */
  #mean(names: readonly string[]): void {
    for (const name of names) this.#onChange(this.tracker.setMeaning(name, this.#hostSubnets.meaningOf(name)));
  }
}
