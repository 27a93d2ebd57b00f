import fc from 'fast-check';
import { lostAmong, type SubnetClaim, SubnetClaims, whyFirst } from '../../../src/model/allocation/subnetclaims.ts';
import { overlaps } from '../../../src/model/values/address.ts';
import { rounds } from '../../rounds.ts';
import { shuffled } from '../egress/operations.ts';
import { cidr, ip } from '../parsed.ts';

const claim = (name: string, subnet: string, fields: Partial<SubnetClaim> = {}): SubnetClaim => ({
  name,
  hostIP: ip('192.168.7.11'),
  subnet: cidr(subnet),
  created: '2026-01-01T00:00:00Z',
  hasNode: false,
  ...fields,
});
const winners = (claims: readonly SubnetClaim[]): Record<string, string> =>
  Object.fromEntries([...lostAmong(claims)].map(([name, { winner }]) => [name, winner.name]));

test('a Node wins over age, age over the name, and a loser takes nothing from others', () => {
  const node = claim('z', '10.128.0.0/23', { hasNode: true, created: '2026-03-01T00:00:00Z' });
  const old = claim('y', '10.128.0.0/22', { created: '2025-01-01T00:00:00Z' });
  const [b, c] = [claim('b', '10.128.2.0/23'), claim('c', '10.128.2.0/23')];
  const undated = claim('a', '10.128.2.0/24', { created: undefined });
  const all = [undated, c, b, old, node];
  expect(winners(all)).toEqual({ y: 'z', c: 'b', a: 'b' });
  expect(winners(all.toReversed())).toEqual(winners(all));
  expect([...lostAmong(all).values()].map(whyFirst)).toEqual([
    'whose Node exists',
    'whose name comes first',
    'which is older',
  ]);
});

test('kept up to date they are what they are computed from nothing, whatever the order', () => {
  const subnet = fc
    .tuple(fc.integer({ min: 0, max: 15 }), fc.constantFrom(21, 22, 23, 24))
    .map(([slot, length]) => `10.128.${slot - (slot % 2 ** (24 - length))}.0/${length}`);
  const change = fc.record({
    name: fc.integer({ min: 1, max: 7 }).map((n) => `node${n}`),
    subnet: fc.option(subnet, { freq: 5 }),
    created: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', undefined),
    hasNode: fc.boolean(),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 25, size: 'max' }), (changes) => {
      const claims = new SubnetClaims();
      const present = new Map<string, SubnetClaim>();
      for (const { name, subnet: text, seed, ...fields } of changes) {
        const next = text === null ? undefined : claim(name, text, fields);
        if (next === undefined) present.delete(name);
        else present.set(name, next);
        const was = new Map([...present.keys()].map((key) => [key, JSON.stringify(claims.lost(key)?.winner.name)]));
        const changed = claims.set(name, next);
        const expected = lostAmong(shuffled([...present.values()], seed));
        expect(claims.allLost().map(({ loser, winner }) => `${loser.name} ${winner.name}`)).toEqual(
          [...expected].map(([key, { winner }]) => `${key} ${winner.name}`).sort(),
        );
        const won = [...claims.won()];
        expect(won.map((one) => one.name).sort()).toEqual(
          [...present.keys()].filter((key) => !expected.has(key)).sort(),
        );
        expect(won.every((one) => won.every((other) => one === other || !overlaps(one.subnet, other.subnet)))).toBe(
          true,
        );
        for (const [key, lost] of was)
          if (lost !== JSON.stringify(claims.lost(key)?.winner.name)) expect(changed.has(key)).toBe(true);
      }
    }),
    { numRuns: rounds(2000) },
  );
});
