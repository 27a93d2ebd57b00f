/** The egress IPs that drain, as this node knows them: kept up to date, with a file for an agent that starts again. */
import type { Logger } from '../../io/log.ts';
import { readState, writeState } from '../../io/state-file.ts';
import {
  type Drain,
  type DrainState,
  type Holder,
  isUnderWay,
  nextDrains,
  noDrains,
} from '../../model/egress/drains.ts';
import type { EgressTracker } from '../../model/egress/tracker.ts';
import { type Ip, parseIp } from '../../model/values/address.ts';
import { asList, asText, fieldOf } from '../../model/values/json.ts';
import { isNodeName } from '../../model/values/names.ts';
import { parseVnid, type Vnid } from '../../model/values/vnid.ts';

/** The drains of each VNID. */
export type DrainsByVnid = ReadonlyMap<Vnid, readonly Drain[]>;

export interface DrainsOptions {
  readonly logger: Logger;
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called when a drain may have ended because its time is over. */
  readonly changed: () => void;
}

/** Milliseconds of the longest timer. */
const longest = 2 ** 31 - 1;

/** A node and a VNID, by the egress IP. */
function parseHolder(value: unknown): [Ip, Holder] | undefined {
  const [egressIP, nodeIP] = [parseIp(asText(fieldOf(value, 'egressIP'))), parseIp(asText(fieldOf(value, 'nodeIP')))];
  const node = fieldOf(value, 'node');
  const vnid = parseVnid(Number(fieldOf(value, 'vnid')));
  if (!egressIP.ok || !nodeIP.ok || !vnid.ok || typeof node !== 'string' || !isNodeName(node)) return undefined;
  return [egressIP.value, { vnid: vnid.value, node, nodeIP: nodeIP.value }];
}

function parseStored(value: unknown): [Ip, Drain] | undefined {
  const holder = parseHolder(value);
  const [since, until, ports] = [fieldOf(value, 'since'), fieldOf(value, 'until'), fieldOf(value, 'ports')];
  if (holder === undefined || typeof since !== 'number' || typeof until !== 'number') return undefined;
  const [egressIP, { vnid, ...from }] = holder;
  return [egressIP, { vnid, egressIP, from, since, until, ports: ports === 'high' ? 'high' : 'low' }];
}

/** What a file says, without what cannot be read. */
export function parseDrains(stored: unknown): DrainState {
  const holders = asList(fieldOf(stored, 'holders')).flatMap((one) => {
    const parsed = parseHolder(one);
    return parsed === undefined ? [] : [parsed];
  });
  const drains = asList(fieldOf(stored, 'drains')).flatMap((one) => {
    const parsed = parseStored(one);
    return parsed === undefined ? [] : [parsed];
  });
  return { holders: new Map(holders), drains: new Map(drains) };
}

/** What the file says of them. */
export function storedDrains({ holders, drains }: DrainState): object {
  return {
    holders: [...holders].map(([egressIP, holder]) => ({ egressIP, ...holder })),
    drains: [...drains.values()].map(({ from, ...drain }) => ({ ...drain, ...from })),
  };
}

export class Drains {
  readonly #options: DrainsOptions;
  #state = noDrains;
  #byVnid: DrainsByVnid = new Map();
  /** The version of the tracker that the state is of. */
  #version: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: DrainsOptions) {
    this.#options = options;
  }

  /** Loads what an earlier agent stored. */
  async load(): Promise<void> {
    const { file, logger } = this.#options;
    this.#set(parseDrains(await readState(file, logger, 'the record of egress IPs that drain cannot be read')));
  }

  /** The drains of now; the same map until one begins, ends or changes. */
  of(tracker: EgressTracker): DrainsByVnid {
    const now = this.#options.now();
    if (tracker.version === this.#version && this.#areUnderWay(now)) return this.#byVnid;
    this.#version = tracker.version;
    const next = nextDrains(this.#state, tracker.drainables(), { isThere: (node) => tracker.isThere(node), now });
    if (next !== this.#state) {
      this.#set(next);
      this.#save();
    }
    return this.#byVnid;
  }

  /** Resolves when everything is in the file. */
  saved(): Promise<void> {
    return this.#saving;
  }

  /** Sets no timer any more. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #set(state: DrainState): void {
    if (state.drains !== this.#state.drains) this.#byVnid = Map.groupBy(state.drains.values(), ({ vnid }) => vnid);
    this.#state = state;
    this.#setTimer();
  }

  #areUnderWay(now: number): boolean {
    return [...this.#state.drains.values()].every((drain) => isUnderWay(drain, now));
  }

  /** Has the next end noticed; also if this clock and that of timers differ. */
  #setTimer(): void {
    clearTimeout(this.#timer);
    const ends = [...this.#state.drains.values()].map(({ until }) => until);
    if (ends.length === 0) return;
    const { now, changed } = this.#options;
    const wait = Math.max(0, Math.min(...ends) - now()) + 1;
    const over = (): void => {
      if (this.#areUnderWay(now())) this.#setTimer();
      else changed();
    };
    this.#timer = setTimeout(over, Math.min(wait, longest));
  }

  #save(): void {
    const { file, logger } = this.#options;
    const stored = storedDrains(this.#state);
    this.#saving = this.#saving
      .then(() => writeState(file, stored))
      .catch((error: unknown) => logger.warn({ file, err: error }, 'which egress IPs drain cannot be kept'));
  }
}
