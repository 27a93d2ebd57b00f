/**
 * A stand-in for OVN-Kubernetes: it does to the objects of a cluster what OVN-Kubernetes was seen to do. Nothing here
 * forwards packets.
 */
import type { KubeClient } from '../../io/kube/client.ts';
import { Annotator, type NodeNetworks } from './annotator.ts';
import { ClusterManager, type ManagerOptions } from './manager.ts';
import { Traffic } from './traffic.ts';
import { Zones, type ZonesOptions } from './zones.ts';

export interface StandInOptions extends ManagerOptions, Omit<ZonesOptions, 'logger' | 'patience'> {
  readonly networks: NodeNetworks;
  /** Whether a node is kept without this annotation. */
  readonly isWithheld?: (node: string, annotation: string) => boolean;
  /** Milliseconds for which a node without a zone holds up the status of EgressFirewalls; 30,000 by default. */
  readonly zonePatience?: number;
}

export class StandIn {
  readonly #client: KubeClient;
  readonly annotator: Annotator;
  readonly zones: Zones;
  readonly traffic: Traffic;
  #options: StandInOptions;
  #manager: ClusterManager | undefined;

  private constructor(client: KubeClient, options: StandInOptions, parts: readonly [Annotator, Zones, Traffic]) {
    this.#client = client;
    this.#options = options;
    [this.annotator, this.zones, this.traffic] = parts;
  }

  /** Starts all of it on a cluster that serves the kinds; returns when the nodes that are there are annotated. */
  static async start(client: KubeClient, options: StandInOptions): Promise<StandIn> {
    const { networks, logger, zonePatience } = options;
    const annotator = await Annotator.start(client, { ...options, ...networks });
    const patience = zonePatience === undefined ? {} : { patience: zonePatience };
    const zones = await Zones.start(client, { ...options, ...patience, logger });
    const traffic = await Traffic.start(client, { logger });
    const standIn = new StandIn(client, options, [annotator, zones, traffic]);
    await standIn.startManager();
    return standIn;
  }

  /** Starts the cluster manager, unless it runs; of another build if that is given. */
  async startManager(changed: Partial<ManagerOptions> = {}): Promise<void> {
    this.#options = { ...this.#options, ...changed };
    this.#manager ??= await ClusterManager.start(this.#client, this.#options);
  }

  /** Ends the cluster manager; zones and traffic go on. */
  async stopManager(): Promise<void> {
    await this.#manager?.stop();
    this.#manager = undefined;
  }

  /** Resolves when the cluster manager has done what it has been told. */
  async idle(): Promise<void> {
    await this.#manager?.idle();
  }

  /** Has the cluster manager probe all nodes now. */
  async checkHealth(): Promise<void> {
    await this.#manager?.checkHealth();
  }

  async stop(): Promise<void> {
    await Promise.all([this.stopManager(), this.zones.stop(), this.traffic.stop(), this.annotator.stop()]);
  }
}
