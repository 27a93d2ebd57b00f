/** A closed namespace is opened only when packets know of its address. */
import { Opening } from '../../src/facade/opening.ts';
import { isVnid, type Vnid } from '../../src/model/values/vnid.ts';

function vnid(number: number): Vnid {
  if (!isVnid(number)) throw new Error('no VNID');
  return number;
}

let now = 0;
const opening = new Opening(() => now);
const red = vnid(7);

test('it waits a second from when it has an address, and anew after it had none', () => {
  expect(opening.left(red, true, true)).toBe(1_000);
  now = 400;
  expect([opening.left(red, true, true), opening.left(vnid(8), true, true)]).toEqual([600, 1_000]);
  now = 500;
  expect([opening.left(red, false, true), opening.left(red, true, true)]).toEqual([0, 1_000]);
  now = 1_500;
  expect(opening.left(red, true, true)).toBe(0);
});

test('what is not closed waits for nothing', () => {
  expect(opening.left(red, true, false)).toBe(0);
});
