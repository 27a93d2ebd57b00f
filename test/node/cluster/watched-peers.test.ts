/** Which nodes a node probes: those that its pods leave by, its part of the others, and a few if these are few. */
import { dutyOf, watchedPeers } from '../../../src/node/cluster/watched-peers.ts';
import type { RemoteNode } from '../../../src/node/values/facts.ts';
import { cidr, ip } from '../states.ts';

const all = [...Array(60).keys()].map((index): RemoteNode => ({
  name: `n${index}`,
  nodeIP: ip(`192.168.7.${index + 1}`),
  subnet: cidr(`10.254.${index}.0/24`),
}));
const around = (own: string, hosts = 20) => ({
  own,
  remotes: all.filter(({ name }) => name !== own),
  hosts: all.slice(0, hosts).filter(({ name }) => name !== own),
});
const names = (nodes: readonly RemoteNode[]): string[] => nodes.map(({ name }) => name);

test('nodes that pods here leave by are probed, whatever this node has to watch besides', () => {
  const { used, spare, witnesses } = watchedPeers(around('n50'), new Set(['n3', 'n7', 'n50', 'n59']));
  expect(names(used)).toEqual(['n3', 'n7']);
  const duty = names(dutyOf(around('n50')));
  expect(names(spare)).toEqual(duty.filter((name) => !['n3', 'n7'].includes(name)));
  expect(used.length + spare.length + witnesses.length).toBeGreaterThanOrEqual(4);
  expect(names(witnesses).filter((name) => ['n3', 'n7', 'n50', ...duty].includes(name))).toEqual([]);
});

test('every node that hosts egress IPs is watched by three others though nobody uses any', () => {
  const watching = all.flatMap(({ name }) => names(watchedPeers(around(name), new Set()).spare));
  for (const { name } of all.slice(0, 20)) expect(watching.filter((one) => one === name)).toHaveLength(3);
});

test('nobody is probed where nothing is to be watched', () => {
  expect(watchedPeers(around('n50', 0), new Set())).toEqual({ used: [], spare: [], witnesses: [] });
});
