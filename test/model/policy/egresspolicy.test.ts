/** What EgressNetworkPolicies mean for each VNID. */
import type { EgressNetworkPolicyObject } from '../../../src/model/objects/raw.ts';
import { egressPolicies, whyNotByRules } from '../../../src/model/policy/egresspolicy.ts';
import { vnid } from '../parsed.ts';

const policy = (namespace: string, name: string, ...names: string[]): EgressNetworkPolicyObject => ({
  apiVersion: 'network.openshift.io/v1',
  kind: 'EgressNetworkPolicy',
  metadata: { namespace, name },
  spec: {
    egress: [
      ...names.map((dnsName) => ({ type: 'Allow' as const, to: { dnsName } })),
      { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
    ],
  },
});
const vnids = new Map([
  ['global', vnid(0)],
  ['alone', vnid(7)],
  ['joined', vnid(8)],
  ['sibling', vnid(8)],
]);

test('one policy of a namespace with a VNID of its own gives its rules, in order', () => {
  const { byVnid, notes, names } = egressPolicies([policy('alone', 'p', 'WWW.example.com.')], vnids);
  expect(byVnid.get(vnid(7))).toMatchObject({
    kind: 'rules',
    rules: [
      { allow: true, name: 'www.example.com' },
      { allow: false, kind: 'cidr' },
    ],
  });
  expect(notes).toEqual([]);
  expect([...names]).toEqual(['www.example.com']);
});

test.each<readonly [string, readonly EgressNetworkPolicyObject[], number, string | undefined, readonly string[]]>([
  [
    'two policies drop everything',
    [policy('alone', 'a'), policy('alone', 'b')],
    7,
    'drop',
    ['SeveralPolicies a', 'SeveralPolicies b'],
  ],
  ['one in a joined namespace drops everything', [policy('joined', 'a')], 8, 'drop', ['PolicyInJoinedNamespaces a']],
  ['one in VNID 0 is ignored', [policy('global', 'a')], 0, undefined, ['PolicyInGlobalNamespace a']],
  ['one of a namespace without a VNID waits', [policy('new', 'a')], 9, undefined, []],
])('%s', (_what, policies, netid, kind, said) => {
  const { byVnid, notes } = egressPolicies(policies, vnids);
  expect(byVnid.get(vnid(netid))?.kind).toBe(kind);
  expect(notes.map(({ code, name }) => `${code} ${name}`)).toEqual(said);
});

test('names of policies that drop everything are not resolved', () => {
  expect(egressPolicies([policy('joined', 'a', 'example.com')], vnids).names.size).toBe(0);
});

test('a rule that cannot be read denies everything after it, whatever its type, and is noted with its index', () => {
  const broken = { type: 'Allow' as const, to: { cidrSelector: 'x' } };
  const corrected = { type: 'Deny' as const, to: { cidrSelector: '0.0.0.0/32' } };
  const one = { ...policy('alone', 'p'), spec: { egress: [corrected, broken] } };
  const { byVnid, notes } = egressPolicies([one], vnids);
  expect(byVnid.get(vnid(7))).toMatchObject({
    rules: [
      { kind: 'cidr', allow: false, cidr: { text: '0.0.0.0/0' } },
      { kind: 'cidr', allow: false, cidr: { text: '0.0.0.0/0' } },
    ],
  });
  expect(notes.map(({ namespace, name, code, message }) => [namespace, name, code, message].join(' '))).toEqual([
    'alone p PolicyZeroSlash32 spec.egress[0].to.cidrSelector: 0.0.0.0/32 is read as 0.0.0.0/0',
    'alone p InvalidPolicyRule spec.egress[1].to.cidrSelector: "x" is not an IPv4 CIDR; the rule counts as Deny for everything',
  ]);
});

test.each([
  ['the only one of a namespace is carried out', 7, 1, 1, undefined],
  ['one of a namespace without a VNID yet is, too', undefined, 0, 1, undefined],
  ['several of a namespace are not', 7, 1, 2, 'SeveralPolicies'],
  ['several of a namespace without a VNID yet are not', undefined, 0, 2, 'SeveralPolicies'],
  ['one of a VNID that namespaces share is not, whether there are several or not', 7, 2, 1, 'PolicyInJoinedNamespaces'],
  ['nor are several of those', 7, 2, 3, 'PolicyInJoinedNamespaces'],
  ['those of VNID 0 are ignored, however many share it', 0, 5, 2, 'PolicyInGlobalNamespace'],
])('%s', (_what, id, sharing, policies, code) => {
  expect(whyNotByRules({ vnid: id === undefined ? undefined : vnid(id), sharing, policies })).toBe(code);
});
