/** Meters as bytes: held to what Open vSwitch 3.1 and ovs-ofctl wrote, and to each other. */
import fc from 'fast-check';
import { uint } from '../../../../src/node/ovs/openflow/bytes.ts';
import {
  allMeters,
  deletionOfMeter,
  meterMessage,
  readMeterFeatures,
  reportedMeters,
} from '../../../../src/node/ovs/openflow/meters.ts';
import { rounds } from '../../../rounds.ts';
import { anyMeter } from '../flows.ts';
import { metersPart } from './switch.ts';

const bodyOf = ({ body }: ReturnType<typeof meterMessage>): string => (typeof body === 'string' ? body : body(0));
const hexOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('hex');
const ours = { id: 78, rate: 10_000, burst: 1_049 };

test('a meter is added, changed and deleted as ovs-ofctl does it', () => {
  const band = '00010010' + '00002710' + '00000419' + '00000000';
  expect(hexOf(bodyOf(meterMessage(ours, false)))).toBe('0000' + '0005' + '0000004e' + band);
  expect(hexOf(bodyOf(meterMessage(ours, true)))).toBe('0001' + '0005' + '0000004e' + band);
  expect(hexOf(bodyOf(deletionOfMeter(78)))).toBe('0002' + '0000' + '0000004e');
  expect(hexOf(bodyOf(allMeters))).toBe('000a000000000000' + 'ffffffff00000000');
  expect(meterMessage(ours, false).about()).toBe('meter=78,kbps,burst,bands=type=drop,rate=10000,burst_size=1049');
});

test('what is written is read back the same', () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyMeter, { maxLength: 4, selector: ({ id }) => id }), (meters) => {
      const part = metersPart(meters.map((meter) => bodyOf(meterMessage(meter, false)).slice(2)));
      expect([...reportedMeters(part)]).toEqual(meters.map((meter) => ({ id: meter.id, meter })));
    }),
    { numRuns: rounds(500) },
  );
});

test('a meter that we never write is known by its number alone', () => {
  const body = bodyOf(meterMessage(ours, false)).slice(2);
  const inPackets = uint(0b110, 2) + body.slice(2);
  const counted = uint(0b1101, 2) + body.slice(2);
  const remarking = body.slice(0, 6) + uint(2, 2) + body.slice(8);
  const twoBands = body + body.slice(6);
  for (const other of [inPackets, remarking, twoBands, body.slice(0, 6)])
    expect([...reportedMeters(metersPart([other]))]).toEqual([{ id: 78, meter: undefined }]);
  expect([...reportedMeters(metersPart([counted]))]).toEqual([{ id: 78, meter: ours }]);
});

test('bytes that end too early are an error, and none is an endless loop', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (bytes, cut) => {
      const whole = metersPart([bodyOf(meterMessage(ours, false)).slice(2)]);
      for (const part of [Buffer.from(bytes), whole.subarray(0, cut)])
        try {
          expect([...reportedMeters(part)].length).toBeLessThan(60);
        } catch (error) {
          expect(String(error)).toMatch(/^RangeError/);
        }
    }),
    { numRuns: rounds(1000) },
  );
});

test('a switch can limit if it drops by kbit/s with a burst', () => {
  const features = (bands: number, capabilities: number): boolean =>
    readMeterFeatures(Buffer.from(uint(9, 4) + uint(bands, 4) + uint(capabilities, 4), 'latin1')).canLimit;
  expect([features(2, 0xf), features(2, 0b101), features(4, 0xf), features(2, 0b1), features(0, 0)]).toEqual([
    ...[true, true, false, false, false],
  ]);
});
