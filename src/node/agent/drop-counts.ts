/** What br0 dropped of which namespace, and why, for whoever scrapes the metrics. */
import { compareText } from '../../model/values/names.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import type { Bridge } from '../ovs/openflow/bridge.ts';
import { droppingFlows, type DropReason, Drops } from '../ovs/openflow/drops.ts';

/** Packets of a namespace that were dropped since the last look. */
export interface DroppedPackets {
  /** All namespaces of its VNID, if several share it. */
  readonly namespace: string;
  readonly reason: DropReason;
  readonly packets: number;
}

/** Milliseconds between two looks at all flows: who scrapes more often sees what the last look found. */
const between = 10_000;

export interface DropCountsDeps {
  readonly bridge: Pick<Bridge, 'counters'>;
  readonly vnids: () => ReadonlyMap<string, Vnid>;
  /** Milliseconds that only grow. */
  readonly clock: () => number;
}

/** Looks at the counters of flows when it is asked, and not oftener than it costs nothing. */
export class DropCounts {
  readonly #deps: DropCountsDeps;
  readonly #drops = new Drops();
  #looked = -Infinity;

  constructor(deps: DropCountsDeps) {
    this.#deps = deps;
  }

  /** What was dropped since the last call; nothing where Open vSwitch does not answer. */
  async since(): Promise<readonly DroppedPackets[]> {
    const now = this.#deps.clock();
    if (now - this.#looked < between) return [];
    this.#looked = now;
    const flows = await this.#deps.bridge.counters().catch(() => undefined);
    if (flows === undefined) return [];
    const dropped = this.#drops.since(droppingFlows(flows));
    if (dropped.length === 0) return [];
    const names = Map.groupBy([...this.#deps.vnids()], ([, vnid]) => vnid);
    return dropped.map(({ vnid, reason, packets }) => ({
      namespace: (names.get(vnid) ?? [])
        .map(([name]) => name)
        .sort(compareText)
        .join(','),
      ...{ reason, packets },
    }));
  }
}
