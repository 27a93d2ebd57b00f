import { liveOf } from '../../../../../src/migrate/live.ts';
import { plannedKinds } from '../../../../../src/migrate/targets.ts';
import { leavesWith } from '../../../../../src/migrate/targets/ovn/live/leaves-with.ts';
import type { Change } from '../../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../../../snapshots.ts';
import { byName, egressIP, first, second } from '../cluster-of.ts';

const apply = (object: KubeObject): Change => ({ action: 'apply', step: 'egress-ips', object, from: [] });
const there = [
  make.namespace('shop'),
  make.namespace('zoo'),
  egressIP('e', [first, second], byName('shop', 'zoo'), { [first]: 'n1' }),
  egressIP('theirs', [second], byName('zoo'), { [second]: 'n2' }),
];
const seen = (changes: readonly Change[]) =>
  Object.fromEntries(leavesWith(changes, liveOf(snapshotOf(there), plannedKinds)));

it('gives each namespace that an EgressIP of the plan selects the addresses that are assigned', () => {
  expect(seen([apply(egressIP('e', []))])).toEqual({ shop: [first], zoo: [first] });
});

it('gives nothing to what is no namespace, though a selector of everything would select it', () => {
  const all = egressIP('all', [first], {}, { [first]: 'n1' });
  const live = liveOf(snapshotOf([make.namespace('shop'), make.node('n1', '192.168.7.11'), all]), plannedKinds);
  expect(Object.fromEntries(leavesWith([apply(all)], live))).toEqual({ shop: [first] });
});

it('passes over what is not there, what is no EgressIP, and what the plan only deletes', () => {
  expect(seen([apply(egressIP('gone', [])), apply(make.namespace('shop'))])).toEqual({});
  const object = { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', name: 'e' };
  expect(seen([{ action: 'delete', step: 'finalize', object, from: [] }])).toEqual({});
});
