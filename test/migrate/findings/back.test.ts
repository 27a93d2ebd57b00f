import {
  joinAgain,
  keptCIDRsUnreadable,
  namespaceSelectorLost,
  policiesPresent,
  rulePortsLost,
  sharedEgressIP,
} from '../../../src/migrate/findings/back.ts';

it('names the namespaces that a selection by labels becomes, or none', () => {
  expect(namespaceSelectorLost({ kind: 'EgressIP', name: 'e', selected: [] }).tomorrow).toMatch(/: none\.$/);
  expect(namespaceSelectorLost({ kind: 'EgressIP', name: 'e', selected: ['a', 'b'] }).tomorrow).toMatch(/: a, b\.$/);
});

it('says who keeps a shared address, and who must do what', () => {
  const shared = { kind: 'EgressIP', name: 'e', first: 'a', others: ['b', 'c'] };
  expect(sharedEgressIP(shared)).toMatchObject({
    today: 'Namespaces a, b, c share its addresses.',
    action: expect.stringMatching(/^Give b, c addresses of their own; .*join them to a/) as string,
  });
  expect(joinAgain({ ...shared, netid: '42' })).toMatchObject({
    severity: 'warning',
    today: expect.stringMatching(/they shared VNID 42\.$/) as string,
    action: expect.stringMatching(/netid of NetNamespaces b, c to that of a\.$/) as string,
  });
});

it('says of CIDRs that cannot be read whether some can', () => {
  const facts = { node: 'n1', annotation: 'x', text: '{' };
  expect(keptCIDRsUnreadable({ ...facts, isPartly: true }).tomorrow).toBe(
    'The HostSubnet gets the CIDRs that can be read.',
  );
  expect(keptCIDRsUnreadable({ ...facts, isPartly: false })).toMatchObject({
    severity: 'warning',
    tomorrow: 'The HostSubnet gets no egressCIDRs.',
    lost: { span: 'until-fixed' },
  });
});

it('says of a rule for some ports what it becomes', () => {
  const rule = { namespace: 'shop', name: 'default', field: 'spec.egress[0]' };
  expect(rulePortsLost({ ...rule, type: 'Allow' }).tomorrow).toMatch(
    /The rule is left out: what it allows meets the rules behind it\.$/,
  );
  expect(rulePortsLost({ ...rule, type: 'Deny' }).tomorrow).toMatch(/The rule denies all ports\.$/);
});

it('is on the firewall, which is in its namespace', () => {
  expect(policiesPresent({ namespace: 'shop', name: 'default', policies: ['a', 'b'] })).toMatchObject({
    kind: 'EgressFirewall',
    namespace: 'shop',
    name: 'default',
    today: expect.stringMatching(/^EgressNetworkPolicies a, b are in the namespace too/) as string,
  });
});
