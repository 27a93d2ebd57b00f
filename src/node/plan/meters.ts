/** The meters of br0: one for each VNID with an egress IP here whose namespaces limit what they send by it. */
import type { EgressState } from '../../model/egress/state.ts';
import type { Ip } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import type { Meter } from '../ovs/flow.ts';
import { firstMeter } from '../ovs/pipeline.ts';

/** The number of a VNID's meter. */
export const meterOf = (vnid: Vnid): number => firstMeter + vnid;

/** In kbit: two of the longest packets that a network card may take apart. None of them passes a smaller burst. */
const leastBurst = 1_049;
/** In kbit: Open vSwitch has 32 bits for the bits of a burst. */
const mostBurst = 4_000_000;
/** In kbit/s, as OpenFlow writes it. */
const mostRate = 2 ** 32 - 1;

/** The meter for so many bits per second, with a burst of a tenth of a second. */
export function meterFor(vnid: Vnid, bandwidth: number): Meter {
  const rate = Math.min(Math.ceil(bandwidth / 1_000), mostRate);
  const burst = Math.min(Math.max(Math.ceil(rate / 10), leastBurst), mostBurst);
  return { id: meterOf(vnid), rate, burst };
}

const none: ReadonlyMap<Vnid, Meter> = new Map();

/** The meters that a node should have, by VNID; `hosted` are the VNIDs with an egress IP there. */
export function metersHere(state: EgressState, hosted: () => ReadonlyMap<Vnid, Ip>): ReadonlyMap<Vnid, Meter> {
  const limited = [...state.vnids].flatMap(([vnid, verdict]) =>
    verdict.kind === 'via' && verdict.bandwidth !== undefined ? [[vnid, verdict.bandwidth] as const] : [],
  );
  if (limited.length === 0) return none;
  const here = hosted();
  return new Map(
    limited.filter(([vnid]) => here.has(vnid)).map(([vnid, bandwidth]) => [vnid, meterFor(vnid, bandwidth)]),
  );
}
