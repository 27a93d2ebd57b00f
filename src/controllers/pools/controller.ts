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
import { saysInUse } from '../../model/egress/in-use.ts';
import { type EgressPool, parseEgressPool, parseRequest, requestAnnotation } from '../../model/objects/egresspool.ts';
import { parseCidrv4 } from '../../model/objects/fields.ts';
import type { EgressPoolObject, NamespaceObject } from '../../model/objects/raw.ts';
import { contains, type Ip } from '../../model/values/address.ts';
import { compareText } from '../../model/values/names.ts';
import type { Caches } from '../caches.ts';
import { controllerManager } from '../field-manager.ts';
import type { LiveNetwork } from '../network.ts';
import type { Reconciler } from '../reconciler.ts';
import {
  type Asking,
  grantedAnnotation,
  type Ledger,
  ledgerOf,
  type ListWrite,
  type PoolNote,
  type PoolsInput,
  type PoolsPlan,
  poolsPlan,
} from './plan.ts';

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
    const pools = this.#pools(cache);
    const isGiven = pools.some((pool) => ledgerOf(pool).granted.length > 0);
    if (isGiven) await this.#readRefusals(signal);
    const plan = poolsPlan(this.#input(pools));
    for (const note of plan.notes) this.#tell(note);
    await this.#write(plan, signal);
    return isGiven ? refusedAgain : undefined;
  }

  /** Valid ones, by name; the others are reported, and give and take nothing. */
  #pools(cache: ObjectCache<EgressPoolObject>): readonly EgressPool[] {
    return cache
      .list()
      .toSorted((a, b) => compareText(a.metadata.name ?? '', b.metadata.name ?? ''))
      .flatMap((object) => {
        const pool = parseEgressPool(object);
        if (pool.ok) return [pool.value];
        const { name = '' } = object.metadata;
        this.#tell({ on: 'EgressPool', name, type: 'Warning', reason: 'EgressPoolInvalid', message: pool.error });
        // what it gave stays until it is corrected
        return [{ name, ranges: [], quota: Infinity, object }];
      });
  }

  #input(pools: readonly EgressPool[]): PoolsInput {
    const { caches, now } = this.#deps;
    return {
      pools,
      namespaces: new Map(caches.namespaces.list().map((one) => [one.metadata.name ?? '', this.#asking(one)])),
      netNamespaces: caches.netNamespaces.list(),
      isTaken: this.#takenBy(),
      isHostable: this.#hostable(),
      inUse: this.#inUse,
      now: now(),
    };
  }

  #asking({ metadata: { name = '', uid, annotations } }: NamespaceObject): Asking {
    const text = annotations?.[requestAnnotation];
    if (text === undefined) return { name, uid, count: 0 };
    const count = parseRequest(text);
    if (!count.ok)
      this.#tell({
        on: 'Namespace',
        name,
        type: 'Warning',
        reason: 'EgressIPRequestInvalid',
        message: `${requestAnnotation}: ${count.error}`,
      });
    return { name, uid, count: count.ok ? count.value : undefined };
  }

  /** Addresses of nodes, and those inside of the cluster. */
  #takenBy(): (ip: Ip) => boolean {
    const { caches, network } = this.#deps;
    const { networks, serviceNetwork } = network.current();
    const inside = [...networks.map(({ cidr }) => cidr), serviceNetwork];
    const hosts = caches.hostSubnets.list();
    const listed = new Set(hosts.flatMap(({ egressIPs }) => egressIPs ?? []));
    const shown = caches.nodes.list().flatMap(({ status }) => (status?.addresses ?? []).map(({ address }) => address));
    const own = new Set<string | undefined>([
      ...hosts.map(({ hostIP }) => hostIP),
      // a kubelet may show an egress IP among the addresses of its node
      ...shown.filter((address) => !listed.has(address)),
    ]);
    return (ip) => own.has(ip) || inside.some((cidr) => contains(cidr, ip));
  }

  #hostable(): (ip: Ip) => boolean {
    const hosts = this.#deps.caches.hostSubnets.list();
    const listed = new Set(hosts.flatMap(({ egressIPs }) => egressIPs ?? []));
    const texts = new Set(hosts.flatMap(({ egressCIDRs }) => egressCIDRs ?? []));
    const cidrs = [...texts].map(parseCidrv4).flatMap((cidr) => (cidr.ok ? [cidr.value] : []));
    return (ip) => listed.has(ip) || cidrs.some((cidr) => contains(cidr, ip));
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
      const said = items.flatMap((lease) => [...(verdictOf(lease)?.refused ?? [])]);
      this.#inUse = new Set(said.filter(([, reason]) => saysInUse(reason)).map(([ip]) => ip));
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
