import { policyPart } from '../../../../src/migrate/targets/sdn/policies.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../../snapshots.ts';

const firewall = (...egress: readonly object[]): KubeObject =>
  make.any('k8s.ovn.org/v1', 'EgressFirewall', { name: 'default', namespace: 'shop' }, { spec: { egress } });
const rule = (type: string, to: object, ports: readonly object[] = []): object => ({ type, to, ports });
const cidrRule = (type: string, cidrSelector: string, ports: readonly object[] = []): object =>
  rule(type, { cidrSelector }, ports);
const dns = (type: string, dnsName: string): object => rule(type, { dnsName });

function part(...objects: readonly KubeObject[]) {
  const { changes, findings } = policyPart(snapshotOf(objects));
  return {
    made: changes.map((change) =>
      change.action === 'apply' ? [change.step, change.object.metadata.name, JSON.stringify(change.object)] : [],
    ),
    findings: findings.map(({ code, severity, today, tomorrow }) => `${code} ${severity}: ${today} ${tomorrow}`),
  };
}
/** The rules that are made of these, and the findings. */
function rules(...egress: readonly object[]) {
  const { made, findings } = part(firewall(...egress));
  return {
    made: made[0]?.[2]?.replace(/.*"egress":/, '').replace(/\}\}$/, ''),
    codes: findings.map((one) => one.split(':')[0]),
  };
}
const json = (...list: readonly object[]): string => JSON.stringify(list);
const simple = (type: string, cidrSelector: string): object => ({ type, to: { cidrSelector } });

describe('a rule', () => {
  it('for a CIDR or a name stays, in its order', () => {
    expect(
      rules(cidrRule('Allow', '203.0.113.0/24'), dns('Deny', 'example.com'), cidrRule('Deny', '0.0.0.0/0')),
    ).toEqual({
      made: json(
        simple('Allow', '203.0.113.0/24'),
        { type: 'Deny', to: { dnsName: 'example.com' } },
        simple('Deny', '0.0.0.0/0'),
      ),
      codes: [],
    });
  });

  it('for a CIDR with host bits names the network', () => {
    expect(rules(cidrRule('Allow', '203.0.113.9/24')).made).toBe(json(simple('Allow', '203.0.113.0/24')));
  });

  it.each(['example.com', 'example.com.', 'a-b.c1'])('may have the name %s', (name) => {
    expect(rules(dns('Allow', name)).codes).toEqual([]);
  });

  it('for some ports denies all of them, or is left out', () => {
    const ports = [{ protocol: 'TCP', port: 80 }];
    expect(rules(cidrRule('Deny', '203.0.113.0/24', ports))).toEqual({
      made: json(simple('Deny', '203.0.113.0/24')),
      codes: ['RulePortsLost warning'],
    });
    expect(rules(cidrRule('Allow', '203.0.113.0/24', ports))).toEqual({ made: '[]', codes: ['RulePortsLost warning'] });
  });

  it.each([
    ['for IPv6', cidrRule('Allow', 'fd00::/64'), 'FamilyLost warning'],
    ['for all names below a domain', dns('Allow', '*.example.com'), 'WildcardLost warning'],
    ['for nothing', rule('Allow', {}), 'PolicyRuleInvalid warning'],
    ['for a CIDR that is none', cidrRule('Allow', '203.0.113.0/99'), 'PolicyRuleInvalid warning'],
    ['for a name that is none', dns('Allow', 'a b'), 'PolicyRuleInvalid warning'],
    ['for a name with an asterisk elsewhere', dns('Allow', 'a.*.example.com'), 'PolicyRuleInvalid warning'],
  ])('%s is left out', (_what, one, code) => {
    expect(rules(one, cidrRule('Deny', '0.0.0.0/0'))).toEqual({
      made: json(simple('Deny', '0.0.0.0/0')),
      codes: [code],
    });
  });

  it('is named by its place', () => {
    expect(part(firewall(cidrRule('Deny', '0.0.0.0/0'), dns('Allow', '*.example.com'))).findings[0]).toMatch(
      /^WildcardLost warning: spec.egress\[1\]: Allow to \*.example.com\./,
    );
  });

  it('for nodes becomes one for each IPv4 address that they have now', () => {
    const node = (name: string, labels: object, addresses: readonly string[]): KubeObject =>
      make.any('v1', 'Node', { name, labels }, { status: { addresses: addresses.map((address) => ({ address })) } });
    const nodes = [
      node('n1', { role: 'db' }, ['192.168.7.11', 'fd00::11', 'n1.example.com']),
      node('n2', { role: 'web' }, ['192.168.7.12']),
      node('n3', { role: 'db' }, ['192.168.7.13']),
    ];
    const found = part(...nodes, firewall(rule('Allow', { nodeSelector: { matchLabels: { role: 'db' } } })));
    expect(found.made[0]?.[2]).toContain(
      `"egress":${json(simple('Allow', '192.168.7.11/32'), simple('Allow', '192.168.7.13/32'))}`,
    );
    expect(found.findings).toEqual([expect.stringMatching(/^NodeSelectorLost warning: .* It becomes 2 rules/)]);
  });
});

describe('the policy', () => {
  const deny = cidrRule('Deny', '0.0.0.0/0');
  const present = (name: string, ...egress: readonly (readonly [string, string])[]) =>
    make.policy('shop', name, egress);

  it('is called default where there is none, and waits for OpenShift SDN if that is not served', () => {
    expect(part(firewall(deny)).made.map(([step, name]) => [step, name])).toEqual([['restore-after', 'default']]);
    const sdn = make.netNamespace('zoo', 10);
    expect(part(sdn, firewall(deny)).made.map(([step, name]) => [step, name])).toEqual([['restore', 'default']]);
  });

  it('is the one that is there, if its rules differ', () => {
    const found = part(present('mine', ['Allow', '10.0.0.0/8']), firewall(deny));
    expect(found.made.map(([, name]) => name)).toEqual(['mine']);
    expect(found.findings).toEqual([
      expect.stringMatching(/^ObjectExists warning: EgressNetworkPolicy mine is in the namespace/),
    ]);
  });

  it('is left as it is if its rules are the same', () => {
    expect(part(present('mine', ['Deny', '0.0.0.0/0']), firewall(deny))).toEqual({ made: [], findings: [] });
    expect(
      part(
        make.any('network.openshift.io/v1', 'EgressNetworkPolicy', { name: 'mine', namespace: 'shop' }, {}),
        firewall(),
      ),
    ).toEqual({
      made: [],
      findings: [],
    });
  });

  it('is not made beside several, which would stay and close the namespace', () => {
    const found = part(present('a'), present('b'), firewall(deny));
    expect(found.made).toEqual([]);
    expect(found.findings).toEqual([expect.stringMatching(/^SeveralPolicies warning: EgressNetworkPolicies a, b/)]);
  });

  it('does not look at those of other namespaces', () => {
    expect(part(make.policy('zoo', 'mine', []), firewall(deny)).made.map(([, name]) => name)).toEqual(['default']);
  });

  it('may have a thousand rules and no more', () => {
    const many = (count: number) => Array.from({ length: count }, () => deny);
    expect(part(firewall(...many(1_000))).findings).toEqual([]);
    expect(part(firewall(...many(1_001))).findings).toEqual([
      expect.stringMatching(/^PolicyTooLong blocker: The firewall has 1001 rules/),
    ]);
  });
});
