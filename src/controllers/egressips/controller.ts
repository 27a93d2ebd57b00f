/**
 * Automatic assignment: HostSubnets with egressCIDRs list what the model's rounds say. A round withdraws what moves and
 * places only what no HostSubnet lists; each write is refused when its HostSubnet has changed meanwhile, and the next
 * round waits until all writes of this one are known to have happened or not. So an IP is never on two HostSubnets.
 */
import { hostSubnets } from '../../../api/kinds.ts';
import { Backoff } from '../../io/backoff.ts';
import type { HealthMonitor } from '../../io/health.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isConflict, isNotFound, isRefused } from '../../io/kube/error.ts';
import { guarded } from '../../io/kube/fresh.ts';
import type { Logger } from '../../io/log.ts';
import { inParallel } from '../../io/parallel.ts';
import { Assigner, type Round } from '../../model/assignment/round.ts';
import type { HostSubnetObject } from '../../model/objects.ts';
import { hostSubnetWrites, type Write } from './plan.ts';
import type { EgressView } from './view.ts';

export interface EgressDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly view: EgressView;
  readonly monitor: HealthMonitor;
  /** Told of each round. */
  readonly onRound: (round: Round) => void;
}

const concurrency = 16;
const mostReads = 10;

export class EgressController {
  readonly #deps: EgressDeps;
  readonly #allocator = new Assigner();
  /** HostSubnets to be read afresh, each with our last write if it is not known whether that has happened or is on its way. */
  readonly #uncertain = new Map<string, Write | undefined>();
  readonly #backoff = new Backoff({ base: 20, most: 5_000, now: () => performance.now() });
  #isIsolated = false;

  /** The view must hold all objects before the first round. */
  constructor(deps: EgressDeps) {
    this.#deps = deps;
  }

  /** Whether no node at all can be reached; nothing is changed then. */
  set isIsolated(isolated: boolean) {
    this.#isIsolated = isolated;
  }

  /** These HostSubnets may be others than the view has them: they are read before the next round. */
  doubt(names: readonly string[]): void {
    for (const name of names) if (!this.#uncertain.has(name)) this.#uncertain.set(name, undefined);
  }

  /** Makes one round. Returns after how many milliseconds another is due, 0 when it wrote something; undefined: none. */
  async round(signal: AbortSignal): Promise<number | undefined> {
    const { view, monitor } = this.#deps;
    const unanswered = [...this.#uncertain]
      .filter(([, write]) => write !== undefined)
      .map(([name]) => this.#backoff.left(name));
    const patience = Math.max(0, ...unanswered);
    if (patience > 0) return patience;
    await this.#clearUp(signal);
    monitor.setTargets(view.watched());
    monitor.setNotReady(view.notReady);
    view.setOffline((name) => view.notReady.has(name) || monitor.verdictOf(name) === 'offline');
    if (this.#isIsolated || !monitor.isSettled()) return undefined;
    const round = this.#allocator.round(view.tracker, view.limits);
    for (const { egressIP, from, to } of round.moves)
      this.#deps.logger.info({ egressIP, from, to }, 'egress IP leaves a node');
    this.#deps.onRound(round);
    const all = hostSubnetWrites(round, view.objects);
    const writes = all.filter(({ object }) => this.#backoff.left(object.metadata.name ?? '') === 0);
    const failures: unknown[] = [];
    // one HostSubnet that cannot be written must not keep an IP from the others
    await inParallel(writes, concurrency, (write) =>
      this.#write(write, signal).catch((error: unknown) => void failures.push(error)),
    );
    if (failures.length > 0) throw failures[0];
    if (writes.length > 0) return 0;
    return all.length === 0
      ? undefined
      : Math.min(...all.map(({ object }) => this.#backoff.left(object.metadata.name ?? '')));
  }

  async #write(write: Write, signal: AbortSignal): Promise<void> {
    const { object, egressIPs } = write;
    const { client, view, logger } = this.#deps;
    const { name = '' } = object.metadata;
    this.#uncertain.set(name, write);
    try {
      const stored = await client.patch<HostSubnetObject>(hostSubnets, { name }, guarded(object, { egressIPs }), {
        type: 'merge',
        signal,
      });
      this.#uncertain.delete(name);
      this.#backoff.succeeded(name);
      view.putHostSubnet(stored);
      logger.info({ node: name, egressIPs }, 'HostSubnet lists other egress IPs');
    } catch (error) {
      this.#backoff.failed(name);
      if (isConflict(error) || isRefused(error)) this.#uncertain.set(name, undefined);
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  /**
   * Finds out what became of writes that failed. One that was not answered is sent again for the same version: whichever
   * of the two arrives first, the other is refused from then on, however late it comes.
   */
  async #clearUp(signal: AbortSignal): Promise<void> {
    await inParallel([...this.#uncertain], concurrency, async ([name, write]) => {
      if (write !== undefined) await this.#write(write, signal);
      if (this.#uncertain.has(name)) await this.#read(name, signal);
    });
  }

  /** Reads a HostSubnet, again while the watch tells of it meanwhile: then nobody knows which of the two is newer. */
  async #read(name: string, signal: AbortSignal): Promise<void> {
    const { client, view } = this.#deps;
    for (let attempt = 0; attempt < mostReads; attempt += 1) {
      const known = view.objects.get(name);
      const stored = await client.get<HostSubnetObject>(hostSubnets, { name }, { signal });
      if (view.objects.get(name) !== known) continue;
      if (stored !== undefined) view.readHostSubnet(stored);
      else if (known !== undefined) view.removeHostSubnet(known);
      if (stored === undefined) this.#backoff.succeeded(name);
      this.#uncertain.delete(name);
      return;
    }
    throw new Error(`HostSubnet ${name} changes faster than it can be read`);
  }
}
