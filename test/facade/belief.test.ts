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

describe('beside another who asks', () => {
  let cluster: StandInCluster;
  beforeEach(async () => {
    cluster = await StandInCluster.start({ build: 'B', nodes: 2 });
  });
  afterEach(() => cluster.stop());

  const ask = (index: number): ReturnType<typeof believesStatus> =>
    believesStatus(
      { client: cluster.client, patience: 1_500 },
      { egressIP: `192.168.7.${200 + index}`, node: `n${index}` },
      new AbortController().signal,
    );
  const uidOfProbe = (): Promise<string> =>
    until('the probe', async () => (await cluster.client.get(egressIPs, { name: probeName }))?.metadata.uid);
  const takeAway = (): Promise<unknown> => cluster.client.delete(egressIPs, { name: probeName });

  test('a probe that somebody takes away says nothing', async () => {
    const answer = ask(0);
    await uidOfProbe();
    await takeAway();
    expect(await answer).toBeUndefined();
  });

  test('nor does one that somebody makes in its place, which is left alone', async () => {
    const first = ask(0);
    const before = await uidOfProbe();
    await takeAway();
    const second = ask(1);
    expect(await uidOfProbe()).not.toBe(before);
    expect([await first, await second]).toEqual([undefined, true]);
  });

  test('one waits until the other has its answer', async () => {
    const first = ask(0);
    await uidOfProbe();
    expect(await Promise.all([first, ask(1)])).toEqual([true, true]);
  }, 30_000);

  test('a probe that was left behind is removed', async () => {
    await cluster.egressIP(probeName, ['192.168.7.209']);
    expect(await ask(0)).toBe(true);
  }, 30_000);
});
