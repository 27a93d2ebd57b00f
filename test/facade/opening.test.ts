/** A closed namespace is opened only when packets know of its address. */
import { Opening, untilForwarded } from '../../src/facade/opening.ts';
import { isVnid, type Vnid } from '../../src/model/values/vnid.ts';

function vnid(number: number): Vnid {
  if (!isVnid(number)) throw new Error('no VNID');
  return number;
}

let now = 0;
let counted = 0;
const opening = new Opening(() => now);
const red = vnid(7);
const left = (one: Vnid, isServed: boolean, isClosing: boolean, pods: number | undefined = 3): Promise<number> =>
  opening.left(one, { isServed, isClosing }, () => {
    counted += 1;
    return Promise.resolve(pods);
  });

test('it waits a second from when it has an address, and anew after it had none; pods are counted once each time', async () => {
  expect(await left(red, true, true)).toBe(1_000);
  now = 400;
  expect([await left(red, true, true), await left(vnid(8), true, true)]).toEqual([600, 1_000]);
  expect(counted).toBe(2);
  now = 500;
  expect([await left(red, false, true), await left(red, true, true)]).toEqual([0, 1_000]);
  now = 1_500;
  expect(await left(red, true, true)).toBe(0);
  expect(counted).toBe(3);
});

test('what is not closed waits for nothing, and nobody counts', async () => {
  counted = 0;
  expect(await left(red, true, false)).toBe(0);
  expect(counted).toBe(0);
});

test('the more pods, the longer; as long as anything else if their number is not known', async () => {
  expect([0, 32, 43, 400].map(untilForwarded)).toEqual([1_000, 1_000, 1_275, 10_200]);
  expect(untilForwarded(undefined)).toBe(30_000);
  expect(await left(vnid(9), true, true, 400)).toBe(10_200);
});
