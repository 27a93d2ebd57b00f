/** The rules that every EgressFirewall of a plan may get. */
import {
  allowNodes,
  closedRules,
  firewallOf,
  isWithoutNodes,
} from '../../../../../src/migrate/targets/ovn/firewall/rules.ts';
import { contextFrom, make } from '../../../snapshots.ts';

const context = contextFrom([
  make.node('n1', '192.168.7.11'),
  make.node('n2', '192.168.7.12'),
  make.hostSubnet('n1', '192.168.7.11'),
  make.hostSubnet('n2', '192.168.7.12'),
]);
const without = {
  ...context,
  served: { ...context.served, nodesInFirewalls: { kind: 'known', value: false } as const },
};
const withNodes = {
  ...context,
  served: { ...context.served, nodesInFirewalls: { kind: 'known', value: true } as const },
};

test('nodes are allowed with a selector, or by their addresses where EgressFirewalls have none', () => {
  expect([isWithoutNodes(withNodes.served), isWithoutNodes(without.served)]).toEqual([false, true]);
  expect(allowNodes(withNodes)).toEqual([{ type: 'Allow', to: { nodeSelector: {} } }]);
  expect(allowNodes(without)).toEqual(
    ['192.168.7.11/32', '192.168.7.12/32'].map((cidrSelector) => ({ type: 'Allow', to: { cidrSelector } })),
  );
});

test('a closed namespace reaches the nodes and nothing else outside', () => {
  expect(closedRules(withNodes)).toEqual([
    { type: 'Allow', to: { nodeSelector: {} } },
    { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
  ]);
});

test('the EgressFirewall of a namespace is named default', () => {
  expect(firewallOf('shop', [])).toEqual({
    apiVersion: 'k8s.ovn.org/v1',
    kind: 'EgressFirewall',
    metadata: { name: 'default', namespace: 'shop' },
    spec: { egress: [] },
  });
});
