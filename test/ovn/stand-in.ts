/** An embedded API server with nodes, and on it the stand-in for OVN-Kubernetes, for tests. */
import { crds } from '../../api/crds.ts';
import { egressFirewalls, egressIPs, events, namespaces, nodes } from '../../api/kinds.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import type { Build } from '../../src/lab/ovn/builds.ts';
import { egressFirewallDefinition, egressIPDefinition, egressIPNamingNodes } from '../../src/lab/ovn/definitions.ts';
import type { Assignment } from '../../src/lab/ovn/placement.ts';
import { StandIn, type StandInOptions } from '../../src/lab/ovn/stand-in.ts';
import { assignableLabel, hostCIDRsAnnotation } from '../../src/migrate/targets/ovn/marks/annotations.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { type Cidr, parseCidr } from '../../src/model/values/address.ts';
import { asList, asText, fieldOf } from '../../src/model/values/json.ts';
import { logger, start, type Started } from '../apiserver/started.ts';
import { until } from '../e2e/lab.ts';
import { clusterCRDs } from '../migrate/crds.ts';
import { generator } from '../random.ts';

export interface StandInClusterOptions extends Partial<
  Pick<StandInOptions, 'build' | 'random' | 'cloud' | 'listing' | 'writesPerSecond' | 'zonePatience' | 'healthInterval'>
> {
  /** How many nodes: n0, n1 and so on at 192.168.7.10, 192.168.7.11 and so on. All are Ready; 3 by default. */
  readonly nodes?: number;
  /** Whether they have the label that lets them host egress IPs; true by default. */
  readonly labeled?: boolean;
  /** Whether EgressIPs can name nodes. */
  readonly namesNodes?: boolean;
  /** Definitions of the two kinds, in place of ours. */
  readonly definitions?: readonly object[];
  /** Makes objects before OVN-Kubernetes starts. */
  readonly before?: (client: KubeClient) => Promise<void>;
}

export const nodeIP = (index: number): string => `192.168.7.${10 + index}`;

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const readyCondition = (isReady: boolean): object => ({
  status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
});

export interface EgressIPOptions {
  readonly items?: readonly Assignment[];
  readonly onNodes?: object;
  readonly namespace?: string;
}

/** The test's hands on a cluster where OVN-Kubernetes seems to run. */
export class StandInCluster {
  readonly started: Started;
  /** Every status that the cluster manager wrote, as `NAME ADDRESS NODE`. */
  readonly written: string[];
  readonly #standIn: StandIn;
  readonly #faults: Faults;

  private constructor(started: Started, standIn: StandIn, more: { written: string[]; faults: Faults }) {
    this.started = started;
    this.#standIn = standIn;
    this.written = more.written;
    this.#faults = more.faults;
  }

  static async start(options: StandInClusterOptions = {}): Promise<StandInCluster> {
    const { nodes: count = 3, labeled = true, namesNodes = false, before = () => Promise.resolve() } = options;
    const ours = [namesNodes ? egressIPNamingNodes : egressIPDefinition, egressFirewallDefinition];
    const started = await start({ crds: [...crds, ...clusterCRDs, ...(options.definitions ?? ours)] });
    for (let index = 0; index < count; index++) await addNode(started.client, index, labeled);
    await before(started.client);
    const written: string[] = [];
    const faults: Faults = { unreachable: new Set(), withheld: new Set(), silent: new Set() };
    const standIn = await StandIn.start(started.client, {
      build: 'B',
      random: generator(1),
      listing: 0,
      healthInterval: 20,
      writesPerSecond: 10_000,
      ...options,
      logger,
      networks: { podNetwork: cidr('10.128.0.0/14'), hostSubnetLength: 9, prefixLength: 24 },
      isReachable: (name) => !faults.unreachable.has(name),
      isWithheld: (node, annotation) => faults.withheld.has(`${node} ${annotation}`),
      isSilent: (zone) => faults.silent.has(zone),
      onWritten: (name, items) => written.push(...items.map(({ egressIP: ip, node }) => `${name} ${ip} ${node}`)),
    });
    return new StandInCluster(started, standIn, { written, faults });
  }

  get client(): KubeClient {
    return this.started.client;
  }

  /** Starts the cluster manager again, of another build if that is given; its memory is lost. */
  async restart(build?: Build): Promise<void> {
    await this.stopManager();
    await this.startManager(build === undefined ? {} : { build });
  }

  stopManager(): Promise<void> {
    return this.#standIn.stopManager();
  }

  startManager(changed: Partial<Pick<StandInOptions, 'build' | 'listing'>> = {}): Promise<void> {
    return this.#standIn.startManager(changed);
  }

  /** Resolves when the cluster manager has done what it was told so far. */
  idle(): Promise<void> {
    return this.#standIn.idle();
  }

  async stop(): Promise<void> {
    await this.#standIn.stop();
    await this.started.stop();
  }

  addNode(index: number, labeled = true): Promise<void> {
    return addNode(this.client, index, labeled);
  }

  async setReady(name: string, isReady: boolean): Promise<void> {
    await this.client.patch(nodes, { name }, readyCondition(isReady), { type: 'merge', subresource: 'status' });
  }

  /** What the probes of the cluster manager find from now on. */
  setReachable(name: string, isReachable: boolean): void {
    if (isReachable) this.#faults.unreachable.delete(name);
    else this.#faults.unreachable.add(name);
  }

  /** Lets a node be without one of OVN-Kubernetes's annotations, or gives it back. */
  async setAnnotated(name: string, annotation: string, isThere: boolean): Promise<void> {
    if (isThere) {
      this.#faults.withheld.delete(`${name} ${annotation}`);
      this.#standIn.annotator.lookAt(name);
      return;
    }
    this.#faults.withheld.add(`${name} ${annotation}`);
    await this.annotate(name, { [annotation]: null });
  }

  setHostCIDRs(name: string, isThere: boolean): Promise<void> {
    return this.setAnnotated(name, hostCIDRsAnnotation, isThere);
  }

  /** Has the cluster manager probe all nodes now. */
  checkHealth(): Promise<void> {
    return this.#standIn.checkHealth();
  }

  async annotate(name: string, annotations: Readonly<Record<string, string | null>>): Promise<void> {
    await this.client.patch(nodes, { name }, { metadata: { annotations } }, { type: 'merge' });
  }

  setSilent(zone: string, isSilent: boolean): void {
    if (isSilent) this.#faults.silent.add(zone);
    else this.#faults.silent.delete(zone);
    this.#standIn.zones.lookAgain();
  }

  async label(name: string, isLabeled = true): Promise<void> {
    const labels = { [assignableLabel]: isLabeled ? '' : null };
    await this.client.patch(nodes, { name }, { metadata: { labels } }, { type: 'merge' });
  }

  /** Creates an EgressIP, by default for the namespace of its name, and with a status if items are given. */
  async egressIP(name: string, ips: readonly string[], more: EgressIPOptions = {}): Promise<void> {
    const { items, onNodes, namespace = name } = more;
    const object: KubeObject & { readonly spec: object } = {
      metadata: { name },
      spec: {
        egressIPs: ips,
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        ...(onNodes === undefined ? {} : { egressNodeSelector: onNodes }),
      },
      ...(items === undefined ? {} : { status: { items } }),
    };
    await this.client.create<KubeObject>(egressIPs, object);
  }

  async patchEgressIP(name: string, body: object): Promise<void> {
    await this.client.patch(egressIPs, { name }, body, { type: 'merge', fieldManager: 'somebody' });
  }

  /** By address, the node that the status of the EgressIP names. */
  async assigned(name: string): Promise<Readonly<Record<string, string>>> {
    const object = await this.client.get(egressIPs, { name });
    return Object.fromEntries(
      asList(fieldOf(object, 'status', 'items')).map((one) => [
        asText(fieldOf(one, 'egressIP')),
        asText(fieldOf(one, 'node')),
      ]),
    );
  }

  /** Waits until so many addresses of the EgressIP are assigned; returns where. */
  async assignedOf(name: string, count: number): Promise<Readonly<Record<string, string>>> {
    return until(`${count} addresses of ${name} are assigned`, async () => {
      const found = await this.assigned(name);
      return Object.keys(found).length === count && found;
    });
  }

  /** The reasons of the Events on the EgressIP, sorted, each once. */
  async reasons(name: string): Promise<readonly string[]> {
    const { items } = await this.client.list(events);
    const own = items.filter((one) => fieldOf(one, 'involvedObject', 'name') === name);
    return [...new Set(own.map((one) => asText(fieldOf(one, 'reason'))))].sort();
  }

  /** The EgressIP that serves a namespace. */
  serving(namespace: string): string | undefined {
    return this.#standIn.traffic.serving.get(namespace);
  }

  async namespace(name: string): Promise<void> {
    await this.client.create(namespaces, { metadata: { name } });
  }

  /** Creates the EgressFirewall of a namespace with these rules. */
  async firewall(namespace: string, egress: readonly object[]): Promise<void> {
    const object: KubeObject & { readonly spec: object } = {
      metadata: { name: 'default', namespace },
      spec: { egress },
    };
    await this.client.create<KubeObject>(egressFirewalls, object);
  }
}

interface Faults {
  readonly unreachable: Set<string>;
  /** NODE ANNOTATION of what a node is kept without. */
  readonly withheld: Set<string>;
  readonly silent: Set<string>;
}

async function addNode(client: KubeClient, index: number, labeled: boolean): Promise<void> {
  const name = `n${index}`;
  const labels = { 'kubernetes.io/hostname': name, ...(labeled ? { [assignableLabel]: '' } : {}) };
  const object: KubeObject & { readonly status: object } = {
    metadata: { name, labels },
    status: { addresses: [{ type: 'InternalIP', address: nodeIP(index) }] },
  };
  await client.create<KubeObject>(nodes, object);
  await client.patch(nodes, { name }, readyCondition(true), { type: 'merge', subresource: 'status' });
}
