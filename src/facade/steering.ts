/**
 * Lets new addresses through to one node at a time, where OVN-Kubernetes chooses nodes itself: empty nodes lack the label
 * for that long. Nothing depends on what is remembered here: a facade that starts gives each node its label again.
 */
import { nodes } from '../../api/kinds.ts';
import { pause } from '../io/async/pause.ts';
import type { KubeClient } from '../io/kube/client.ts';
import type { Logger } from '../io/log.ts';
import { assignedIn } from '../migrate/kinds/egressip.ts';
import { assignableLabel } from '../migrate/targets/ovn/marks/annotations.ts';
import { compareText } from '../model/values/names.ts';
import type { Vnid } from '../model/values/vnid.ts';
import type { FacadeCaches } from './caches.ts';
import { mergeInto } from './merge-into.ts';
import { gateFor, loadsOf } from './plan/gate.ts';
import { isAble } from './plan/nodes.ts';

export interface SteeringDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: Pick<FacadeCaches, 'egressIPs' | 'nodes'>;
  /** Has the VNID looked at again. */
  readonly wake: (vnid: Vnid) => void;
  /** Has the Node looked at again. */
  readonly onReleased: (node: string) => void;
}

/** An address may be asked for now, later, or at any time because it can be led to no node. */
type Answer = 'now' | 'later' | 'anywhere';

interface Wanted {
  readonly node: string;
  readonly vnid: Vnid;
}

/** In milliseconds: to collect what comes at once; until OVN-Kubernetes has seen labels; the longest turn of a node. */
const [collect, settle, longest, between] = [100, 300, 3_000, 20];
/** How often a label is given back. */
const attempts = 5;
/** How long an address that had its turn is let through, in milliseconds. */
const passes = 10_000;

export class Steering {
  readonly #deps: SteeringDeps;
  /** By address. */
  readonly #waiting = new Map<string, Wanted>();
  /** Addresses that had their turn, and for which node. */
  readonly #passed = new Map<string, { readonly node: string; readonly until: number }>();
  /** Addresses that are asked for in this turn. */
  readonly #asked = new Set<string>();
  #open: { readonly node: string; readonly room: number } | undefined;
  #held: ReadonlySet<string> = new Set();
  #wake: (() => void) | undefined;

  constructor(deps: SteeringDeps) {
    this.#deps = deps;
  }

  /** Whether the node lacks its label on purpose. */
  isHeld(node: string): boolean {
    return this.#held.has(node);
  }

  /** Whether nodes lack their label, so that what is asked for now would go elsewhere than it would without that. */
  isBusy(): boolean {
    return this.#held.size > 0;
  }

  /** Whether the address, which an admin wants on that node, may be asked for. Its VNID is woken when that changes. */
  answer(egressIP: string, wanted: Wanted): Answer {
    const { node } = wanted;
    if (this.#open?.node === node && (this.#asked.has(egressIP) || this.#asked.size < this.#open.room)) {
      this.#asked.add(egressIP);
      return 'now';
    }
    const passed = this.#passed.get(egressIP);
    if (passed?.node === node && passed.until > performance.now()) return 'anywhere';
    this.#waiting.set(egressIP, wanted);
    this.#wake?.();
    return 'later';
  }

  /** Gives nodes their turns until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      if (this.#waiting.size === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      await pause(collect, signal);
      const node = this.#next();
      await this.#turn(node, signal).catch((error: unknown) => {
        if (!signal.aborted) this.#deps.logger.warn({ err: error, node }, 'egress IPs could not be led to a node');
      });
      await this.#end(node);
    }
  }

  /** The node that most wait for: it must be the fullest in the end. */
  #next(): string {
    const counts = Map.groupBy(this.#waiting.values(), ({ node }) => node);
    const [first] = [...counts].sort(([a, x], [b, y]) => y.length - x.length || compareText(a, b));
    return first?.[0] ?? '';
  }

  async #turn(node: string, signal: AbortSignal): Promise<void> {
    const { caches, wake, logger } = this.#deps;
    // its label may be on its way
    await until(() => isAble(caches.nodes.get(node)), longest, signal);
    if (signal.aborted) return;
    const gate = gateFor(node, caches.nodes.list(), loadsOf(caches.egressIPs.list()));
    if (gate.kind === 'impossible') return;
    logger.debug({ node, without: gate.off }, 'new egress IPs are led to a node');
    await this.#hold(gate.off, signal);
    this.#open = { node, room: gate.room };
    const all = [...this.#waiting].filter(([, one]) => one.node === node);
    for (const [, { vnid }] of all) wake(vnid);
    await until(() => this.#isDone(Math.min(all.length, gate.room)), longest, signal);
  }

  async #hold(names: readonly string[], signal: AbortSignal): Promise<void> {
    this.#held = new Set(names);
    for (const name of names) await this.#label(name, null, signal);
    if (names.length > 0) await pause(settle, signal);
  }

  async #label(name: string, value: '' | null, signal: AbortSignal): Promise<void> {
    const { client, caches } = this.#deps;
    const live = caches.nodes.get(name);
    const patch = { metadata: { labels: { [assignableLabel]: value } } };
    if (live !== undefined) await mergeInto(client, nodes, { live, patch }, signal);
  }

  /** Whether so many were asked for, and all of them have a node. */
  #isDone(count: number): boolean {
    if (this.#asked.size < count) return false;
    const left = new Set(this.#asked);
    for (const object of this.#deps.caches.egressIPs.list())
      for (const ip of assignedIn(object).keys()) left.delete(ip);
    return left.size === 0;
  }

  /** The turn is over. What did not fit goes where OVN-Kubernetes likes. */
  async #end(node: string): Promise<void> {
    this.#open = undefined;
    this.#asked.clear();
    // also when the work is to end
    const signal = AbortSignal.timeout(5_000);
    const held = [...this.#held];
    for (const name of held) await this.#giveBack(name, signal);
    this.#held = new Set();
    // what was passed over meanwhile
    for (const name of held) this.#deps.onReleased(name);
    const now = performance.now();
    for (const [ip, { until: end }] of this.#passed) if (end <= now) this.#passed.delete(ip);
    for (const [ip, wanted] of [...this.#waiting]) {
      if (wanted.node !== node) continue;
      this.#waiting.delete(ip);
      this.#passed.set(ip, { node, until: now + passes });
      this.#deps.wake(wanted.vnid);
    }
  }

  async #giveBack(name: string, signal: AbortSignal): Promise<void> {
    const { caches, logger } = this.#deps;
    const isBack = (): boolean => {
      const live = caches.nodes.get(name);
      return live === undefined || live.metadata.labels?.[assignableLabel] !== undefined;
    };
    for (let attempt = 0; attempt < attempts && !isBack(); attempt += 1) {
      await this.#label(name, '', signal).catch((error: unknown) => {
        logger.warn({ err: error, node: name }, 'the label of a Node could not be given back yet');
      });
      // the cache must show it: else it would be taken for lost
      await until(isBack, settle, signal);
    }
  }
}

/** Looks until the condition holds or the time is over. */
async function until(holds: () => boolean, most: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + most;
  while (!signal.aborted && !holds() && performance.now() < end) await pause(between, signal);
}
