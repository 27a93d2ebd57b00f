/** Whether a placement is believed shows also where OVN-Kubernetes has one node alone to choose. */
import { egressIPs } from '../../api/kinds.ts';
import { believesStatus } from '../../src/facade/belief.ts';
import { probeName } from '../../src/facade/plan/marks.ts';
import { until } from '../controllers/started.ts';
import { StandInCluster } from '../ovn/stand-in.ts';

test.each([
  ['A', true],
  ['B', true],
  ['C', false],
  ['D', false],
] as const)('build %s: %s', async (build, believes) => {
  const cluster = await StandInCluster.start({ build, nodes: 1 });
  try {
    const { client } = cluster;
    const wanted = { egressIP: '192.168.7.200', node: 'n0' };
    const { signal } = new AbortController();
    expect(await believesStatus({ client, patience: 1_000 }, wanted, signal)).toBe(believes);
  } finally {
    await cluster.stop();
  }
});

test('a probe that somebody takes away says nothing', async () => {
  const cluster = await StandInCluster.start({ build: 'B', nodes: 1 });
  try {
    const { client } = cluster;
    const { signal } = new AbortController();
    const answer = believesStatus({ client, patience: 2_000 }, { egressIP: '192.168.7.200', node: 'n0' }, signal);
    await until('the probe', () => client.get(egressIPs, { name: probeName }));
    await client.delete(egressIPs, { name: probeName });
    expect(await answer).toBeUndefined();
  } finally {
    await cluster.stop();
  }
});
