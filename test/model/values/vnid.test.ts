/** Which numbers are VNIDs. */
import fc from 'fast-check';
import { firstAllocatedVnid, isVnid, maxVnid, parseVnid } from '../../../src/model/values/vnid.ts';

test('a VNID has 24 bits, and the first that is allocated is 10', () => {
  expect([maxVnid, firstAllocatedVnid]).toEqual([16_777_215, 10]);
});

test.each([0, 1, 10, 16_777_215])('%d is a VNID', (value) => {
  expect(parseVnid(value)).toEqual({ ok: true, value });
});

test.each([-1, 16_777_216, 4_294_967_296, 1.5, Number.NaN, Infinity])('%d is none', (value) => {
  expect(parseVnid(value)).toEqual({
    ok: false,
    error: `${value} is not a VNID: it must be an integer from 0 to 16777215`,
  });
});

test('exactly the integers of the range are VNIDs', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.double(), fc.integer({ min: 0, max: 2 ** 25 })), (value) => {
      expect(isVnid(value)).toBe(Number.isInteger(value) && value >= 0 && value < 2 ** 24);
    }),
  );
});
