/** Addresses and ranges: which texts are some, and how they compare. */
import fc from 'fast-check';
import {
  addressAt,
  compareIps,
  contains,
  familyOf,
  ipFromNumber,
  ipNumber,
  keyRange,
  lastOf,
  overlaps,
  parseCidr,
  parseIfaddr,
  parseIp,
  sortKey,
} from '../../../src/model/values/address.ts';

const ip = (text: string) => {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

test.each(['192.168.7.200', '0.0.0.0', '255.255.255.255', 'fe80::1', '::'])('%s is an address', (text) => {
  expect(ip(text)).toBe(text);
});

test.each([
  '',
  'a.b.c.d',
  '10.10.10.-1',
  '10.1.1',
  '010.1.2.3',
  '10.0.0.256',
  '10.0.0.1/24',
  'fe80::1%eth0',
  'A008696',
  '10.0.0.:',
  '10.0..1',
  '10.0.0.1.',
  '10.0.0.1.2',
  ' 10.0.0.1',
])('%p is no address', (text) => {
  expect(parseIp(text)).toEqual({ ok: false, error: `${JSON.stringify(text)} is not an IP address` });
});

test('every spelling of an IPv6 address parses to one canonical text', () => {
  expect(ip('2001:DB8:0:0:0:0:0:1')).toBe('2001:db8::1');
});

test.each(['10.0.0.1/64', '10.1.1/24', '10.0.0.0/-1', '10.0.0.0/08', '10.0.0.0', '/8', '10.0.0.0/8/8'])(
  '%s is no CIDR',
  (text) => {
    expect(parseCidr(text)).toEqual({ ok: false, error: `${JSON.stringify(text)} is not a CIDR` });
  },
);

test('host bits are refused, and the network is named', () => {
  expect(parseCidr('192.168.8.5/24')).toEqual({
    ok: false,
    error: '"192.168.8.5/24" has host bits set; the network is 192.168.8.0/24',
  });
});

test('contains and overlaps compare by number and family', () => {
  expect(contains(cidr('192.168.7.0/24'), ip('192.168.7.255'))).toBe(true);
  expect(contains(cidr('192.168.7.0/24'), ip('192.168.8.0'))).toBe(false);
  expect(contains(cidr('0.0.0.0/0'), ip('::1'))).toBe(false);
  expect(contains(cidr('2001:db8::/32'), ip('2001:db8::7'))).toBe(true);
  expect(overlaps(cidr('10.0.0.0/8'), cidr('10.254.0.0/16'))).toBe(true);
  expect(overlaps(cidr('10.0.0.0/16'), cidr('10.1.0.0/16'))).toBe(false);
  expect(overlaps(cidr('0.0.0.0/0'), cidr('::/0'))).toBe(false);
});

test.each([
  ['10.0.0.0/31', '10.0.0.1/32', true],
  ['10.0.0.0/31', '10.0.0.2/32', false],
  ['10.0.0.1/32', '10.0.0.1/32', true],
  ['10.0.0.0/32', '10.0.0.1/32', false],
  ['::/0', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128', true],
])('%s overlaps %s: %s', (a, b, expected) => {
  expect([overlaps(cidr(a), cidr(b)), overlaps(cidr(b), cidr(a))]).toEqual([expected, expected]);
});

test.each([
  ['fd00::/64', 'fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', false],
  ['fd00::/64', 'fd00::', true],
  ['fd00::/64', 'fd00::ffff:ffff:ffff:ffff', true],
  ['fd00::/64', 'fd00:0:0:1::', false],
  ['::/0', '10.0.0.1', false],
])('%s contains %s: %s', (range, address, expected) => {
  expect(contains(cidr(range), ip(address))).toBe(expected);
});

test('addressAt counts from the network address and refuses what is outside', () => {
  expect(addressAt(cidr('10.254.1.0/24'), 1)).toBe('10.254.1.1');
  expect(addressAt(cidr('10.254.1.0/24'), 0)).toBe('10.254.1.0');
  expect(addressAt(cidr('10.254.1.0/24'), 255)).toBe('10.254.1.255');
  expect(addressAt(cidr('fd00::/64'), 7)).toBe('fd00::7');
  for (const index of [-1, 256])
    expect(() => addressAt(cidr('10.254.1.0/24'), index)).toThrow(`10.254.1.0/24 has no address ${index}`);
});

test('the longest prefixes are a range of one address', () => {
  expect([cidr('10.0.0.1/32'), cidr('fd00::1/128')].map((one) => lastOf(one) - one.first)).toEqual([0n, 0n]);
});

test.each([
  ['172.18.0.11/24', '172.18.0.11', '172.18.0.0/24'],
  ['172.18.0.0/16', '172.18.0.0', '172.18.0.0/16'],
  ['10.0.0.1/0', '10.0.0.1', '0.0.0.0/0'],
  ['10.0.0.1/32', '10.0.0.1', '10.0.0.1/32'],
  ['fd00:0::1/64', 'fd00::1', 'fd00::/64'],
])('%s is the address %s on the network %s', (text, ip, network) => {
  expect(parseIfaddr(text)).toMatchObject({ ok: true, value: { ip, network: { text: network } } });
  const parsed = parseIfaddr(text);
  expect(parsed.ok && contains(parsed.value.network, parsed.value.ip)).toBe(true);
});

test.each(['172.18.0.11', '172.18.0.11/33', '172.18.0.11/024', 'fd00::1/129', '/24', 'x/24', ''])(
  '%j is no address with a prefix length',
  (text) => {
    expect(parseIfaddr(text).ok).toBe(false);
  },
);

const anyIp = fc.oneof(fc.ipV4(), fc.ipV6()).map(ip);
const anyRange = fc
  .oneof(fc.tuple(fc.ipV4(), fc.integer({ min: 20, max: 32 })), fc.tuple(fc.ipV6(), fc.integer({ min: 90, max: 128 })))
  .map(([address, length]) => {
    const parsed = parseIfaddr(`${address}/${length}`);
    if (!parsed.ok) throw new Error(parsed.error);
    return parsed.value.network;
  });

test('an address becomes its number and back', () => {
  fc.assert(
    fc.property(anyIp, (one) => {
      expect(ipFromNumber(ipNumber(one), familyOf(one))).toBe(one);
      expect(familyOf(one)).toBe(one.includes('.') ? 4 : 6);
    }),
  );
});

test('addresses are in order of their numbers, and those of IPv4 come first', () => {
  const sorted = ['::', '255.255.255.255', '10.0.0.10', 'fd00::10', '10.0.0.9', 'fd00::9', '0.0.0.0'].map(ip);
  expect(sorted.sort(compareIps)).toEqual([
    '0.0.0.0',
    '10.0.0.9',
    '10.0.0.10',
    '255.255.255.255',
    '::',
    'fd00::9',
    'fd00::10',
  ]);
  fc.assert(
    fc.property(anyIp, anyIp, (a, b) => {
      const order = familyOf(a) - familyOf(b) || Number(ipNumber(a) - ipNumber(b));
      expect(Math.sign(compareIps(a, b))).toBe(Math.sign(order));
      expect(Math.sign(compareIps(b, a))).toBe(-Math.sign(order) + 0);
      expect(sortKey(a) < sortKey(b)).toBe(order < 0);
    }),
  );
});

test('the keys of a range are those of its addresses and of no others', () => {
  fc.assert(
    fc.property(anyRange, anyIp, fc.integer({ min: -1, max: 1 }), (range, other, step) => {
      const { first, end } = keyRange(range);
      const atEdge = [range.first, lastOf(range)].map((number) => number + BigInt(step));
      const most = range.family === 4 ? 2n ** 32n : 2n ** 128n;
      const near = atEdge.filter((number) => number >= 0n && number < most);
      for (const one of [other, ...near.map((number) => ipFromNumber(number, range.family))])
        expect(first <= sortKey(one) && sortKey(one) < end).toBe(contains(range, one));
    }),
  );
});
