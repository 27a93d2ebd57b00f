/** Meters as OpenFlow writes them (OpenFlow 1.3.5, 7.3.4.4 and 7.3.5.13 to 7.3.5.15). No bundle takes a change of them. */
import type { Meter } from '../flow.ts';
import { renderMeter } from '../render.ts';
import { ByteReader, type ByteString, uint, zeros } from './bytes.ts';
import type { Outgoing } from './connection.ts';
import { messageType, multipart, multipartBody } from './message.ts';

const command = { add: 0, modify: 1, delete: 2 } as const;
/** Rates in kbit/s, with a burst. */
const flags = 0b101;
/** The flags without that for statistics, which a switch may add. */
const flagsThatCount = 0b111;
const all = 0xffff_ffff;
/** The type of a band that drops, and its length. */
const drop = { type: 1, length: 16 } as const;

const bandOf = ({ rate, burst }: Meter): ByteString =>
  uint(drop.type, 2) + uint(drop.length, 2) + uint(rate, 4) + uint(burst, 4) + zeros(4);

const change = (which: number, meter: Meter): ByteString =>
  uint(which, 2) + uint(flags, 2) + uint(meter.id, 4) + bandOf(meter);

/** The message that adds a meter, or changes one that is there. */
export function meterMessage(meter: Meter, isThere: boolean): Outgoing {
  const body = change(isThere ? command.modify : command.add, meter);
  return { type: messageType.meterMod, body, about: () => renderMeter(meter) };
}

/** The message that deletes a meter, with the flows that use it. */
export function deletionOfMeter(id: number): Outgoing {
  const body = uint(command.delete, 2) + uint(0, 2) + uint(id, 4);
  return { type: messageType.meterMod, body, about: () => `the deletion of meter=${id}` };
}

/** The requests for all meters, and for what the switch can do about them. */
export const allMeters: Outgoing = {
  type: messageType.multipartRequest,
  body: multipartBody(multipart.meters, uint(all, 4) + zeros(4)),
  about: () => 'a request for meters',
};
export const meterFeatures: Outgoing = {
  type: messageType.multipartRequest,
  body: multipartBody(multipart.meterFeatures),
  about: () => 'a request for what meters there may be',
};

/** What a switch can do about meters. */
export interface MeterFeatures {
  readonly most: number;
  /** Whether they may drop what is beyond so many kbit/s, and a burst. */
  readonly canLimit: boolean;
}

/** What one can do that knows none. */
export const noMeters: MeterFeatures = { most: 0, canLimit: false };

/** Reads the answer to `meterFeatures`; throws RangeError if it ends too early. */
export function readMeterFeatures(part: Buffer): MeterFeatures {
  const reader = new ByteReader(part);
  const [most, bands, capabilities] = [reader.uint(4), reader.uint(4), reader.uint(4)];
  return { most, canLimit: (bands & (1 << drop.type)) !== 0 && (capabilities & flags) === flags };
}

/** A meter that a switch tells of; `meter` is undefined if it is none that we write. */
export interface ReportedMeter {
  readonly id: number;
  readonly meter: Meter | undefined;
}

/** Yields the meters in a part of the answer to `allMeters`; throws RangeError if one ends too early. */
export function* reportedMeters(part: Buffer): Generator<ReportedMeter> {
  const reader = new ByteReader(part);
  while (reader.left > 0) {
    const [length, theirs, id] = [reader.uint(2), reader.uint(2), reader.uint(4)];
    const bands = reader.take(length - 8);
    const meter = (theirs & flagsThatCount) === flags ? meterOf(id, bands) : undefined;
    yield { id, meter };
  }
}

/** The meter with this one band; undefined if that is not one of ours. */
function meterOf(id: number, bands: ByteString): Meter | undefined {
  if (bands.length !== drop.length) return undefined;
  const band = new ByteReader(bands);
  const [type, length] = [band.uint(2), band.uint(2)];
  return type === drop.type && length === drop.length ? { id, rate: band.uint(4), burst: band.uint(4) } : undefined;
}
