/**
 * The facade in this process, on the embedded server, with what OVN-Kubernetes would do beside it. With
 * SDN_COMPAT_TEST_KUBECONFIG it is on that API server, and OVN-Kubernetes, whose build SDN_COMPAT_TEST_OVN says, on it.
 */
import {
  clusterNetworks,
  egressFirewalls,
  egressIPs,
  events,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  networkConfigs,
  networkPolicies,
  nodes,
} from '../../api/kinds.ts';
import { createMetrics } from '../../src/controllers/metrics.ts';
import { facadeMetrics } from '../../src/facade/metrics.ts';
import { type FacadeOptions, runFacade } from '../../src/facade/run.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { createLogger } from '../../src/io/log.ts';
import { type Build, builds } from '../../src/lab/ovn/builds.ts';
import { ovnDefinitions } from '../../src/lab/ovn/definitions.ts';
import { ClusterManager } from '../../src/lab/ovn/manager.ts';
import { assignedIn } from '../../src/migrate/kinds/egressip.ts';
import type { HostSubnetObject, KubeObject, NetNamespaceObject } from '../../src/model/objects/raw.ts';
import { fieldOf } from '../../src/model/values/json.ts';
import { type Server, startServer } from '../controllers/server.ts';
import { clusterNetwork, type EventShape, until } from '../controllers/started.ts';
import { clusterCRDs } from '../migrate/crds.ts';
import { generator } from '../random.ts';

export { until };

export const defaults: FacadeOptions = { prefix: 'egressip', closed: 'always', allowAPIServer: true };
/** The builds to test. */
export const tested: readonly Build[] = testedBuilds();
const isGiven = (process.env['SDN_COMPAT_TEST_KUBECONFIG'] ?? '') !== '';
const definitions = [...clusterCRDs, ...ovnDefinitions];
const kinds = [egressIPs, egressFirewalls, networkPolicies, networkConfigs];
const logger = createLogger({ level: process.env['FACADE_LOG'] === undefined ? 'silent' : 'debug', name: 'facade' });

function testedBuilds(): readonly Build[] {
  const { SDN_COMPAT_TEST_KUBECONFIG: kubeconfig = '', SDN_COMPAT_TEST_OVN: given = '' } = process.env;
  if (kubeconfig === '') return builds;
  const found = builds.filter((build) => build === given);
  if (found.length === 0) throw new Error(`SDN_COMPAT_TEST_OVN: ${given} is no build: say ${builds.join(', ')}`);
  return found;
}

/** The facade, until it is stopped. */
export class Running {
  readonly metrics = createMetrics();
  readonly started: Promise<void>;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(client: KubeClient, options: Partial<FacadeOptions> = {}) {
    let onStarted = (): void => undefined;
    this.started = new Promise((resolve) => (onStarted = resolve));
    const facade = facadeMetrics(this.metrics.registry);
    const deps = { client, logger, metrics: this.metrics, facade, onStarted };
    this.#ended = runFacade(deps, { ...defaults, ...options }, this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

/** A server with the kinds of OpenShift SDN and of OVN-Kubernetes, Nodes as the latter leaves them, and its manager. */
export class World {
  readonly server: Server;
  readonly client: KubeClient;
  readonly #build: Build;
  manager: ClusterManager | undefined;
  facade: Running | undefined;

  private constructor(server: Server, build: Build) {
    this.server = server;
    this.client = server.client;
    this.#build = build;
  }

  static async up(build: Build = 'B', count = 3): Promise<World> {
    if (!tested.includes(build))
      throw new Error(`the cluster has build ${tested.join()}, and the test is for ${build}`);
    const server = await startServer({ definitions, kinds });
    const world = new World(server, build);
    await world.client.create(clusterNetworks, clusterNetwork());
    for (let index = 0; index < count; index += 1) await world.node(`node${index}`, index);
    await world.startManager();
    return world;
  }

  /** Starts the stand-in; on a cluster that was given OVN-Kubernetes runs. */
  async startManager(): Promise<void> {
    if (isGiven) return;
    this.manager = await ClusterManager.start(this.client, { build: this.#build, random: generator(1), logger });
  }

  async startFacade(options: Partial<FacadeOptions> = {}): Promise<Running> {
    this.facade = new Running(this.client, options);
    await this.facade.started;
    return this.facade;
  }

  async down(): Promise<void> {
    await this.facade?.stop();
    await this.manager?.stop();
    await this.server.stop();
  }

  async node(name: string, index: number): Promise<void> {
    const ip = `192.168.7.${10 + index}`;
    await this.client.create<KubeObject>(nodes, {
      metadata: {
        name,
        labels: { 'kubernetes.io/hostname': name },
        annotations: {
          'k8s.ovn.org/node-subnets': JSON.stringify({ default: [`127.64.${index}.0/24`] }),
          'k8s.ovn.org/host-cidrs': JSON.stringify([`${ip}/24`]),
          'k8s.ovn.org/node-primary-ifaddr': JSON.stringify({ ipv4: `${ip}/24` }),
        },
      },
      ...{ status: { addresses: [{ type: 'InternalIP', address: ip }] } },
    });
    await this.ready(name, 'True');
  }

  async ready(name: string, status: 'True' | 'False'): Promise<void> {
    const body = { status: { conditions: [{ type: 'Ready', status }] } };
    await this.client.patch(nodes, { name }, body, { type: 'merge', subresource: 'status' });
  }

  async namespace(...names: readonly string[]): Promise<void> {
    for (const name of names)
      await this.client.create<KubeObject>(namespaces, {
        metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      });
    for (const name of names) await until(`NetNamespace ${name}`, () => this.netNamespace(name));
  }

  netNamespace(name: string): Promise<NetNamespaceObject | undefined> {
    return this.client.get<NetNamespaceObject>(netNamespaces, { name });
  }

  hostSubnet(name: string): Promise<HostSubnetObject | undefined> {
    return this.client.get<HostSubnetObject>(hostSubnets, { name });
  }

  async request(name: string, ...ips: readonly string[]): Promise<void> {
    await this.client.patch(netNamespaces, { name }, { egressIPs: ips }, { type: 'merge' });
  }

  async offer(name: string, body: object): Promise<void> {
    await until(`HostSubnet ${name}`, () => this.hostSubnet(name));
    await this.client.patch(hostSubnets, { name }, body, { type: 'merge' });
  }

  get(kind: Kind, name: string, namespace?: string): Promise<KubeObject | undefined> {
    return this.client.get<KubeObject>(kind, namespace === undefined ? { name } : { name, namespace });
  }

  /** Where the addresses of the namespace's EgressIP are. */
  async places(namespace: string): Promise<Readonly<Record<string, string>>> {
    const object = await this.get(egressIPs, `egressip-${namespace}`);
    return object === undefined ? {} : Object.fromEntries([...assignedIn(object)].sort());
  }

  /** The rules of the namespace's EgressFirewall; undefined if there is none. */
  async rules(namespace: string): Promise<unknown> {
    return fieldOf(await this.get(egressFirewalls, 'default', namespace), 'spec', 'egress');
  }

  /** Whether it lets nothing but the nodes through. */
  async isClosed(namespace: string): Promise<boolean> {
    const rules = await this.rules(namespace);
    return JSON.stringify(rules) === JSON.stringify(closedRules);
  }

  async event(reason: string, name: string): Promise<EventShape> {
    return until(`Event ${reason} on ${name}`, async () => {
      const { items } = await this.client.list<EventShape>(events);
      return items.find((one) => one.reason === reason && one.involvedObject.name === name);
    });
  }
}

export const closedRules = [
  { type: 'Allow', to: { nodeSelector: {} } },
  { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
];
