/** Parts of states of the page, for tests. */
import type { NodeStatus } from '../../src/model/cluster/node-status.ts';
import type { StatusRow } from '../../src/model/cluster/summary.ts';
import type { PageFrame } from '../../src/page/state.ts';

export const frame = (changes: Partial<PageFrame> = {}): PageFrame => ({
  ...{ source: 'test', isLive: true, version: '1', stale: null, moves: [] },
  ...{ notes: [], controllers: null, unread: [], wrong: [], unknown: [] },
  ...changes,
});

export const row = (changes: Partial<StatusRow> = {}): StatusRow => ({
  ...{ egressIP: '192.0.2.1', namespaces: ['shop'], vnid: 10, traffic: 'via', node: 'a', reason: null, inUse: true },
  ...changes,
});

export const node = (name: string, changes: Partial<NodeStatus> = {}): NodeStatus => ({
  ...{ node: name, nodeIP: '10.0.0.1', health: 'online', reason: null, egressIPs: [], listed: 0, capacity: null },
  ...{ cidrs: [], agent: { state: 'applied', reason: null, version: null, since: null } },
  ...changes,
});
