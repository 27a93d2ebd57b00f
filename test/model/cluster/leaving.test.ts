/** How a namespace should leave by its status, and what a pod's result means. */
import { judge, type Leaving, leavingOf, type Sight } from '../../../src/model/cluster/leaving.ts';
import type { Status, StatusRow } from '../../../src/model/cluster/summary.ts';

const row = (egressIP: string, more: Partial<StatusRow>): StatusRow => ({
  ...{ egressIP, namespaces: ['red'], vnid: 10, traffic: 'via', node: 'node1', reason: null, inUse: true },
  ...more,
});
const status = (rows: readonly StatusRow[], ...unread: readonly string[]): Status => ({
  egressIPs: rows,
  notes: [],
  nodes: [],
  areAgentsSilent: false,
  controllers: null,
  unread,
});

test.each<readonly [string, Status, Leaving]>([
  ['requests nothing', status([row('1', { namespaces: ['blue'] })]), { kind: 'node' }],
  [
    'has two of three egress IPs, of which one may be in use',
    status([row('1', {}), row('2', { inUse: null, reason: 'x' }), row('3', { inUse: false, reason: 'y' })]),
    { kind: 'egressIP', addresses: ['1', '2'] },
  ],
  ['is dropped', status([row('1', { traffic: 'dropped', reason: 'why' })]), { kind: 'dropped', reason: 'why' }],
  ['is not known', status([row('1', { traffic: 'unknown', reason: 'why' })]), { kind: 'unknown', reason: 'why' }],
  ['was not read', status([], 'NetNamespace'), { kind: 'unknown', reason: 'NetNamespaces could not be read' }],
])('a namespace that %s', (_what, seen, leaving) => {
  expect(leavingOf(seen, 'red')).toEqual(leaving);
});

const egressIP: Leaving = { kind: 'egressIP', addresses: ['1', '2'] };
const dropped: Leaving = { kind: 'dropped', reason: 'why' };
const node: Leaving = { kind: 'node' };
const came = (address: string): Sight => ({ address, node: 'n' });
const silent: Sight = { problem: 'no answer', isSilent: true };
const failed: Sight = { problem: 'no image' };

test.each<readonly [Leaving, Sight, string, string | null]>([
  [egressIP, came('2'), 'well', null],
  [egressIP, came('9'), 'wrong', 'it left with 9'],
  [egressIP, silent, 'wrong', 'no answer'],
  [egressIP, failed, 'unknown', 'no image'],
  [node, came('5'), 'well', null],
  [node, came('6'), 'wrong', 'it left with 6; its node has 5'],
  [dropped, silent, 'well', null],
  [dropped, failed, 'unknown', 'no image'],
  [dropped, came('5'), 'wrong', 'it left with 5, but should be dropped: why'],
  [{ kind: 'unknown', reason: 'why' }, came('5'), 'unknown', 'it is not known how it should leave: why'],
])('%j and %j is %s', (leaving, seen, state, problem) => {
  expect(judge(leaving, seen, '5')).toMatchObject({ state, problem });
});

test('without the address of its node nobody can tell', () => {
  expect(judge(node, came('5'), undefined).state).toBe('unknown');
});
