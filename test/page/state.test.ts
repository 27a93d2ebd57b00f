import { changeBetween } from '../../src/page/change.ts';
import { changedState, type PageFrame, type PageState, rowKey } from '../../src/page/state.ts';
import { generator } from '../random.ts';
import { rounds } from '../rounds.ts';
import { frame, node, row } from './states.ts';

/** A random state of up to nine rows and five nodes, with few values, so that two have much in common. */
function randomState(limit: (below: number) => number): PageState {
  const some = <T>(all: readonly T[]): readonly T[] => all.filter(() => limit(3) > 0);
  const ips = some(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
  const vnids = some([10, 11, null]);
  return {
    frame: frame({ stale: limit(4) === 0 ? 'away' : null }),
    rows: ips.flatMap((egressIP) =>
      vnids.map((vnid) => row({ egressIP, vnid, node: limit(2) === 0 ? 'a' : 'b', inUse: limit(2) === 0 })),
    ),
    nodes: some(['a', 'b', 'c', 'd', 'e']).map((name) => node(name, { health: limit(2) === 0 ? 'online' : 'offline' })),
  };
}

const ordered = ({ frame: one, rows, nodes }: PageState): PageState => ({
  frame: one,
  rows: [...rows].sort((a, b) => (rowKey(a) < rowKey(b) ? -1 : 1)),
  nodes: [...nodes].sort((a, b) => (a.node < b.node ? -1 : 1)),
});

test('a state and what changed give the next state, and nothing is sent when nothing changed', () => {
  const limit = generator(19);
  for (let round = 0; round < rounds(20_000); round++) {
    const [before, after] = [randomState(limit), randomState(limit)];
    const change = changeBetween(before, after);
    const then = change === undefined ? before : changedState(before, change);
    expect(ordered(then)).toEqual(ordered(after));
    expect(changeBetween(after, after)).toBeUndefined();
  }
});

test('only what differs is sent', () => {
  const before = { frame: frame(), rows: [row({ vnid: 1 }), row({ vnid: 2 })], nodes: [node('a'), node('b')] };
  const after = { ...before, rows: [row({ vnid: 1 }), row({ vnid: 2, inUse: false })], nodes: [node('a')] };
  expect(changeBetween(before, after)).toEqual({
    frame: before.frame,
    rows: { set: [row({ vnid: 2, inUse: false })], gone: [] },
    nodes: { set: [], gone: ['b'] },
  });
  const other: PageFrame = frame({ stale: 'away' });
  expect(changeBetween(before, { ...before, frame: other })).toEqual({
    frame: other,
    rows: { set: [], gone: [] },
    nodes: { set: [], gone: [] },
  });
});
