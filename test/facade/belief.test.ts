/** Whether a placement is believed shows also where OVN-Kubernetes has one node alone to choose. */
import { believesStatus } from '../../src/facade/belief.ts';
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
