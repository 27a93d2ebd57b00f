/** Gives namespaces the addresses that they ask for. Does nothing where the API server does not serve EgressPools. */
import { egressPools, leases, namespaces, netNamespaces } from '../../../api/kinds.ts';
import { inParallel } from '../../io/async/parallel.ts';
import { pause } from '../../io/async/pause.ts';
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import { Complaint } from '../../io/complaint.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isConflict, isForbidden, isNotFound } from '../../io/kube/error.ts';
import { involved, type ReportEvent } from '../../io/kube/events.ts';
import { guarded } from '../../io/kube/fresh.ts';
import { agentLabels, verdictOf } from '../../io/kube/verdict.ts';
import { type ObjectCache, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { inUseElsewhere } from '../../model/egress/in-use.ts';
import type { EgressPool } from '../../model/objects/egresspool.ts';
import type { EgressPoolObject } from '../../model/objects/raw.ts';
import { poolsInput } from '../../model/pools/input.ts';
import {
  grantedAnnotation,
  type Ledger,
  type ListWrite,
  type PoolNote,
  type PoolsInput,
  type PoolsPlan,
  poolsPlan,
} from '../../model/pools/plan.ts';
import type { Caches } from '../caches.ts';
import { controllerManager } from '../field-manager.ts';
import type { LiveNetwork } from '../network.ts';
import type { Reconciler } from '../reconciler.ts';

export interface PoolsDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: Pick<Caches, 'namespaces' | 'netNamespaces' | 'nodes' | 'hostSubnets'>;
  readonly network: LiveNetwork;
  readonly report: ReportEvent;
  /** The namespace of the agents' Leases, which say what nodes refuse. */
  readonly agentsNamespace: string;
  readonly onFailure: (name: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Milliseconds until it is asked again whether the API server serves EgressPools, and what nodes refuse. */
const servedAgain = 30_000;
const refusedAgain = 5_000;
/** Many changes at once make one look. */
const breath = 50;

const concurrency = 16;
const look = 'look';

export class PoolsController implements Reconciler {
  readonly name = 'pools';
  readonly wokenBy: Reconciler['wokenBy'];
  readonly #deps: PoolsDeps;
  readonly #queue: WorkQueue;
  readonly #unread: Complaint;
  #cache: ObjectCache<EgressPoolObject> | undefined;
  #inUse: ReadonlySet<string> = new Set();

  constructor(deps: PoolsDeps) {
    this.#deps = deps;
    const { logger, caches } = deps;
    this.#queue = createQueue({ logger, isRace: isConflict, onFailure: () => deps.onFailure(this.name) });
    this.#unread = new Complaint({ logger, failing: 'nothing tells whether addresses of pools are in use elsewhere' });
    const changed = (): void => {
      if (this.#cache !== undefined) this.#queue.addAfter(look, breath);
    };
    this.wokenBy = [
      ...[caches.namespaces, caches.netNamespaces, caches.nodes, caches.hostSubnets].map(
        (cache) => () => cache.subscribe(changed),
      ),
      () => deps.network.subscribe(changed),
    ];
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#untilServed(signal);
    if (signal.aborted) return;
    const { client, logger } = this.#deps;
    const cache = watchKind<EgressPoolObject>(client, egressPools, { logger }, signal);
    this.#cache = cache;
    cache.subscribe(
      () => this.#queue.addAfter(look, breath),
      () => this.#queue.add(look),
    );
    await this.#queue.process(() => this.#look(cache, signal), signal);
    await cache.ended;
  }

  async #untilServed(signal: AbortSignal): Promise<void> {
    const refused = new Complaint({ logger: this.#deps.logger, failing: 'EgressPools cannot be read: none is in use' });
    while (!signal.aborted) {
      try {
        await this.#deps.client.newestVersion(egressPools, { signal });
        return;
      } catch (error) {
        if (!isNotFound(error)) refused.failed(error);
      }
      await pause(servedAgain, signal);
    }
  }

  async #look(cache: ObjectCache<EgressPoolObject>, signal: AbortSignal): Promise<number | undefined> {
    if (!cache.isSynced()) return undefined;
    const pools = cache.list();
    const isGiven = pools.some(({ status }) => (status?.granted ?? []).length > 0);
    if (isGiven) await this.#readRefusals(signal);
    const plan = poolsPlan(this.#input(pools));
    for (const note of plan.notes) this.#tell(note);
    await this.#write(plan, signal);
    return isGiven ? refusedAgain : undefined;
  }

  #input(pools: readonly EgressPoolObject[]): PoolsInput {
    const { caches, network, now } = this.#deps;
    const { networks, serviceNetwork } = network.current();
    const { input, problems } = poolsInput(
      {
        pools,
        namespaces: caches.namespaces.list(),
        netNamespaces: caches.netNamespaces.list(),
        hostSubnets: caches.hostSubnets.list(),
        nodes: caches.nodes.list(),
        inside: [...networks.map(({ cidr }) => cidr), serviceNetwork],
      },
      { inUse: this.#inUse, now: now() },
    );
    for (const problem of problems) this.#tell(problem);
    return input;
  }

  /**
   * Reads for which addresses another machine answered. While that cannot be read, nothing is exchanged; no node takes
   * an address that it has not asked for.
   */
  async #readRefusals(signal: AbortSignal): Promise<void> {
    const { client, agentsNamespace: namespace } = this.#deps;
    const labelSelector = Object.entries(agentLabels)
      .map(([key, value]) => `${key}=${value}`)
      .join();
    try {
      const { items } = await client.list(leases, { namespace, labelSelector, signal });
      this.#inUse = inUseElsewhere(items.flatMap((lease) => verdictOf(lease)?.refused ?? []));
      this.#unread.succeeded();
    } catch (error) {
      if (!isForbidden(error) && !isNotFound(error)) throw error;
      this.#unread.failed(error);
    }
  }

  async #write({ ledgers, lists }: PoolsPlan, signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    // one object that cannot be written must not keep addresses from the others
    const failed = (error: unknown): void => {
      if (!isNotFound(error)) failures.push(error);
    };
    await inParallel(lists, concurrency, (write) => this.#writeList(write, signal).catch(failed));
    for (const { pool, ledger } of ledgers) await this.#writeLedger(pool, ledger, signal).catch(failed);
    if (failures.length > 0) throw failures[0];
  }

  async #writeList({ object, egressIPs, granted }: ListWrite, signal: AbortSignal): Promise<void> {
    const { client, logger } = this.#deps;
    const { name = '' } = object.metadata;
    const annotations = { [grantedAnnotation]: granted.length === 0 ? null : granted.join() };
    const patch = guarded(object, { egressIPs }, { annotations });
    await client.patch(netNamespaces, { name }, patch, { type: 'merge', fieldManager: controllerManager, signal });
    logger.info({ namespace: name, egressIPs, granted }, 'NetNamespace lists what its namespace asked for');
  }

  async #writeLedger({ name, object }: EgressPool, status: Ledger, signal: AbortSignal): Promise<void> {
    const options = { type: 'merge', subresource: 'status', fieldManager: controllerManager, signal } as const;
    await this.#deps.client.patch(egressPools, { name }, guarded(object, { status }), options);
  }

  #tell({ on, name, type, reason, message }: PoolNote): void {
    const object =
      on === 'EgressPool'
        ? involved(egressPools, name, this.#cache?.get(name))
        : involved(namespaces, name, this.#deps.caches.namespaces.get(name));
    this.#deps.report({ object, type, reason, message });
  }
}
