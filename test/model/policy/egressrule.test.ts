/** How rules of EgressNetworkPolicies read. */
import fc from 'fast-check';
import type { EgressNetworkPolicyObject } from '../../../src/model/objects/raw.ts';
import { egressPolicies } from '../../../src/model/policy/egresspolicy.ts';
import { readEgressRule } from '../../../src/model/policy/egressrule.ts';
import { contains, parseIp } from '../../../src/model/values/address.ts';
import { vnid } from '../parsed.ts';

const reading = (to: unknown, type: unknown = 'Allow') => readEgressRule({ type, to });

test.each<readonly [string, unknown, string]>([
  ['a range', { cidrSelector: '10.1.0.0/16' }, '10.1.0.0/16'],
  ['a range with host bits', { cidrSelector: '10.20.30.40/16' }, '10.20.0.0/16'],
  ['everything', { cidrSelector: '0.0.0.0/0' }, '0.0.0.0/0'],
  ['both selectors', { cidrSelector: '10.1.0.0/16', dnsName: 'example.com' }, '10.1.0.0/16'],
])('%s reads as a range', (_what, to, text) => {
  expect(reading(to)).toMatchObject({ kind: 'cidr', allow: true, isCorrected: false, cidr: { text } });
});

test('a rule for 0.0.0.0/32 is about every address', () => {
  expect(reading({ cidrSelector: '0.0.0.0/32' })).toMatchObject({
    kind: 'cidr',
    isCorrected: true,
    cidr: { text: '0.0.0.0/0', family: 4, first: 0n, length: 0 },
  });
});

test('names are compared in lower case and without a last dot, and kept as they are written', () => {
  const read = reading({ dnsName: 'WWW.Example.com.' });
  expect(read).toEqual({ kind: 'dns', allow: true, name: 'www.example.com', text: 'WWW.Example.com.' });
});

test.each<readonly [unknown, string]>([
  [{ cidrSelector: '10.1.0.0' }, 'to.cidrSelector'],
  [{ cidrSelector: '10.1.0.0/33' }, 'to.cidrSelector'],
  [{ cidrSelector: 'fd00::/64' }, 'to.cidrSelector'],
  [{ cidrSelector: 'nonsense', dnsName: 'example.com' }, 'to.cidrSelector'],
  [{ dnsName: '*.example.com' }, 'to.dnsName'],
  [{ dnsName: 'a b' }, 'to.dnsName'],
  [{}, 'to'],
  [undefined, 'to'],
  ['text', 'to'],
])('%j is broken', (to, field) => {
  expect(reading(to)).toMatchObject({ kind: 'broken', field });
});

test('a rule of any type but Allow denies', () => {
  for (const type of ['Deny', 'allow', null, 7]) {
    expect(reading({ cidrSelector: '10.1.0.0/16' }, type).allow).toBe(false);
  }
});

test('whatever a rule holds, it reads, and a range with an address in it holds that address', () => {
  fc.assert(
    fc.property(fc.anything(), (rule) => {
      expect(['cidr', 'dns', 'broken']).toContain(readEgressRule(rule).kind);
    }),
  );
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(32), (address, length) => {
      const read = reading({ cidrSelector: `${address}/${length}` });
      const ip = parseIp(address);
      expect(read.kind === 'cidr' && ip.ok && contains(read.cidr, ip.value)).toBe(true);
    }),
  );
});

test('the agent and the migrator take a rule for the same', () => {
  const policy: EgressNetworkPolicyObject = {
    apiVersion: 'network.openshift.io/v1',
    kind: 'EgressNetworkPolicy',
    metadata: { namespace: 'shop', name: 'default' },
    spec: {
      egress: [
        { type: 'Allow', to: { cidrSelector: '10.20.30.40/16' } },
        { type: 'Allow', to: { cidrSelector: 'nonsense' } },
      ],
    },
  };
  const { byVnid, notes } = egressPolicies([policy], new Map([['shop', vnid(7)]]));
  expect(byVnid.get(vnid(7))).toMatchObject({
    rules: [
      { allow: true, cidr: { text: '10.20.0.0/16' } },
      { allow: false, cidr: { text: '0.0.0.0/0' } },
    ],
  });
  expect(notes.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'InvalidPolicyRule spec.egress[1].to.cidrSelector: "nonsense" is not an IPv4 CIDR; the rule counts as Deny for everything',
  ]);
});
