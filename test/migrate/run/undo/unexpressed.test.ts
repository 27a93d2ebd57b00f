/** Which objects of OVN-Kubernetes the way back brings to nothing. */
import { managerOf } from '../../../../src/migrate/ownership.ts';
import { objectRef, refKey } from '../../../../src/migrate/ref.ts';
import { unexpressed } from '../../../../src/migrate/run/undo/unexpressed.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { applying, deletingAt, planWith } from '../../plan-with.ts';
import { make } from '../../snapshots.ts';
import { liveFrom } from '../live-from.ts';

const ovn = 'k8s.ovn.org/v1';
const egressIP = (name: string, ip: string, metadata: Readonly<Record<string, unknown>> = {}): KubeObject =>
  make.any(ovn, 'EgressIP', { name, ...metadata }, { spec: { egressIPs: [ip] } });
const firewall = make.any(ovn, 'EgressFirewall', { namespace: 'shop', name: 'default' }, { spec: { egress: [] } });
const late = egressIP('late', '192.168.7.103');
const why =
  'has no effect under OpenShift SDN: no plan made it, and the backup has nothing for it; `sdn-compat migrate back --out` translates it';

const named = (live: readonly KubeObject[], planned: readonly KubeObject[] = []): readonly string[] =>
  unexpressed(
    planWith(
      planned.map((one) => applying(one)),
      [],
    ),
    liveFrom(live),
    new Set(),
  );

it('names each EgressIP and EgressFirewall that no plan made, sorted, and what becomes of it', () => {
  expect(named([late, firewall, egressIP('early', '192.168.7.104')])).toEqual([
    `EgressFirewall shop/default ${why}`,
    `EgressIP early ${why}`,
    `EgressIP late ${why}`,
  ]);
});

it('names no other kind, and none of another API group', () => {
  const others = [
    make.netNamespace('shop', 10, { egressIPs: ['192.168.7.103'] }),
    make.any('example.com/v1', 'EgressIP', { name: 'late' }, {}),
    make.any(ovn, 'Other', { name: 'late' }, {}),
  ];
  expect(named(others)).toEqual([]);
});

it('does not name what is named already', () => {
  const told = new Set([refKey(objectRef(late))]);
  expect(unexpressed(planWith([], []), liveFrom([late, firewall]), told)).toEqual([
    `EgressFirewall shop/default ${why}`,
  ]);
});

it('does not name what a plan of ours wrote, be it another one', () => {
  const marked = (id: string): KubeObject =>
    egressIP(`by-${id}`, '192.168.7.103', { managedFields: [{ manager: managerOf({ id }) }] });
  expect(named([marked('mine'), marked('another')])).toEqual([]);
  expect(named([egressIP('by-an-admin', '192.168.7.103', { managedFields: [{ manager: 'kubectl' }] })])).toHaveLength(
    1,
  );
});

it('does not name what says all that the plan says, whoever wrote it', () => {
  const more = make.any(
    ovn,
    'EgressIP',
    { name: 'late' },
    { spec: { egressIPs: ['192.168.7.103'], podSelector: {} }, status: { items: [] } },
  );
  expect(named([late, more], [late])).toEqual([]);
});

it('names what says something else than the plan', () => {
  expect(named([egressIP('late', '192.168.7.104')], [late])).toEqual([`EgressIP late ${why}`]);
});

it('names what the plan only deletes', () => {
  expect(unexpressed(planWith([deletingAt('finalize', late)], []), liveFrom([late]), new Set())).toHaveLength(1);
});

it('names nothing on the way back of a plan that leads to OpenShift SDN itself', () => {
  expect(unexpressed(planWith([], [], 'sdn'), liveFrom([late, firewall]), new Set())).toEqual([]);
});
