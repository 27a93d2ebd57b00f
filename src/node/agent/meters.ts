/**
 * The meters of br0. They are made before the flows that use them and deleted after those, and not in their bundle, which
 * takes no meters. One that cannot be made stops nothing: the traffic leaves without the limit.
 */
import type { Vnid } from '../../model/values/vnid.ts';
import type { Meter } from '../ovs/flow.ts';
import type { Bridge } from '../ovs/openflow/bridge.ts';
import type { MeterFeatures } from '../ovs/openflow/meters.ts';
import { GuardedCopy } from '../values/guarded-copy.ts';

/** What there is on the bridge. */
interface Present {
  readonly features: MeterFeatures;
  /** By number; undefined: one that is none of ours. */
  readonly meters: Map<number, Meter | undefined>;
}

const isSame = (one: Meter | undefined, other: Meter): boolean => one?.rate === other.rate && one.burst === other.burst;

export class Meters {
  readonly #bridge: Bridge;
  readonly #present = new GuardedCopy<Present>();

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  /** Makes the next call read them again. */
  forget(): void {
    this.#present.forget();
  }

  /** Makes these meters; returns why the switch does not have those of some VNIDs. Rejects if it does not answer. */
  async make(wanted: ReadonlyMap<Vnid, Meter>): Promise<ReadonlyMap<Vnid, string>> {
    const { features, meters } = await this.#read();
    if (!features.canLimit || features.most === 0) return new Map([...wanted.keys()].map((vnid) => [vnid, noneHere]));
    const changed = [...wanted].filter(([, meter]) => !isSame(meters.get(meter.id), meter));
    const made = await Promise.all(
      changed.map(async ([vnid, meter]) => {
        const refusal = await this.#bridge.setMeter(meter, meters.has(meter.id));
        if (refusal === undefined) meters.set(meter.id, meter);
        return refusal === undefined ? [] : [[vnid, `Open vSwitch refused ${refusal}`] as const];
      }),
    );
    const refused = new Map(made.flat());
    // what was read may be wrong
    if (refused.size > 0) this.forget();
    return refused;
  }

  /** Deletes all other meters, which no flow uses any more. */
  async keepOnly(wanted: ReadonlyMap<Vnid, Meter>): Promise<void> {
    const { meters } = await this.#read();
    const ids = new Set([...wanted.values()].map(({ id }) => id));
    const gone = [...meters.keys()].filter((id) => !ids.has(id));
    await Promise.all(gone.map((id) => this.#bridge.deleteMeter(id)));
    for (const id of gone) meters.delete(id);
  }

  async #read(): Promise<Present> {
    const known = this.#present.value;
    if (known !== undefined) return known;
    const keep = this.#present.begin();
    const features = await this.#bridge.meterFeatures();
    const found = features.most === 0 ? [] : await this.#bridge.meters();
    const present = { features, meters: new Map([...found].map(({ id, meter }) => [id, meter])) };
    keep(present);
    return present;
  }
}

const noneHere = 'the datapath of Open vSwitch has no meters that limit (the kernel has them since Linux 4.18)';
