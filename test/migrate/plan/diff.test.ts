import { planDiff } from '../../../src/migrate/plan/diff.ts';
import type { Change } from '../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { applying, planWith } from '../plan-with.ts';
import { make, snapshotOf } from '../snapshots.ts';

const ovn = 'k8s.ovn.org/v1';
const egressIP = (name: string, spec: object): KubeObject => make.any(ovn, 'EgressIP', { name }, { spec });
const firewall = (namespace: string, spec: object): KubeObject =>
  make.any(ovn, 'EgressFirewall', { name: 'default', namespace }, { spec });
const diff = (changes: readonly Change[], present: readonly KubeObject[], target?: string) =>
  planDiff(planWith(changes, [], target), snapshotOf(present));

describe('an object of the plan', () => {
  const wanted = egressIP('e', { namespaceSelector: { matchLabels: { a: '1' } }, egressIPs: ['192.168.7.101'] });

  it('is new if there is none', () => {
    expect(diff([applying(wanted)], [])).toEqual(['+ EgressIP e']);
  });

  it('is not worth a line if it is there with all that is ours, whatever else it has', () => {
    const more = {
      egressIPs: ['192.168.7.101'],
      namespaceSelector: { matchLabels: { a: '1', b: '2' } },
      podSelector: {},
    };
    expect(diff([applying(wanted)], [egressIP('e', more)])).toEqual([]);
  });

  it('has a line for each field that is missing or other, by name', () => {
    const was = egressIP('e', { egressIPs: ['192.168.7.102'], namespaceSelector: {} });
    expect(diff([applying(wanted)], [was])).toEqual([
      '~ EgressIP e spec.egressIPs: ["192.168.7.102"] -> ["192.168.7.101"]',
      '+ EgressIP e spec.namespaceSelector.matchLabels: {"a":"1"}',
    ]);
  });

  it('shows a field that changes its kind as a whole', () => {
    expect(diff([applying(egressIP('e', { x: { y: 1 } }))], [egressIP('e', { x: [1] })])).toEqual([
      '~ EgressIP e spec.x: [1] -> {"y":1}',
    ]);
    expect(diff([applying(egressIP('e', { x: [1] }))], [egressIP('e', { x: { y: 1 } })])).toEqual([
      '~ EgressIP e spec.x: {"y":1} -> [1]',
    ]);
  });

  it('is named with its namespace', () => {
    expect(
      diff([applying(firewall('shop', { egress: [] }), 'egress-firewalls')], [firewall('zoo', { egress: [] })]),
    ).toEqual(['+ EgressFirewall shop/default', '? EgressFirewall zoo/default']);
  });

  it('is removed by a step that deletes or clears it', () => {
    const object = { apiVersion: 'cloud.network.openshift.io/v1', kind: 'CloudPrivateIPConfig', name: '192.168.7.101' };
    const remove: Change = { action: 'delete', step: 'release-cloud-addresses', object, from: [] };
    expect(diff([remove], [])).toEqual(['- CloudPrivateIPConfig 192.168.7.101']);
  });

  it('is not what finalize clears', () => {
    const object = { apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', name: 'shop' };
    expect(diff([{ action: 'clear', step: 'finalize', object, patch: {} }], [])).toEqual([]);
  });
});

describe('an object that is not in the plan', () => {
  it('has a line if it is of a kind that the target looks at', () => {
    const others = [
      egressIP('theirs', {}),
      make.any(ovn, 'EgressRouter', { name: 'r' }, {}),
      make.node('n1', '192.168.7.11'),
    ];
    expect(diff([applying(egressIP('e', {}))], [...others, egressIP('e', {})])).toEqual(['? EgressIP theirs']);
    expect(diff([], others, 'sdn')).toEqual([]);
  });
});
