/**
 * Does what OVN-Kubernetes's cluster manager does with EgressIPs, as it was seen: it keeps in memory which node has
 * which address, takes a node with the fewest, breaks ties by chance, takes the addresses of an object in a random
 * order, writes one status for each look at an object, and brings nothing back.
 */
import { cloudPrivateIPConfigs, egressIPs, nodes } from '../../api/kinds.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { type ObjectCache, watchKind } from '../../src/io/kube/watch.ts';
import { createLogger } from '../../src/io/log.ts';
import { egressIPItem } from '../../src/migrate/kinds/egressip.ts';
import { selectorAt } from '../../src/migrate/kinds/item.ts';
import { type NodeItem, nodeItem } from '../../src/migrate/kinds/node.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { matches } from '../../src/model/objects/selector.ts';
import { contains, parseIfaddr, parseIp } from '../../src/model/values/address.ts';
import { fieldOf, parseJson } from '../../src/model/values/json.ts';

/**
 * Builds, oldest first. A and B believe any status; C and D only what they wrote themselves. C forgets at its start
 * what is assigned; B, C and D replace all annotations of an EgressIP.
 */
export type Build = 'A' | 'B' | 'C' | 'D';
export const builds: readonly Build[] = ['A', 'B', 'C', 'D'];

export interface ManagerOptions {
  readonly build: Build;
  readonly random: (limit: number) => number;
  /** On a cloud each address needs a CloudPrivateIPConfig first, which takes that many milliseconds. */
  readonly cloud?: number;
}

export class ClusterManager {
  readonly #client: KubeClient;
  readonly #options: ManagerOptions;
  readonly #stop = new AbortController();
  readonly #nodes: ObjectCache<KubeObject>;
  readonly #objects: ObjectCache<KubeObject>;
  /** By node: the EgressIP that has each address. */
  readonly #has = new Map<string, Map<string, string>>();
  #work: Promise<unknown> = Promise.resolve();
  /** Whether each node could host when it was last looked at. */
  readonly #could = new Map<string, boolean>();
  /** Every status that was written, as `NAME ADDRESS NODE`. */
  readonly written: string[] = [];

  private constructor(client: KubeClient, options: ManagerOptions) {
    this.#client = client;
    this.#options = options;
    const logger = createLogger({ level: 'silent', name: 'test' });
    this.#nodes = watchKind(client, nodes, { logger }, this.#stop.signal);
    this.#objects = watchKind(client, egressIPs, { logger }, this.#stop.signal);
  }

  static async start(client: KubeClient, options: ManagerOptions): Promise<ClusterManager> {
    const manager = new ClusterManager(client, options);
    await Promise.all([manager.#nodes.synced, manager.#objects.synced]);
    for (const object of manager.#objects.list()) if (options.build !== 'C') manager.#remember(object);
    manager.#nodes.subscribe(({ key }) => manager.#soon(() => manager.#lookAtNode(key)));
    manager.#objects.subscribe(({ key, before, after }) => {
      const isSame = JSON.stringify(fieldOf(before, 'spec')) === JSON.stringify(fieldOf(after, 'spec'));
      if (before === undefined || !isSame || after === undefined || !manager.#agrees(after))
        manager.#soon(() => manager.#reconcile(key));
    });
    return manager;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#nodes.ended, this.#objects.ended, this.#work]);
  }

  #soon(work: () => Promise<void>): void {
    this.#work = this.#work.then(() => (this.#stop.signal.aborted ? undefined : work())).catch(() => undefined);
  }

  #remember(object: KubeObject): void {
    const { name, assigned } = egressIPItem(object);
    for (const [ip, node] of assigned) this.#on(node).set(ip, name);
  }

  #on(node: string): Map<string, string> {
    const has = this.#has.get(node) ?? new Map<string, string>();
    this.#has.set(node, has);
    return has;
  }

  /** Whether the status is what this manager wrote. */
  #agrees(object: KubeObject): boolean {
    const { name, egressIPs: ips, assigned } = egressIPItem(object);
    return ips.every((ip) => this.#on(assigned.get(ip) ?? '').get(ip) === name);
  }

  #hosts(): readonly NodeItem[] {
    return this.#nodes.list().map(nodeItem).filter(canHost);
  }

  async #lookAtNode(name: string): Promise<void> {
    const object = this.#nodes.get(name);
    const can = object !== undefined && canHost(nodeItem(object));
    const could = this.#could.get(name) ?? false;
    this.#could.set(name, can);
    if (can && !could) {
      for (const one of this.#objects.list()) {
        const { name: own, egressIPs: ips, assigned } = egressIPItem(one);
        if (ips.some((ip) => !assigned.has(ip))) await this.#reconcile(own);
      }
    }
    if (!can && could) for (const own of new Set(this.#on(name).values())) await this.#reconcile(own);
  }

  async #reconcile(name: string): Promise<void> {
    const object = this.#objects.get(name);
    if (object === undefined) {
      for (const has of this.#has.values()) for (const [ip, own] of has) if (own === name) has.delete(ip);
      return;
    }
    // while one node is without its addresses nothing is assigned anywhere, and nobody says so
    if (!this.#nodes.list().every(({ metadata }) => 'k8s.ovn.org/host-cidrs' in (metadata.annotations ?? {}))) return;
    const { egressIPs: ips } = egressIPItem(object);
    if (!ips.every((ip) => parseIp(ip).ok)) return;
    const kept = this.#kept(object);
    const placed = new Map([...kept, ...(await this.#placed(name, shuffled(ips, this.#options.random), kept))]);
    for (const [node, has] of this.#has)
      for (const [ip, own] of has) if (own === name && placed.get(ip) !== node) has.delete(ip);
    await this.#write(name, placed);
  }

  /** The addresses that stay where the status has them. */
  #kept(object: KubeObject): ReadonlyMap<string, string> {
    const { name, egressIPs: ips, assigned } = egressIPItem(object);
    const hosts = new Set(this.#hosts().map((host) => host.name));
    const believes = this.#options.build === 'A' || this.#options.build === 'B';
    const kept = new Map(
      [...assigned].filter(
        ([ip, node]) => ips.includes(ip) && hosts.has(node) && (believes || this.#on(node).get(ip) === name),
      ),
    );
    for (const [ip, node] of kept) this.#on(node).set(ip, name);
    return kept;
  }

  async #placed(
    name: string,
    ips: readonly string[],
    kept: ReadonlyMap<string, string>,
  ): Promise<ReadonlyMap<string, string>> {
    const placed = new Map<string, string>();
    const onNodes = selectorAt(this.#objects.get(name), 'spec', 'egressNodeSelector') ?? {};
    const taken = new Set(this.#nodes.list().flatMap((node) => nodeItem(node).addresses));
    for (const ip of ips.filter((one) => !kept.has(one))) {
      const isOthers = [...this.#has.values()].some((has) => has.has(ip) && has.get(ip) !== name);
      if (isOthers || taken.has(ip)) break;
      const used = new Set([...kept.values(), ...placed.values()]);
      const fitting = this.#hosts().filter(
        (host) => !used.has(host.name) && holds(host, ip) && matches(onNodes, host.labels),
      );
      const fewest = Math.min(...fitting.map((host) => this.#on(host.name).size));
      const best = shuffled(
        fitting.filter((host) => this.#on(host.name).size === fewest),
        this.#options.random,
      )[0];
      if (best === undefined) continue;
      this.#on(best.name).set(ip, name);
      if (this.#options.cloud !== undefined) await this.#askCloud(ip, best.name);
      placed.set(ip, best.name);
    }
    return placed;
  }

  async #askCloud(ip: string, node: string): Promise<void> {
    await this.#client.create<KubeObject>(cloudPrivateIPConfigs, {
      apiVersion: 'cloud.network.openshift.io/v1',
      kind: 'CloudPrivateIPConfig',
      metadata: { name: ip, annotations: { 'k8s.ovn.org/egressip-owner-ref': ip } },
      ...{ spec: { node } },
    });
    await new Promise((resolve) => setTimeout(resolve, this.#options.cloud));
  }

  async #write(name: string, placed: ReadonlyMap<string, string>): Promise<void> {
    const before = egressIPItem(this.#objects.get(name)!).assigned;
    if (placed.size === before.size && [...placed].every(([ip, node]) => before.get(ip) === node)) return;
    const items = shuffled([...placed], this.#options.random).map(([egressIP, node]) => ({ egressIP, node }));
    for (const { egressIP, node } of items) this.written.push(`${name} ${egressIP} ${node}`);
    const annotations = this.#options.build === 'A' ? {} : { 'k8s.ovn.org/egressip-mark': '50000' };
    await this.#client.patch(
      egressIPs,
      { name },
      { metadata: { annotations }, status: { items } },
      { type: 'merge', fieldManager: 'ovnkube-control-plane' },
    );
  }
}

function canHost({ labels, annotations, ready }: NodeItem): boolean {
  return 'k8s.ovn.org/egress-assignable' in labels && 'k8s.ovn.org/host-cidrs' in annotations && ready === 'True';
}

function holds({ annotations }: NodeItem, ip: string): boolean {
  const primary = fieldOf(parseJson(annotations['k8s.ovn.org/node-primary-ifaddr'] ?? '{}'), 'ipv4');
  const [network, address] = [parseIfaddr(String(primary)), parseIp(ip)];
  return network.ok && address.ok && contains(network.value.network, address.value);
}

function shuffled<T>(items: readonly T[], random: (limit: number) => number): T[] {
  return items
    .map((item) => ({ item, at: random(1_000_000) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
