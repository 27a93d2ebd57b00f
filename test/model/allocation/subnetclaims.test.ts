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
  const why = Object.fromEntries([...lostAmong(all)].map(([name, lost]) => [name, whyFirst(lost)]));
  expect(why).toEqual({ y: 'whose Node exists', c: 'whose name comes first', a: 'which is older' });
});

test('one live node with too wide a subnet loses it, however old it is, and the others keep theirs', () => {
  const live = (name: string, subnet: string, created: string): SubnetClaim =>
    claim(name, subnet, { hasNode: true, created: `2026-01-0${created}T00:00:00Z` });
  const nodes = [live('n1', '10.254.1.0/24', '3'), live('n2', '10.254.2.0/24', '2'), live('n3', '10.254.3.0/24', '4')];
  for (const wide of ['10.254.0.0/16', '10.0.0.0/8', '0.0.0.0/0', '10.254.2.0/23']) {
    const lost = lostAmong([live('master', wide, '1'), ...nodes]);
    expect([...lost.keys()]).toEqual(['master']);
    expect([...lost.values()].map(whyFirst)).toEqual(['which overlaps fewer others']);
  }
  // of two alone, the older one has it
  expect(winners([live('a', '10.254.0.0/16', '1'), live('b', '10.254.1.0/24', '2')])).toEqual({ b: 'a' });
  // one without a Node puts out nobody and saves nobody
  expect(winners([claim('gone', '0.0.0.0/0', { created: undefined }), ...nodes])).toEqual({ gone: 'n2' });
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
        expect(claims.allLost().map(({ loser, winner, by }) => `${loser.name} ${winner.name} ${by}`)).toEqual(
          [...expected].map(([key, { winner, by }]) => `${key} ${winner.name} ${by}`).sort(),
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
