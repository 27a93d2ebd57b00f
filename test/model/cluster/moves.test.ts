import { movesBetween } from '../../../src/model/cluster/moves.ts';
import type { StatusRow } from '../../../src/model/cluster/summary.ts';
import { node, row } from '../../page/states.ts';

const well = [node('a'), node('b')];
const down = [node('a', { health: 'offline' }), node('b')];
const dropped: Partial<StatusRow> = { inUse: false, reason: 'NodeOffline: a is offline' };
const state = (rows: readonly StatusRow[], nodes = well) => ({ egressIPs: rows, nodes });

test.each([
  [
    'it goes by the admin or the controller',
    state([row()]),
    state([row({ node: 'b' })]),
    'a',
    'b',
    'HostSubnet b lists it, a no longer',
  ],
  ['its node fails', state([row()]), state([row(dropped)], down), 'a', null, 'a went offline'],
  [
    'its node fails, and another takes it',
    state([row()]),
    state([row({ node: 'b' })], down),
    'a',
    'b',
    'a went offline',
  ],
  [
    'it is taken later',
    state([row(dropped)], down),
    state([row({ node: 'b' })], down),
    null,
    'b',
    'HostSubnet b lists it now',
  ],
  ['its node comes back', state([row(dropped)], down), state([row()]), null, 'a', 'a is online again'],
  [
    'its agent puts it on the node',
    state([row({ inUse: false })]),
    state([row()]),
    null,
    'a',
    'HostSubnet a lists it, and its agent carries it now',
  ],
  [
    'the node is deleted',
    state([row()]),
    state([row({ node: 'b' })], [node('b')]),
    'a',
    'b',
    'there is no HostSubnet a any more',
  ],
  ['somebody requests it', state([row({ namespaces: [] })]), state([row()]), null, 'a', 'shop requests it now'],
  [
    'nobody requests it any more',
    state([row()]),
    state([row({ namespaces: [] })]),
    'a',
    null,
    'nobody requests it any more',
  ],
  [
    'a conflict',
    state([row()]),
    state([row({ inUse: false, reason: 'EgressIPOnSeveralNodes: twice' })]),
    'a',
    null,
    'EgressIPOnSeveralNodes: twice',
  ],
] as const)('%s', (_, before, after, from, to, cause) => {
  expect(movesBetween(before, after, 'now')).toEqual([
    { at: 'now', egressIP: '192.0.2.1', namespaces: ['shop'], from, to, cause },
  ]);
});

test('nothing moves when it stays, when it becomes unknown, or when a second request for it cannot have it', () => {
  expect(movesBetween(state([row()]), state([row({ inUse: null })]), 'now')).toEqual([]);
  const second = row({ vnid: 11, namespaces: ['copy'], inUse: false, node: null });
  expect(movesBetween(state([row()]), state([second, row()]), 'now')).toEqual([]);
});
