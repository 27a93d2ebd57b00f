/** Which subnet a new node gets. */
import fc from 'fast-check';
import { Subnets } from '../../../src/model/allocation/subnets.ts';
import { type Cidr, overlaps } from '../../../src/model/values/address.ts';
import { cidr, valid } from '../parsed.ts';

const networks = [
  { cidr: cidr('10.128.0.0/14'), hostSubnetLength: 9 },
  { cidr: cidr('10.254.0.0/22'), hostSubnetLength: 9 },
];

test('subnets go up through the networks in order, past what is held, and can run out', () => {
  const subnets = new Subnets(networks, [cidr('10.128.2.0/23')]);
  const given = Array.from({ length: 513 }, () => valid(subnets.allocate()).text);
  expect(given.slice(0, 3)).toEqual(['10.128.0.0/23', '10.128.4.0/23', '10.128.6.0/23']);
  expect(given.slice(-3)).toEqual(['10.131.254.0/23', '10.254.0.0/23', '10.254.2.0/23']);
  expect(new Set(given).size).toBe(513);
  expect(subnets.allocate()).toEqual({ ok: false, error: 'all subnets of the cluster networks are in use' });
  subnets.release(cidr('10.129.0.0/23'));
  expect(valid(subnets.allocate()).text).toBe('10.129.0.0/23');
});

test('a held subnet of another size blocks what it overlaps; one held twice stays held when one lets go', () => {
  const subnets = new Subnets(networks, [
    cidr('10.128.0.0/22'),
    cidr('10.128.4.128/25'),
    cidr('10.128.6.0/23'),
    cidr('10.128.6.0/23'),
  ]);
  subnets.release(cidr('10.128.6.0/23'));
  expect(valid(subnets.allocate()).text).toBe('10.128.8.0/23');
  subnets.release(cidr('10.128.0.0/22'));
  expect(valid(subnets.allocate()).text).toBe('10.128.0.0/23');
});

test('a subnet of another size that two nodes hold blocks until both let go', () => {
  const odd = cidr('10.128.0.0/24');
  const subnets = new Subnets(networks, [odd, odd]);
  subnets.release(odd);
  expect(valid(subnets.allocate()).text).toBe('10.128.2.0/23');
  subnets.release(odd);
  expect(valid(subnets.allocate()).text).toBe('10.128.0.0/23');
});

test.each(['10.128.0.0/23', '10.128.0.0/24'])('%s blocks until the last of three holders lets go', (text) => {
  const subnets = new Subnets(networks, [cidr(text), cidr(text), cidr(text)]);
  const given = [1, 2, 3].map(() => {
    subnets.release(cidr(text));
    return valid(subnets.allocate()).text;
  });
  expect(given).toEqual(['10.128.2.0/23', '10.128.4.0/23', '10.128.0.0/23']);
});

test('a subnet around the whole network, or outside of it, is not one of its own', () => {
  const small = [{ cidr: cidr('10.254.0.0/23'), hostSubnetLength: 9 }];
  expect(valid(new Subnets(small, [cidr('10.254.2.0/23'), cidr('10.253.254.0/23')]).allocate()).text).toBe(
    '10.254.0.0/23',
  );
  expect(new Subnets(small, [cidr('10.254.0.0/23')]).allocate().ok).toBe(false);
  const around = new Subnets(small, [cidr('10.254.0.0/22')]);
  expect(around.allocate().ok).toBe(false);
  around.release(cidr('10.254.0.0/22'));
  expect(valid(around.allocate()).text).toBe('10.254.0.0/23');
});

test('IPv6 networks are cut the same way', () => {
  const subnets = new Subnets([{ cidr: cidr('fd01::/48'), hostSubnetLength: 64 }]);
  expect([valid(subnets.allocate()).text, valid(subnets.allocate()).text]).toEqual(['fd01::/64', 'fd01:0:0:1::/64']);
});

test('each node gets the lowest subnet that overlaps nothing held', () => {
  const own = [
    { cidr: cidr('10.0.0.0/29'), hostSubnetLength: 1 },
    { cidr: cidr('10.0.1.0/30'), hostSubnetLength: 1 },
  ];
  const slots = ['10.0.0.0/31', '10.0.0.2/31', '10.0.0.4/31', '10.0.0.6/31', '10.0.1.0/31', '10.0.1.2/31'];
  const some = fc.constantFrom(...slots, '10.0.0.0/30', '10.0.0.3/32', '10.0.0.4/30', '10.0.1.1/32', '10.9.0.0/31');
  const step = fc.record({ kind: fc.constantFrom('hold', 'release', 'allocate', 'allocate'), text: some });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const subnets = new Subnets(own);
      const held: Cidr[] = [];
      for (const { kind, text } of steps) {
        const at = held.findIndex((one) => one.text === text);
        if (kind === 'hold') {
          subnets.hold(cidr(text));
          held.push(cidr(text));
        } else if (kind === 'release') {
          subnets.release(cidr(text));
          if (at >= 0) held.splice(at, 1);
        } else {
          const free = slots.find((slot) => !held.some((one) => overlaps(one, cidr(slot))));
          const given = subnets.allocate();
          expect(given.ok ? given.value.text : undefined).toBe(free);
          if (given.ok) held.push(given.value);
        }
      }
    }),
  );
});
