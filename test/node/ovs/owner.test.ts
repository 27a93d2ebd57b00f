/** Owners of connections. */
import { isOwner, noneAsked, ownerOf } from '../../../src/node/ovs/owner.ts';
import { ctMark } from '../../../src/node/ovs/pipeline.ts';
import { vnid } from '../states.ts';

test('every VNID has an owner of its own, and no other mark is one', () => {
  const owners = [noneAsked, ...[0, 10, 77, 0x8000, 0xc000, 0xffffff].map((netid) => ownerOf(vnid(netid), 14))];
  expect(new Set(owners).size).toBe(owners.length);
  expect(owners.every(isOwner)).toBe(true);
  expect([0, 77, 0xffffffff, ctMark.accepted, ctMark.ended].some(isOwner)).toBe(false);
});
