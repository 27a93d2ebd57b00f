/** Writes on Nodes what OVN-Kubernetes does when it starts there: their part of the pod network, addresses, zone. */
import { nodes } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { type ObjectCache, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import {
  hasNoSubnet,
  hostCIDRsAnnotation,
  primaryAnnotation,
  subnetsAnnotation,
  zoneAnnotation,
} from '../../migrate/targets/ovn/marks/annotations.ts';
import { internalIPs } from '../../model/objects/node.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { type Cidr, ipFromNumber, lastOf } from '../../model/values/address.ts';
import { asText, fieldOf, jsonIn } from '../../model/values/json.ts';

/** Where nodes get their subnets from, and how many bits an address of the nodes' own network has. */
export interface NodeNetworks {
  readonly podNetwork: Cidr;
  readonly hostSubnetLength: number;
  readonly prefixLength: number;
}

export interface AnnotatorOptions extends NodeNetworks {
  readonly logger: Logger;
  /** Whether a node is kept without this annotation. */
  readonly isWithheld?: (node: string, annotation: string) => boolean;
}

/** The first subnet that is free. */
function freeSubnet({ podNetwork, hostSubnetLength }: NodeNetworks, taken: ReadonlySet<string>): string {
  const size = 1n << BigInt(hostSubnetLength);
  for (let first = podNetwork.first; first <= lastOf(podNetwork); first += size) {
    const subnet = `${ipFromNumber(first, podNetwork.family)}/${32 - hostSubnetLength}`;
    if (!taken.has(subnet)) return subnet;
  }
  throw new Error(`the pod network ${podNetwork.text} has no free subnet`);
}

/** The annotations that a Node should have. One that has a subnet keeps it. */
export function nodeAnnotations(
  node: KubeObject,
  networks: NodeNetworks,
  taken: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  const [ip] = internalIPs(node);
  if (ip === undefined || hasNoSubnet(node)) return {};
  const ifaddr = `${ip}/${networks.prefixLength}`;
  const subnet = subnetOf(node) ?? freeSubnet(networks, taken);
  return {
    [subnetsAnnotation]: JSON.stringify({ default: [subnet] }),
    [hostCIDRsAnnotation]: JSON.stringify([ifaddr]),
    [primaryAnnotation]: JSON.stringify({ ipv4: ifaddr }),
    [zoneAnnotation]: node.metadata.name ?? '',
  };
}

/** The subnet that a Node's annotation names; undefined if it names none. */
export function subnetOf({ metadata: { annotations = {} } }: KubeObject): string | undefined {
  const found = fieldOf(jsonIn(annotations[subnetsAnnotation] ?? ''), 'default');
  const text = asText(Array.isArray(found) ? found[0] : found);
  return text === '' ? undefined : text;
}

export class Annotator {
  readonly #client: KubeClient;
  readonly #options: AnnotatorOptions;
  readonly #stop = new AbortController();
  readonly #nodes: ObjectCache<KubeObject>;
  readonly #given = new Map<string, string>();
  #work: Promise<unknown> = Promise.resolve();

  private constructor(client: KubeClient, options: AnnotatorOptions) {
    this.#client = client;
    this.#options = options;
    this.#nodes = watchKind(client, nodes, { logger: options.logger }, this.#stop.signal);
  }

  /** Starts one; returns when the nodes that are there have their annotations. */
  static async start(client: KubeClient, options: AnnotatorOptions): Promise<Annotator> {
    const annotator = new Annotator(client, options);
    await annotator.#nodes.synced;
    annotator.#nodes.subscribe(({ key }) => annotator.lookAt(key));
    await annotator.#work;
    return annotator;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#nodes.ended, this.#work]);
  }

  /** Gives the node what it lacks. */
  lookAt(name: string): void {
    this.#work = this.#work
      .then(() => this.#annotate(name))
      .catch((error: unknown) => this.#options.logger.warn({ err: error, node: name }, 'a node is not annotated'));
  }

  async #annotate(name: string): Promise<void> {
    const node = this.#nodes.get(name);
    if (node === undefined || this.#stop.signal.aborted) {
      this.#given.delete(name);
      return;
    }
    const { isWithheld = () => false } = this.#options;
    const others = this.#nodes.list().filter(({ metadata }) => metadata.name !== name);
    const taken = new Set([...others.map((one) => subnetOf(one) ?? ''), ...this.#given.values()]);
    const own = this.#given.get(name) ?? '';
    taken.delete(own);
    const all = nodeAnnotations(node, this.#options, taken);
    const { annotations = {} } = node.metadata;
    const changed = Object.entries(all).filter(([key, text]) => annotations[key] !== text && !isWithheld(name, key));
    if (changed.length === 0) return;
    const after = await this.#client.patch<KubeObject>(
      nodes,
      { name },
      { metadata: { annotations: Object.fromEntries(changed) } },
      { type: 'merge', fieldManager: 'ovnkube' },
    );
    this.#given.set(name, subnetOf(after) ?? '');
  }
}
