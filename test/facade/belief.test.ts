/** Whether a placement is believed shows also where OVN-Kubernetes has one node alone to choose. */
import { egressIPs, nodes } from '../../api/kinds.ts';
import { believesStatus } from '../../src/facade/belief.ts';
import { probeName } from '../../src/facade/plan/marks.ts';
import type { Build } from '../../src/lab/ovn/builds.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { until, World } from './running.ts';

const label = { metadata: { labels: { 'k8s.ovn.org/egress-assignable': '' } } };

let world: World;
afterEach(() => world.down());

/** A cluster whose nodes may all host egress IPs. */
async function up(build: Build, count: number): Promise<void> {
  world = await World.up(build, count);
  for (let index = 0; index < count; index += 1)
    await world.client.patch(nodes, { name: `node${index}` }, label, { type: 'merge' });
}

const ask = (index: number): ReturnType<typeof believesStatus> =>
  believesStatus(
    { client: world.client, patience: 1_500 },
    { egressIP: `192.168.7.${200 + index}`, node: `node${index}` },
    new AbortController().signal,
  );

test.each([
  ['A', true],
  ['B', true],
  ['C', false],
  ['D', false],
] as const)('build %s: %s', async (build, believes) => {
  await up(build, 1);
  expect(await ask(0)).toBe(believes);
});

describe('beside another who asks', () => {
  beforeEach(() => up('B', 2));

  const uidOfProbe = (): Promise<string> =>
    until('the probe', async () => (await world.client.get(egressIPs, { name: probeName }))?.metadata.uid);
  const takeAway = (): Promise<unknown> => world.client.delete(egressIPs, { name: probeName });

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
  });

  test('a probe that was left behind is removed', async () => {
    const spec = { egressIPs: ['192.168.7.209'], namespaceSelector: { matchLabels: { [probeName]: 'nothing' } } };
    const left: KubeObject & { readonly spec: object } = { metadata: { name: probeName }, spec };
    await world.client.create<KubeObject>(egressIPs, left);
    expect(await ask(0)).toBe(true);
  });
});
