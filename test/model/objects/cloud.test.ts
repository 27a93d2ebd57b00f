/** What a cloud lets nodes carry. */
import {
  allowsCidr,
  allowsIp,
  egressIpConfigAnnotation,
  limitsOf,
  parseEgressIpConfig,
  unknownLimits,
} from '../../../src/model/objects/cloud.ts';
import { cidr, ip, valid } from '../parsed.ts';

const config = (fields: object): string => JSON.stringify([{ interface: 'eni-1', ...fields }]);

test.each<readonly [string, object, object]>([
  [
    'AWS: a capacity for each family',
    { ifaddr: { ipv4: '10.0.0.0/19' }, capacity: { ipv4: 14, ipv6: 15 } },
    { capacity: 14 },
  ],
  ['Azure: one for all', { ifaddr: { ipv4: '10.0.0.0/19' }, capacity: { ip: 255 } }, { capacity: 255 }],
  ['both: the one for all counts', { capacity: { ip: 3, ipv4: 14 } }, { capacity: 3, network: undefined }],
  ['a capacity of nothing', { capacity: { ip: 0 } }, { capacity: 0 }],
  ['no capacity', { ifaddr: { ipv4: '10.0.0.0/19' } }, { capacity: undefined, network: cidr('10.0.0.0/19') }],
  ["the node's address with its network", { ifaddr: { ipv4: '10.0.0.5/19' } }, { network: cidr('10.0.0.0/19') }],
  ['no network, as null', { ifaddr: { ipv4: null }, capacity: { ip: 1 } }, { capacity: 1, network: undefined }],
  ['an empty network', { ifaddr: { ipv4: '' }, capacity: { ip: 1 } }, { network: undefined }],
  ['IPv6 alone', { ifaddr: { ipv6: 'fd00::/64' }, capacity: { ip: 1 } }, { network: undefined }],
])('%s', (_what, fields, limits) => {
  expect(valid(parseEgressIpConfig(config(fields)))).toMatchObject(limits);
});

test.each<readonly [string, string, RegExp]>([
  ['no JSON', '{', /^is not JSON: (?!SyntaxError)/],
  ['no list', '{}', /^is not a JSON list/],
  ['an empty list', '[]', /^is not a JSON list/],
  ['a network that is none', config({ ifaddr: { ipv4: '10.0.0.0' } }), /^ifaddr.ipv4 /],
  ['a network of IPv6', config({ ifaddr: { ipv4: 'fd00::/64' } }), /^ifaddr.ipv4 .*is not an IPv4 CIDR/],
  ['a network that is no text', config({ ifaddr: { ipv4: 7 } }), /^ifaddr.ipv4 is not a text/],
  ['a capacity below 0', config({ capacity: { ip: -1 } }), /^capacity -1 /],
  ['half a capacity', config({ capacity: { ip: 1.5 } }), /^capacity 1.5 /],
  ['a capacity in quotes', config({ capacity: { ip: '3' } }), /^capacity "3" /],
])('%s is refused', (_what, text, reason) => {
  const parsed = parseEgressIpConfig(text);
  expect(parsed.ok ? '' : parsed.error).toMatch(reason);
});

test('a Node without the annotation has no limits, one that cannot be read gets nothing more', () => {
  const node = (annotations: Record<string, string>) => ({ metadata: { name: 'n', annotations } });
  expect(limitsOf(node({}))).toBeUndefined();
  expect(limitsOf(node({ [egressIpConfigAnnotation]: config({ capacity: { ip: 3 } }) }))).toEqual({
    limits: { capacity: 3, network: undefined },
    problem: undefined,
  });
  expect(limitsOf(node({ [egressIpConfigAnnotation]: 'x' }))).toMatchObject({ limits: unknownLimits });
  expect(limitsOf(node({ [egressIpConfigAnnotation]: 'x' }))?.problem).toMatch(/^is not JSON/);
});

test('addresses and whole ranges must lie in the network, where there is one', () => {
  const limits = { capacity: undefined, network: cidr('10.0.0.0/16') };
  expect([ip('10.0.0.0'), ip('10.0.255.255')].every((one) => allowsIp(limits, one))).toBe(true);
  expect([ip('9.255.255.255'), ip('10.1.0.0')].some((one) => allowsIp(limits, one))).toBe(false);
  expect(['10.0.0.0/16', '10.0.0.0/17', '10.0.255.0/24'].every((text) => allowsCidr(limits, cidr(text)))).toBe(true);
  expect(['10.0.0.0/15', '10.1.0.0/24', 'fd00::/64'].some((text) => allowsCidr(limits, cidr(text)))).toBe(false);
  expect(allowsIp(unknownLimits, ip('1.2.3.4')) && allowsCidr(unknownLimits, cidr('0.0.0.0/0'))).toBe(true);
});
