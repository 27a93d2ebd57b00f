import { assignmentRound } from '../../../src/model/assignment/round.ts';
import { clusterOf } from '../../../src/model/cluster/cluster.ts';
import { notesOn } from '../../../src/model/cluster/notes.ts';
import { egressState } from '../../../src/model/egress/state.ts';
import { EgressTracker } from '../../../src/model/egress/tracker.ts';
import { rawHostSubnet, rawNetNamespace } from '../parsed.ts';

const count = 150_000;
const list = Array.from({ length: count }, (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);

test('lists of 150,000 entries are worked on in seconds, and nothing throws', () => {
  const raw = {
    hostSubnets: [
      rawHostSubnet('a', { egressIPs: list }),
      rawHostSubnet('b', { hostIP: '192.168.7.12', subnet: '10.128.2.0/23', egressCIDRs: ['10.0.0.0/8'] }),
    ],
    netNamespaces: [
      rawNetNamespace('one', 42, [...list, '11.0.0.1']),
      rawNetNamespace(
        'bad',
        43,
        list.map((text) => `${text}x`),
      ),
    ],
    nodes: [],
  };
  const cluster = clusterOf(raw, new Set());
  const state = egressState(cluster);
  expect(state.assigned.size).toBe(0);
  const tracker = EgressTracker.of(cluster);
  const [a] = cluster.hostSubnets;
  if (a === undefined) throw new Error('a is valid');
  expect(tracker.setHostSubnet({ ...a, egressIPs: [...a.egressIPs] }).vnids.size).toBe(0);
  const change = tracker.setHostSubnet({ ...a, egressIPs: a.egressIPs.slice(0, 1) });
  expect([...change.vnids.keys()]).toEqual([42]);
  expect([...change.assigned.keys()]).toEqual([list[0]]);
  const notes = notesOn(cluster, state);
  expect(notes.filter(({ code }) => code === 'InvalidEgressIP')).toHaveLength(count);
  expect(notes.find(({ code }) => code === 'SeveralEgressIPsOnOneNode')?.message).toMatch(
    /10\.0\.0\.9 and 149990 more$/,
  );
  expect(assignmentRound(cluster).plan().size).toBe(0);
});
