/**
 * Automatic assignment: writes the model's rounds to HostSubnets with egressCIDRs. A round removes IPs that move, and
 * adds only IPs that no HostSubnet lists. The server refuses a write if the HostSubnet has changed since, and the next
 * round waits until the outcome of every write is known. So an IP is never on two HostSubnets.
 */
import { hostSubnets } from '../../../api/kinds.ts';
import { Backoff } from '../../io/async/backoff.ts';
import { inParallel } from '../../io/async/parallel.ts';
import type { HealthMonitor } from '../../io/health/monitor.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isConflict, isNotFound, isRefused } from '../../io/kube/error.ts';
import { guarded } from '../../io/kube/fresh.ts';
import type { Logger } from '../../io/log.ts';
import { Assigner, type Round } from '../../model/assignment/round.ts';
import type { HostSubnetObject } from '../../model/objects/raw.ts';
import { hostSubnetWrites, type Write } from './plan.ts';
import type { EgressView } from './view.ts';

export interface EgressDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly view: EgressView;
  readonly monitor: HealthMonitor;
  /** Called with each round. */
  readonly onRound: (round: Round) => void;
}

const concurrency = 16;
const mostReads = 10;

export class EgressController {
  readonly #deps: EgressDeps;
  readonly #assigner = new Assigner();
  /** HostSubnets to read again, each with our last write if its outcome is unknown. */
  readonly #uncertain = new Map<string, Write | undefined>();
  readonly #backoff = new Backoff({ base: 20, most: 5_000, now: () => performance.now() });
  #isIsolated = false;

  /** The view must hold all objects before the first round. */
  constructor(deps: EgressDeps) {
    this.#deps = deps;
  }

  /** Whether no node at all can be reached. Nothing is changed then. */
  set isIsolated(isolated: boolean) {
    this.#isIsolated = isolated;
  }

  /** Marks HostSubnets whose copy in the view may be wrong. They are read before the next round. */
  doubt(names: readonly string[]): void {
    for (const name of names) if (!this.#uncertain.has(name)) this.#uncertain.set(name, undefined);
  }

  /** Runs one round. Returns the milliseconds until the next: 0 if it wrote something, undefined if none is due. */
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
    const round = this.#assigner.round(view.tracker, view.placementLimits(), view.labels, view.cordoned);
    for (const { egressIP, from, to } of round.moves)
      this.#deps.logger.info({ egressIP, from, to }, 'egress IP leaves a node');
    this.#deps.onRound(round);
    const all = hostSubnetWrites(round, view.objects);
    const writes = all.filter(({ object }) => this.#backoff.left(object.metadata.name ?? '') === 0);
    const failures: unknown[] = [];
    // one HostSubnet that cannot be written must not keep IPs from the others
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
   * Finds out what became of failed writes. A write without an answer is sent again for the same version: whichever of
   * the two arrives first, the server refuses the other, however late it comes.
   */
  async #clearUp(signal: AbortSignal): Promise<void> {
    await inParallel([...this.#uncertain], concurrency, async ([name, write]) => {
      if (write !== undefined) await this.#write(write, signal);
      if (this.#uncertain.has(name)) await this.#read(name, signal);
    });
  }

  /** Reads a HostSubnet, and again if the watch reports it meanwhile: then it is unknown which copy is newer. */
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
