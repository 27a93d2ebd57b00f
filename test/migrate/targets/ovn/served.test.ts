/** What the served kinds of OVN-Kubernetes can say of nodes. */
import { customResourceDefinitions, egressFirewalls, egressIPs } from '../../../../api/kinds.ts';
import {
  definitionOf,
  egressFirewallDefinition,
  egressIPDefinition,
  egressIPNamingNodes,
  open,
} from '../../../../src/lab/ovn/definitions.ts';
import { definitionItem } from '../../../../src/migrate/kinds/definition.ts';
import type { Unread } from '../../../../src/migrate/snapshot.ts';
import { servedOf } from '../../../../src/migrate/targets/ovn/served.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';

const yes = { kind: 'known', value: true };
const no = { kind: 'known', value: false };
const absent = { kind: 'absent' };
const unreadable = { kind: 'unreadable', reason: 'missing right: list them (no)' };

const served = (definitions: readonly object[], unread: readonly Unread[] = [], minor?: number) =>
  servedOf(
    { definitions: definitions.map((one) => definitionItem(one as KubeObject)), unread },
    minor === undefined ? undefined : { major: 4, minor },
  );
const firewall = (to: object): object =>
  definitionOf(egressFirewalls, {
    type: 'object',
    properties: {
      egress: { type: 'array', items: { type: 'object', properties: { type: { type: 'string' }, to } } },
    },
  });
const closed = firewall({ type: 'object', properties: { cidrSelector: { type: 'string' } } });
const byLabel = firewall({ type: 'object', properties: { nodeSelector: open } });
const unreadOf = (name?: string): Unread => ({
  kind: customResourceDefinitions,
  reason: 'no',
  right: 'list them',
  ...(name === undefined ? {} : { name }),
});

test('an EgressIP can name nodes if the served schema has the field', () => {
  expect(served([egressIPNamingNodes]).nodesInEgressIPs).toEqual(yes);
  expect(served([egressIPDefinition]).nodesInEgressIPs).toEqual(no);
  expect(served([definitionOf(egressIPs, open)]).nodesInEgressIPs).toEqual(no);
});

test('a definition that is not there yet is no answer, whatever the release', () => {
  expect(served([closed], [], 16).nodesInEgressIPs).toEqual(absent);
});

test('a definition that cannot be read is unknown, and hides no other', () => {
  expect(served([], [unreadOf()])).toEqual({ nodesInEgressIPs: unreadable, nodesInFirewalls: unreadable });
  expect(served([], [unreadOf('egressips.k8s.ovn.org')])).toEqual({
    nodesInEgressIPs: unreadable,
    nodesInFirewalls: absent,
  });
  expect(served([egressIPNamingNodes], [unreadOf('egressfirewalls.k8s.ovn.org')])).toEqual({
    nodesInEgressIPs: yes,
    nodesInFirewalls: unreadable,
  });
});

test('a firewall can name nodes if the served schema says so, whatever the release', () => {
  expect(served([byLabel], [], 12).nodesInFirewalls).toEqual(yes);
  expect(served([closed], [], 16).nodesInFirewalls).toEqual(no);
});

test('where the schema of firewalls is not there or takes anything, the release tells', () => {
  for (const definitions of [[], [firewall(open)]]) {
    expect(served(definitions, [], 12).nodesInFirewalls).toEqual(no);
    expect(served(definitions, [], 13).nodesInFirewalls).toEqual(yes);
  }
  expect(served([]).nodesInFirewalls).toEqual(absent);
  expect(served([egressFirewallDefinition]).nodesInFirewalls).toEqual(yes);
  expect(served([], [unreadOf()], 13).nodesInFirewalls).toEqual(yes);
});
