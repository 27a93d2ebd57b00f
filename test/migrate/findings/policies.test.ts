import {
  denyAllCutsAPIServer,
  policyDNSRule,
  policyRuleInvalid,
  policyRulesInvalid,
  policyTooLong,
} from '../../../src/migrate/findings/policies.ts';

const policy = { namespace: 'shop', name: 'p' };

describe('a Deny of node addresses', () => {
  const of = (isAllowed: boolean, isAccepted: boolean) =>
    denyAllCutsAPIServer({ ...policy, denied: '0.0.0.0/0', isAllowed, isAccepted });

  it('blocks, unless the admin accepts it', () => {
    expect(of(false, false)).toMatchObject({ severity: 'blocker', lost: { span: 'until-fixed' } });
    expect(of(false, true)).toMatchObject({ severity: 'warning', lost: { span: 'until-fixed' } });
    expect(of(false, true).tomorrow).toMatch(/^Pods cannot reach 0.0.0.0\/0/);
    expect(of(false, true).action).toMatch(/^Plan with --allow-api-server/);
  });

  it('loses nothing where an Allow rule comes first', () => {
    for (const isAccepted of [true, false]) {
      expect(of(true, isAccepted).severity).toBe('info');
      expect(of(true, isAccepted)).not.toHaveProperty('lost');
    }
    expect(of(true, false).tomorrow).toMatch(/^An Allow rule for all nodes stands in front \(0.0.0.0\/0/);
    expect(of(true, false).action).toMatch(/narrow the rule/);
  });
});

describe('a policy with many rules', () => {
  const of = (count: number) => policyTooLong({ ...policy, count, mostOfSDN: 1_000, mostOfOVN: 8_000 });

  it('blocks only if OVN-Kubernetes applies none of them', () => {
    expect(of(8_001)).toMatchObject({
      severity: 'blocker',
      lost: { what: 'all rules of its policy', span: 'until-fixed' },
    });
    expect(of(8_001).tomorrow).toBe(
      'The EgressFirewall has 8001 rules; with more than 8000 OVN-Kubernetes applies none and all is open.',
    );
    expect(of(8_000).severity).toBe('warning');
    expect(of(8_000)).not.toHaveProperty('lost');
    expect(of(8_000).tomorrow).toBe('The EgressFirewall has 8000 rules.');
  });
});

it('shows three names of a policy', () => {
  expect(policyDNSRule({ ...policy, names: ['a', 'b', 'c', 'd'] }).today).toMatch(/resolves a, b, c and 1 more and/);
  expect(policyDNSRule({ ...policy, names: ['a', 'b', 'c'] }).today).toMatch(/resolves a, b, c and follows/);
});

it('shows the destination of a rule that cannot be read, as it is, or null', () => {
  const of = (to: unknown) => policyRuleInvalid({ ...policy, field: 'spec.egress[0]', type: 'Deny', to }).today;
  expect(of({ cidrSelector: 'x' })).toBe('spec.egress[0]: Deny to {"cidrSelector":"x"} cannot be read.');
  expect(of(undefined)).toBe('spec.egress[0]: Deny to null cannot be read.');
});

it('shows what a policy has for its rules if that is not a list', () => {
  expect(policyRulesInvalid({ ...policy, egress: { a: 1 } })).toMatchObject({
    code: 'PolicyRuleInvalid',
    severity: 'blocker',
    today: 'spec.egress: {"a":1} is not a list, so no rule can be read, and everything is denied.',
  });
});
