import { addressAt, contains, overlaps, parseCidr, parseIfaddr, parseIp } from '../../src/model/address.ts';

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
  ' 10.0.0.1',
])('%p is no address', (text) => {
  expect(parseIp(text)).toEqual({ ok: false, error: `${JSON.stringify(text)} is not an IP address` });
});

test('IPv6 has one canonical text', () => {
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
});

test('addressAt counts from the network address and refuses what is outside', () => {
  expect(addressAt(cidr('10.254.1.0/24'), 1)).toBe('10.254.1.1');
  expect(() => addressAt(cidr('10.254.1.0/24'), 256)).toThrow('10.254.1.0/24 has no address 256');
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
