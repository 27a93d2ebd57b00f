/** What a plan assumes of OVN-Kubernetes' kinds while nothing tells what the API server serves. */
import type { Known } from '../../../../../src/migrate/known.ts';
import { servedKindFindings } from '../../../../../src/migrate/targets/ovn/cluster/served-kinds.ts';
import { applying } from '../../../plan-with.ts';
import { contextFrom, make } from '../../../snapshots.ts';

const absent: Known<boolean> = { kind: 'absent' };
const unreadable: Known<boolean> = { kind: 'unreadable', reason: 'forbidden' };
const known: Known<boolean> = { kind: 'known', value: false };
const firewall = (to: object) =>
  applying(
    make.any(
      'k8s.ovn.org/v1',
      'EgressFirewall',
      { name: 'default', namespace: 'a' },
      {
        spec: { egress: [{ type: 'Allow', to }] },
      },
    ),
    'egress-firewalls',
  );
const toNodes = firewall({ nodeSelector: {} });

interface Given {
  readonly egressIPs?: Known<boolean>;
  readonly firewalls?: Known<boolean>;
  readonly undecided?: readonly string[];
}

function found({ egressIPs = known, firewalls = known, undecided = [] }: Given, changes = [toNodes]) {
  const context = contextFrom([]);
  const findings = servedKindFindings(
    {
      ...context,
      egress: { ...context.egress, undecided },
      served: { nodesInEgressIPs: egressIPs, nodesInFirewalls: firewalls },
    },
    changes,
  );
  return findings.map(({ code, severity, name }) => `${severity} ${code} ${name}`);
}

test('nothing is assumed of what is known', () => {
  expect(found({ undecided: ['egressip-a'] })).toEqual([]);
});

test('the definitions may come with the switch: an info; one that may not be read is a warning', () => {
  expect(found({ firewalls: absent })).toEqual([expect.stringMatching(/^info \w+ egressfirewalls\.k8s\.ovn\.org$/)]);
  expect(found({ firewalls: unreadable })).toEqual([expect.stringMatching(/^warning \w+ egressfirewalls/)]);
});

test('it matters only if a firewall allows nodes, or an EgressIP would name nodes', () => {
  expect(found({ firewalls: absent }, [firewall({ cidrSelector: '0.0.0.0/0' })])).toEqual([]);
  expect(found({ egressIPs: absent })).toEqual([]);
  expect(found({ egressIPs: absent, undecided: ['egressip-a'] })).toEqual([
    expect.stringMatching(/^info \w+ egressips\.k8s\.ovn\.org$/),
  ]);
});
