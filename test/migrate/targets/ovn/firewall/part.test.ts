import { refText } from '../../../../../src/migrate/ref.ts';
import { firewallPart } from '../../../../../src/migrate/targets/ovn/firewall/part.ts';
import type { TranslateOptions } from '../../../../../src/migrate/targets/ovn/options.ts';
import { refOf } from '../../../../../src/migrate/translation.ts';
import type { EgressNetworkPolicyObject, KubeObject } from '../../../../../src/model/objects/raw.ts';
import { egressPolicies } from '../../../../../src/model/policy/egresspolicy.ts';
import { contains, type Ip, parseCidr, parseIp } from '../../../../../src/model/values/address.ts';
import { parseVnid, type Vnid } from '../../../../../src/model/values/vnid.ts';
import { generator } from '../../../../random.ts';
import { rounds } from '../../../../rounds.ts';
import { contextFrom, make } from '../../../snapshots.ts';

const base = [
  make.clusterNetwork(),
  make.namespace('shop'),
  make.netNamespace('shop', 10),
  make.node('n1', '192.168.7.10'),
  make.hostSubnet('n1', '192.168.7.10'),
];
const nodesRule = { type: 'Allow', to: { nodeSelector: {} } };
const denyAll = { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } };

function translate(objects: readonly KubeObject[], options: Partial<TranslateOptions> = {}) {
  const { changes, findings } = firewallPart(contextFrom([...base, ...objects], options));
  const firewalls = changes.flatMap((change) =>
    change.action === 'apply' ? [change.object as KubeObject & { spec: { egress: unknown } }] : [],
  );
  return {
    rules: Object.fromEntries(firewalls.map(({ metadata, spec }) => [metadata.namespace ?? '', spec.egress])) as Record<
      string,
      unknown
    >,
    names: firewalls.map(({ metadata }) => metadata.name),
    codes: findings
      .filter(({ code }) => code !== 'FirewallInterrupted')
      .map(({ code, severity, namespace, name }) => `${severity} ${code} ${namespace ?? ''}/${name}`)
      .sort(),
    interrupted: findings
      .filter(({ code }) => code === 'FirewallInterrupted')
      .map(({ namespace, name }) => `${namespace ?? ''}/${name}`),
    deleted: changes.flatMap((change) =>
      change.action === 'delete' ? [`${change.step} ${change.object.namespace ?? ''}/${change.object.name}`] : [],
    ),
  };
}

test('the rules keep their order; the policy is deleted in finalize, not before', () => {
  const policy = make.policy('shop', 'mine', [
    ['Allow', '192.168.0.0/16'],
    ['Allow', 'example.org'],
    ['Deny', '10.1.0.0/16'],
  ]);
  expect(translate([policy])).toEqual({
    rules: {
      shop: [
        { type: 'Allow', to: { cidrSelector: '192.168.0.0/16' } },
        { type: 'Allow', to: { dnsName: 'example.org' } },
        { type: 'Deny', to: { cidrSelector: '10.1.0.0/16' } },
      ],
    },
    names: ['default'],
    codes: ['info PolicyDNSRule shop/mine'],
    interrupted: ['shop/mine'],
    deleted: ['finalize shop/mine'],
  });
});

test('what a policy denies is open from the switch until apply, unless it denies nothing or does not hold today', () => {
  const deny = make.policy('shop', 'p', [['Deny', '203.0.113.0/24']]);
  expect(translate([deny]).interrupted).toEqual(['shop/p']);
  expect(translate([make.policy('shop', 'p', [['Allow', '203.0.113.0/24']])]).interrupted).toEqual([]);
  expect(translate([deny, make.policy('shop', 'q', [])]).interrupted).toEqual(['shop/p', 'shop/q']);
  const subnet = make.clusterNetwork('redhat/openshift-ovs-subnet');
  const inMode = [subnet, ...base.slice(1), deny];
  expect(firewallPart(contextFrom(inMode)).findings.map(({ code }) => code)).toEqual(['SubnetModeIgnored']);
});

test('0.0.0.0/32 is everything in OpenShift SDN, and stays so', () => {
  const { rules, codes } = translate([
    make.policy('shop', 'p', [
      ['Allow', '192.168.7.0/24'],
      ['Deny', '0.0.0.0/32'],
    ]),
  ]);
  expect(rules['shop']).toEqual([{ type: 'Allow', to: { cidrSelector: '192.168.7.0/24' } }, denyAll]);
  expect(codes).toEqual(['info PolicyZeroSlash32 shop/p']);
});

test('several policies drop all, and still do; the API server stays reachable', () => {
  const { rules, codes, deleted } = translate([
    make.policy('shop', 'a', [['Allow', '0.0.0.0/0']]),
    make.policy('shop', 'z', [['Deny', '0.0.0.0/0']]),
  ]);
  expect(rules).toEqual({ shop: [nodesRule, denyAll] });
  expect(codes).toEqual(['warning SeveralPolicies shop/a', 'warning SeveralPolicies shop/z']);
  expect(deleted).toEqual(['finalize shop/a', 'finalize shop/z']);
});

test('a policy in VNID 0 is ignored; one in a shared VNID closes all that share it', () => {
  const others = ['a', 'b', 'global'].map((name) => make.namespace(name));
  const { rules, codes } = translate([
    ...others,
    make.netNamespace('a', 77),
    make.netNamespace('b', 77),
    make.netNamespace('global', 0),
    make.policy('a', 'p', [['Allow', '0.0.0.0/0']]),
    make.policy('global', 'g', [['Deny', '0.0.0.0/0']]),
  ]);
  expect(rules).toEqual({ a: [nodesRule, denyAll], b: [nodesRule, denyAll] });
  expect(codes).toEqual(['warning PolicyInGlobalNamespace global/g', 'warning PolicyInJoinedNamespaces a/p']);
});

test('a Deny that meets node addresses cuts off the API server; an option puts an Allow in front', () => {
  const closed = make.policy('shop', 'p', [['Deny', '0.0.0.0/0']]);
  expect(translate([closed]).codes).toEqual(['blocker DenyAllCutsAPIServer shop/p']);
  expect(translate([closed], { denyAPIServer: true }).codes).toEqual(['warning DenyAllCutsAPIServer shop/p']);
  expect(translate([closed]).rules['shop']).toEqual([denyAll]);
  expect(translate([closed], { allowAPIServer: true })).toMatchObject({
    rules: { shop: [nodesRule, denyAll] },
    codes: ['info DenyAllCutsAPIServer shop/p'],
  });
  expect(translate([make.policy('shop', 'p', [['Deny', '192.168.0.0/16']])]).codes).toEqual([
    'blocker DenyAllCutsAPIServer shop/p',
  ]);
  expect(
    translate([
      make.policy('shop', 'p', [
        ['Allow', '192.168.7.0/24'],
        ['Deny', '0.0.0.0/0'],
      ]),
    ]).codes,
  ).toEqual([]);
  expect(translate([make.policy('shop', 'p', [['Deny', '203.0.113.0/24']])]).codes).toEqual([]);
});

test('a rule that cannot be read closes what comes after it, and blocks; host bits are cut off', () => {
  const { rules, codes } = translate([
    make.policy('shop', 'p', [
      ['Deny', 'not /an address'],
      ['Deny', '10.1.2.3/8'],
    ]),
  ]);
  expect(rules['shop']).toEqual([nodesRule, denyAll, { type: 'Deny', to: { cidrSelector: '10.0.0.0/8' } }]);
  expect(codes).toEqual(['blocker PolicyRuleInvalid shop/p']);
});

test.each<[unknown]>([[{}], ['x'], [5], [true]])(
  'a policy whose egress is %j and no list denies everything, as the agent has it, and blocks',
  (egress) => {
    const policy = make.any(
      'network.openshift.io/v1',
      'EgressNetworkPolicy',
      { namespace: 'shop', name: 'p' },
      { spec: { egress } },
    );
    expect(translate([policy])).toEqual({
      rules: { shop: [nodesRule, denyAll] },
      names: ['default'],
      codes: ['blocker PolicyRuleInvalid shop/p'],
      interrupted: ['shop/p'],
      deleted: ['finalize shop/p'],
    });
    const { byVnid } = egressPolicies([policy as EgressNetworkPolicyObject], new Map([['shop', parsedVnid(10)]]));
    expect([...byVnid.values()]).toMatchObject([{ rules: [{ allow: false, cidr: { text: '0.0.0.0/0' } }] }]);
  },
);

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['no egress', { spec: {} }],
  ['null for egress', { spec: { egress: null } }],
  ['no spec', {}],
])('a policy with %s has no rules: all stays open', (_what, fields) => {
  const policy = make.any('network.openshift.io/v1', 'EgressNetworkPolicy', { namespace: 'shop', name: 'p' }, fields);
  expect(translate([policy])).toMatchObject({ rules: { shop: [] }, codes: [], interrupted: [] });
});

test.each([
  [1_000, []],
  [1_001, ['warning PolicyTooLong shop/p']],
  [8_000, ['warning PolicyTooLong shop/p']],
  [8_001, ['blocker PolicyTooLong shop/p']],
])('%d rules', (count, codes) => {
  expect(
    translate([
      make.policy(
        'shop',
        'p',
        Array.from({ length: count }, () => ['Allow', '203.0.113.0/24'] as const),
      ),
    ]).codes,
  ).toEqual(codes);
});

test.each([
  [[], 'There is no Namespace of that name.'],
  [[make.namespace('gone', { deletionTimestamp: '2026-01-01T00:00:00Z' })], 'Namespace gone is being deleted.'],
])('a policy says what its namespace lacks', (more, today) => {
  const objects = [...base, ...more, make.policy('gone', 'p', [['Deny', '203.0.113.0/24']])];
  expect(firewallPart(contextFrom(objects)).findings).toContainEqual(expect.objectContaining({ today }));
});

test('a policy of a namespace that is gone makes nothing; another EgressFirewall in the way blocks, the same does not', () => {
  expect(translate([make.policy('gone', 'p', [['Deny', '203.0.113.0/24']])])).toMatchObject({
    rules: {},
    codes: ['warning NamespaceMissing gone/p'],
  });
  const firewall = (cidr: string) =>
    make.any(
      'k8s.ovn.org/v1',
      'EgressFirewall',
      { name: 'default', namespace: 'shop' },
      { spec: { egress: [{ type: 'Deny', to: { cidrSelector: cidr } }] } },
    );
  const policy = make.policy('shop', 'p', [['Deny', '203.0.113.0/24']]);
  expect(translate([policy, firewall('203.0.113.0/24')]).codes).toEqual([]);
  expect(translate([policy, firewall('203.0.113.0/25')]).codes).toEqual(['blocker ObjectExists shop/default']);
});

function verdict(
  rules: readonly { readonly type: string; readonly to: { readonly cidrSelector?: string } }[],
  address: Ip,
): boolean {
  const first = rules.find(({ to }) => {
    const cidr = parseCidr(to.cidrSelector ?? '');
    return cidr.ok && contains(cidr.value, address);
  });
  return first?.type !== 'Deny';
}

test('addresses outside are reachable exactly where the flows of OpenShift SDN let them be, whatever the policies', () => {
  let closed = 0;
  for (let seed = 1; seed <= rounds(1_000); seed++) {
    const random = generator(seed);
    const vnids = new Map(
      Array.from({ length: 5 }, (_, index) => [
        `ns${index}`,
        parsedVnid([0, 20, 21, 100 + index, 100 + index][random(5)]!),
      ]),
    );
    const cidr = (): string =>
      ['0.0.0.0/0', '0.0.0.0/32', '203.0.113.0/24', '203.0.113.128/25', '203.0.113.7/32', '198.51.100.0/22'][
        random(6)
      ]!;
    const policies = [...vnids.keys()].flatMap((namespace) =>
      Array.from({ length: [0, 1, 1, 1, 2][random(5)]! }, (_, index) =>
        make.policy(
          namespace,
          `p${index}`,
          Array.from({ length: random(5) }, () => [random(2) === 0 ? 'Allow' : 'Deny', cidr()] as const),
        ),
      ),
    );
    const { rules } = translate(
      [...vnids].flatMap(([name, vnid]) => [make.namespace(name), make.netNamespace(name, vnid)]).concat(policies),
    );
    const { byVnid } = egressPolicies(policies as unknown as EgressNetworkPolicyObject[], vnids);
    for (const [namespace, vnid] of vnids) {
      for (const text of ['203.0.113.7', '203.0.113.200', '198.51.101.1', '8.8.8.8']) {
        const address = parseIp(text);
        if (!address.ok) throw new Error(address.error);
        const policy = byVnid.get(vnid) ?? { kind: 'rules', rules: [] };
        const match =
          policy.kind === 'drop'
            ? { allow: false }
            : policy.rules.find((rule) => rule.kind === 'cidr' && contains(rule.cidr, address.value));
        const today = match?.allow ?? true;
        if (!today) closed++;
        const tomorrow = verdict((rules[namespace] ?? []) as Parameters<typeof verdict>[0], address.value);
        expect({ seed, namespace, text, open: tomorrow }).toEqual({ seed, namespace, text, open: today });
      }
    }
  }
  expect(closed).toBeGreaterThan(100);
});

function parsedVnid(number: number): Vnid {
  const vnid = parseVnid(number);
  if (!vnid.ok) throw new Error(vnid.error);
  return vnid.value;
}

test.each([
  ['all nodes are allowed before a Deny of everything', [['Deny', '0.0.0.0/0']], true],
  ['an admin denies one node', [['Deny', '192.168.7.10/32']], false],
  ['an admin allows one of two nodes', [['Allow', '192.168.7.10/32']], false],
] as const)('rules name all nodes by address before release 4.13 only if %s', (_, rules, isNamed) => {
  const version = { spec: {}, status: { desired: { version: '4.12.70' } } };
  const { codes } = translate(
    [
      make.node('n2', '192.168.7.11'),
      make.any('config.openshift.io/v1', 'ClusterVersion', { name: 'version' }, version),
      make.policy('shop', 'p', rules),
    ],
    { allowAPIServer: isNamed },
  );
  expect(codes.some((code) => code.includes('NodeSelectorUnserved'))).toBe(isNamed);
});

test('--namespace of one of several joined namespaces closes them all, and says which', () => {
  const joined = [
    ...['red', 'tred'].flatMap((name) => [make.namespace(name), make.netNamespace(name, 11)]),
    make.netNamespace('gone', 11),
    make.policy('red', 'p', [['Deny', '203.0.113.0/24']]),
  ];
  for (const namespace of ['red', 'tred']) {
    const objects = [...base, ...joined, make.policy('shop', 'p', [['Deny', '203.0.113.0/24']])];
    const context = contextFrom(objects, { namespaces: [namespace] });
    const { changes, findings } = firewallPart(context);
    expect(changes.map((change) => `${change.action} ${refText(refOf(change))}`).sort()).toEqual([
      'apply EgressFirewall red/default',
      'apply EgressFirewall tred/default',
      'delete EgressNetworkPolicy red/p',
    ]);
    expect(findings.find(({ code }) => code === 'PolicyInJoinedNamespaces')?.tomorrow).toMatch(/ in red, tred\.$/);
  }
});

test('namespaces of VNID 0 are not joined', () => {
  const globals = ['red', 'tred'].flatMap((name) => [make.namespace(name), make.netNamespace(name, 0)]);
  const { chosen } = contextFrom([...base, ...globals], { namespaces: ['red'] });
  expect(['red', 'tred', 'shop'].filter(chosen)).toEqual(['red']);
});

test('an EgressFirewall of others in a joined namespace without a policy is in the way', () => {
  const { codes } = translate([
    ...['red', 'tred'].flatMap((name) => [make.namespace(name), make.netNamespace(name, 11)]),
    make.policy('red', 'p', [['Deny', '203.0.113.0/24']]),
    make.any('k8s.ovn.org/v1', 'EgressFirewall', { name: 'default', namespace: 'tred' }, { spec: { egress: [] } }),
  ]);
  expect(codes).toContain('blocker ObjectExists tred/default');
});
