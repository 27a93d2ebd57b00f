/**
 * Restricts pods and addresses when passes do not keep up with changes, because Open vSwitch, the link or an object of
 * the cluster is broken. This needs only the links and nft.
 */
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import type { Logger } from '../../io/log.ts';
import type { Ip } from '../../model/values/address.ts';
import type { ClusterFeed } from '../cluster/feed.ts';
import type { LinkedPods } from '../cni/linked.ts';
import { withVnids } from '../cni/pods.ts';
import type { PresentAddresses } from '../links/present.ts';
import { nothingHosted, planLimits } from '../plan/node.ts';
import type { NodeFacts } from '../values/facts.ts';
import { reused } from '../values/memo.ts';
import type { Applier } from './apply.ts';

/**
 * Milliseconds for which a change waits for a pass; after that its restrictions are applied without one. Where nft must
 * be read first, that would hold up the pass, which may be about to write it.
 */
const restrictAfter = 15;
const readAfter = 100;

export interface FailClosedDeps {
  readonly linked: LinkedPods;
  readonly logger: Logger;
  readonly feed: ClusterFeed;
  readonly applier: Applier;
  readonly addresses: PresentAddresses;
  readonly node: Pick<NodeFacts, 'name' | 'masqueradeBit' | 'firstAvailable'>;
  /** The node's own address as of the last pass; undefined if unknown. */
  readonly nodeIP: () => Ip | undefined;
  /** When the oldest change that no pass has applied was noticed; undefined if there is none. */
  readonly waitingSince: () => number | undefined;
  /** Requests another pass: the one in progress may have been limited to less than its plan. */
  readonly again: () => void;
  readonly onFailure: () => void;
}

const key = 'restrict';

export class FailClosed {
  readonly #deps: FailClosedDeps;
  readonly #queue: WorkQueue;
  /** The pods of the last time, so that what follows from them is not made again. */
  #pods: readonly ReturnType<typeof withVnids>[number][] = [];

  constructor(deps: FailClosedDeps) {
    this.#deps = deps;
    const { logger, onFailure } = deps;
    this.#queue = createQueue({ logger, baseDelay: 50, maxDelay: 1_000, onFailure });
  }

  /** A change was noticed; checks it once it has waited too long. */
  heard(): void {
    this.#queue.addAfter(key, restrictAfter);
  }

  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#queue.process(() => this.#restrict(), signal);
  }

  /** Returns the number of milliseconds after which to check again. */
  async #restrict(): Promise<number | undefined> {
    const { linked, logger, feed, applier, node, waitingSince, again } = this.#deps;
    const since = waitingSince();
    if (since === undefined) return undefined;
    const early = since + (applier.knowsNft ? restrictAfter : readAfter) - performance.now();
    if (early > 0) return early;
    const pods = reused(this.#pods, withVnids(await linked.list(), feed.vnids), ({ ip }) => ip);
    this.#pods = pods;
    const state = feed.stateOf(pods.map(({ vnid }) => vnid));
    const most = planLimits(node, { pods, state, labelsOf: feed.labelsOf });
    // even if the addresses cannot be read, nft has restricted the pods by then
    let isRestricted = await applier.restrict(most);
    const hasItsAddress = await this.#hasItsAddress();
    if (!hasItsAddress) isRestricted = (await applier.restrict(nothingHosted(most))) || isRestricted;
    if (isRestricted) {
      logger.info('Open vSwitch could not apply a change in time: nft and the link restrict what it restricts');
    }
    if (isRestricted || !hasItsAddress) again();
    return undefined;
  }

  /** Whether the node has its own address. Without it, the node itself would use an egress IP as its source. */
  async #hasItsAddress(): Promise<boolean> {
    const nodeIP = this.#deps.nodeIP();
    return nodeIP === undefined || (await this.#deps.addresses.list()).some(({ ip }) => ip === nodeIP);
  }
}
