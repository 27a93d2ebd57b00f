/** Owners of connections. */
import {
  inboundOwnerOf,
  inboundVnid,
  isOwner,
  isUnasked,
  ownerOf,
  unaskedOwnerOf,
} from '../../../src/node/ovs/owner.ts';
import { ctMark, unasked } from '../../../src/node/ovs/pipeline.ts';
import { vnid } from '../states.ts';

const netids = [0, 1, 10, 77, 0x4000, 0x8000, 0xc000, 0xffffff].map(vnid);

test('every VNID has owners of its own, and no other mark is one', () => {
  const asking = netids.map((netid) => ownerOf(netid, 14));
  const notAsking = [unasked.unknown, ...netids.map((netid) => unaskedOwnerOf(netid, 14))];
  const served = notAsking.map((mark) => (mark | unasked.served) >>> 0);
  const inbound = netids.map(inboundOwnerOf);
  const answered = inbound.map((mark) => (mark | ctMark.answered) >>> 0);
  const all = [
    ...asking,
    ...notAsking,
    ...inbound,
    ...inbound.map((mark) => (mark | ctMark.served) >>> 0),
    ...answered,
    ctMark.ended,
  ];
  expect(new Set([...all, ...served.slice(1)]).size).toBe(all.length + served.length - 1);
  expect([...asking, ...notAsking].every(isOwner)).toBe(true);
  expect([...notAsking, ...served.slice(1)].every(isUnasked)).toBe(true);
  expect([...asking, ...inbound, ...answered, 0, ctMark.ended].some(isUnasked)).toBe(false);
  expect([0, 77, 0xffffffff, ...inbound, ...answered, ctMark.ended].some(isOwner)).toBe(false);
});

test('an owner of a connection that came in tells the VNID', () => {
  for (const bits of [0, ctMark.served, ctMark.answered]) {
    expect(netids.map((netid) => inboundVnid((inboundOwnerOf(netid) | bits) >>> 0))).toEqual(netids);
  }
  expect([0, 77, ownerOf(vnid(77), 14), ctMark.ended].map(inboundVnid)).toEqual(Array(4).fill(undefined));
});
