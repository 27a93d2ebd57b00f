/** NetworkPolicies as values, and the arithmetic on their blocks and ports. */
import fc from 'fast-check';
import type { NetworkPolicyObject } from '../../../src/model/objects/raw.ts';
import { parseNetworkPolicy, portMasks, subtract } from '../../../src/model/policy/networkpolicy.ts';
import { type Cidr, contains, overlaps, parseIfaddr } from '../../../src/model/values/address.ts';
import { cidr, ip, valid } from '../parsed.ts';

const anyCidr: fc.Arbitrary<Cidr> = fc
  .tuple(fc.constantFrom('10.0.0.0', '10.0.0.128', '10.0.1.7', '10.1.0.0'), fc.integer({ min: 8, max: 32 }))
  .map(([address, length]) => valid(parseIfaddr(`${address}/${length}`)).network);

test('a block without its exceptions has every other address, each once', () => {
  const address = fc
    .constantFrom('10.0.0.0', '10.0.0.1', '10.0.0.127', '10.0.0.128', '10.0.1.7', '10.0.2.0', '10.1.0.0', '10.200.0.9')
    .map(ip);
  fc.assert(
    fc.property(anyCidr, fc.array(anyCidr, { maxLength: 4 }), address, (block, excepts, one) => {
      const parts = subtract(block, excepts);
      const isIn = contains(block, one) && !excepts.some((except) => contains(except, one));
      expect(parts.filter((part) => contains(part, one))).toHaveLength(isIn ? 1 : 0);
      expect(parts.some((part, index) => parts.slice(index + 1).some((other) => overlaps(part, other)))).toBe(false);
    }),
  );
});

test('a block is cut into as few parts as there are', () => {
  const texts = (block: string, ...excepts: string[]) =>
    subtract(cidr(block), excepts.map(cidr)).map(({ text }) => text);
  expect(texts('10.0.0.0/8')).toEqual(['10.0.0.0/8']);
  expect(texts('10.0.0.0/8', '11.0.0.0/8')).toEqual(['10.0.0.0/8']);
  expect(texts('10.0.0.0/24', '10.0.0.0/25')).toEqual(['10.0.0.128/25']);
  expect(texts('10.0.0.0/24', '10.0.0.0/24')).toEqual([]);
  expect(texts('10.0.0.0/24', '10.0.0.0/8')).toEqual([]);
  expect(texts('10.0.0.0/30', '10.0.0.2/32')).toEqual(['10.0.0.0/31', '10.0.0.3/32']);
});

test('masks match the ports of a range and no others, with as few masks as powers of two need', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 65_535 }),
      fc.integer({ min: 1, max: 65_535 }),
      fc.nat(65_535),
      (a, b, one) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const masks = portMasks(from, to);
        for (const port of [one, from, to, from - 1, Math.min(to + 1, 65_535)]) {
          const hits = masks.filter(({ value, mask }) => (port & mask) === value);
          expect(hits).toHaveLength(port >= from && port <= to ? 1 : 0);
        }
        expect(masks.length).toBeLessThanOrEqual(30);
      },
    ),
  );
  expect(portMasks(80, 80)).toEqual([{ value: 80, mask: 0xffff }]);
  expect(portMasks(8_000, 8_063)).toEqual([{ value: 8_000, mask: 0xffc0 }]);
});

const policy = (spec: NonNullable<NetworkPolicyObject['spec']>): NetworkPolicyObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: 'shop', name: 'p' },
  spec,
});
const directions = (spec: NonNullable<NetworkPolicyObject['spec']>): string => {
  const { ingress, egress } = parseNetworkPolicy(policy(spec)).policy;
  return [ingress === undefined ? '' : 'ingress', egress === undefined ? '' : 'egress'].filter(Boolean).join(' ');
};

test('without policyTypes a policy is about ingress, and about egress when it has rules for it', () => {
  expect(directions({ podSelector: {} })).toBe('ingress');
  expect(directions({ podSelector: {}, egress: [] })).toBe('ingress');
  expect(directions({ podSelector: {}, egress: [{}] })).toBe('ingress egress');
  expect(directions({ podSelector: {}, policyTypes: ['Egress'] })).toBe('egress');
  expect(directions({ podSelector: {}, policyTypes: ['Egress'], ingress: [{}] })).toBe('egress');
});

test('a rule without peers or ports is for all of them; an empty list is no list', () => {
  const { ingress } = parseNetworkPolicy(policy({ podSelector: {}, ingress: [{}, { from: [], ports: [] }] })).policy;
  expect(ingress).toEqual([
    { peers: undefined, ports: undefined },
    { peers: undefined, ports: undefined },
  ]);
});

test.each<readonly [string, object, string]>([
  ['a block that is none', { from: [{ ipBlock: { cidr: 'x' } }] }, 'ipBlock.cidr: "x" is not a CIDR'],
  [
    'an exception that is none',
    { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['x'] } }] },
    'ipBlock.except: "x" is not a CIDR',
  ],
  ['a protocol that nobody knows', { ports: [{ protocol: 'ICMP' }] }, 'protocol "ICMP" is none of TCP, UDP, SCTP'],
  ['port 0', { ports: [{ port: 0 }] }, 'port 0 is no range of ports'],
  ['a port that is too large', { ports: [{ port: 65_536 }] }, 'port 65536 is no range of ports'],
  ['a range that ends before it begins', { ports: [{ port: 9, endPort: 8 }] }, 'port 9 to 8 is no range of ports'],
])('%s: the rule allows nothing, and the others hold', (_what, rule, reason) => {
  const { policy: parsed, problems } = parseNetworkPolicy(policy({ podSelector: {}, ingress: [rule, {}] }));
  expect(problems).toEqual([`spec.ingress[0]: ${reason}; the rule allows nothing`]);
  expect(parsed.ingress).toEqual([{ peers: undefined, ports: undefined }]);
});

test('a block of IPv6 has no addresses, one with host bits those of its network', () => {
  const rules = (block: string) =>
    parseNetworkPolicy(policy({ podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: block } }] }] })).policy.egress;
  expect(rules('fd00::/64')).toEqual([{ peers: [{ kind: 'block', cidrs: [] }], ports: undefined }]);
  expect(rules('10.0.0.5/24')).toMatchObject([{ peers: [{ cidrs: [{ text: '10.0.0.0/24' }] }] }]);
});

test.each([
  [{ port: 1 }, { kind: 'range', protocol: 'tcp', from: 1, to: 1 }],
  [
    { port: 65_535, protocol: 'SCTP' },
    { kind: 'range', protocol: 'sctp', from: 65_535, to: 65_535 },
  ],
  [
    { port: 80, endPort: 80 },
    { kind: 'range', protocol: 'tcp', from: 80, to: 80 },
  ],
  [
    { port: 80, endPort: 90, protocol: 'UDP' },
    { kind: 'range', protocol: 'udp', from: 80, to: 90 },
  ],
  [{ port: 'web' }, { kind: 'named', protocol: 'tcp', name: 'web' }],
  [{ protocol: 'UDP' }, { kind: 'any', protocol: 'udp' }],
  [{}, { kind: 'any', protocol: 'tcp' }],
])('the port %j reads as %j', (port, value) => {
  const { policy: parsed, problems } = parseNetworkPolicy(policy({ podSelector: {}, ingress: [{ ports: [port] }] }));
  expect([parsed.ingress, problems]).toEqual([[{ peers: undefined, ports: [value] }], []]);
});
