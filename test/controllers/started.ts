/**
 * Controllers for tests, against the embedded server. The pod network is cut from 127.0.0.0/8, so that the gateway of
 * each node is an address of this machine, and refuses probes as tun0 does.
 */
import { clusterNetworks, events, hostSubnets, namespaces, netNamespaces, nodes } from '../../api/kinds.ts';
import { type ControllerMetrics, createMetrics } from '../../src/controllers/metrics.ts';
import { type ControllerOptions, runControllers } from '../../src/controllers/run.ts';
import { type Probe, tcpProbe } from '../../src/io/health/probe.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import type {
  ClusterNetworkObject,
  HostSubnetObject,
  KubeObject,
  NetNamespaceObject,
} from '../../src/model/objects/raw.ts';
import { logger } from '../apiserver/started.ts';

export function clusterNetwork(changes: Partial<ClusterNetworkObject> = {}): ClusterNetworkObject {
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'ClusterNetwork',
    metadata: { name: 'default' },
    network: '127.64.0.0/12',
    hostsubnetlength: 8,
    clusterNetworks: [{ CIDR: '127.64.0.0/12', hostSubnetLength: 8 }],
    serviceNetwork: '172.30.0.0/16',
    pluginName: 'redhat/openshift-ovs-networkpolicy',
    ...changes,
  };
}

export interface EventShape extends KubeObject {
  readonly involvedObject: { readonly kind: string; readonly name: string };
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

/** Waits until `look` returns something; throws with `what` after `seconds`. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  seconds = 60,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Controllers in this process. */
export class Running {
  readonly metrics: ControllerMetrics = createMetrics();
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly started: Promise<void>;

  constructor(client: KubeClient, options: Partial<ControllerOptions> & { readonly probe?: Probe } = {}) {
    let onStarted = (): void => undefined;
    this.started = new Promise((resolve) => (onStarted = resolve));
    const { probe = tcpProbe(), ...rest } = options;
    const deps = { client, logger, probe, metrics: this.metrics, onStarted };
    this.#ended = runControllers(deps, { probeInterval: 100, cloud: 'auto', ...rest }, this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

/** What tests do to a cluster, in the words of users. */
export class Cluster {
  readonly client: KubeClient;

  constructor(client: KubeClient) {
    this.client = client;
  }

  async node(
    name: string,
    ip: string,
    more: { readonly annotations?: Readonly<Record<string, string>> } = {},
  ): Promise<void> {
    const object = { metadata: { name, ...more }, status: { addresses: [{ type: 'InternalIP', address: ip }] } };
    await this.client.create<KubeObject>(nodes, object);
  }

  async nodes(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      await this.node(`node${index}`, `192.168.7.${10 + index}`);
      await this.hostSubnet(`node${index}`);
    }
  }

  async namespace(name: string): Promise<NetNamespaceObject> {
    await this.client.create<KubeObject>(namespaces, { metadata: { name } });
    return until(`NetNamespace ${name}`, () => this.client.get<NetNamespaceObject>(netNamespaces, { name }));
  }

  hostSubnet(name: string): Promise<HostSubnetObject> {
    return until(`HostSubnet ${name}`, () => this.client.get<HostSubnetObject>(hostSubnets, { name }));
  }

  netNamespace(name: string): Promise<NetNamespaceObject | undefined> {
    return this.client.get<NetNamespaceObject>(netNamespaces, { name });
  }

  async request(name: string, ...egressIPs: readonly string[]): Promise<void> {
    await this.client.patch(netNamespaces, { name }, { egressIPs }, { type: 'merge' });
  }

  async patchHost(name: string, body: object): Promise<void> {
    await this.client.patch(hostSubnets, { name }, body, { type: 'merge' });
  }

  async ready(name: string, status: 'True' | 'False' | 'Unknown'): Promise<void> {
    await this.client.patch(
      nodes,
      { name },
      { status: { conditions: [{ type: 'Ready', status }] } },
      { type: 'merge', subresource: 'status' },
    );
  }

  /** Which nodes list the IP. */
  async hostsOf(ip: string): Promise<readonly string[]> {
    const { items } = await this.client.list<HostSubnetObject>(hostSubnets);
    return items.filter(({ egressIPs }) => egressIPs?.includes(ip) === true).map(({ metadata }) => metadata.name ?? '');
  }

  /** Waits until one node alone lists the IP, and says which. */
  async hostOf(ip: string, seconds?: number): Promise<string> {
    return until(
      `one node lists ${ip}`,
      async () => {
        const hosts = await this.hostsOf(ip);
        return hosts.length === 1 ? hosts[0] : undefined;
      },
      seconds,
    );
  }

  async event(reason: string, name: string, seconds?: number): Promise<EventShape> {
    const look = async () =>
      (await this.events()).find((one) => one.reason === reason && one.involvedObject.name === name);
    return until(`Event ${reason} on ${name}`, look, seconds);
  }

  async events(): Promise<readonly EventShape[]> {
    return (await this.client.list<EventShape>(events)).items;
  }
}

/** Objects that every test of controllers starts from. */
export async function prepare(client: KubeClient, changes: Partial<ClusterNetworkObject> = {}): Promise<Cluster> {
  await client.create(clusterNetworks, clusterNetwork(changes));
  return new Cluster(client);
}
