/** What a big cluster costs by its numbers alone. */
import { big, loadOf, probing, watchesOf } from '../../bench/scale-sums.ts';

test('an agent of a big cluster sends at most 50 probes a second, at no longer than the interval, and watches few others', () => {
  const agents = probing(big, 40);
  for (const { used, spare, spacing, perSecond } of agents) {
    expect(used).toBeLessThanOrEqual(40);
    expect(spare).toBeLessThanOrEqual(6);
    expect(spacing).toBeLessThanOrEqual(1_000);
    expect(perSecond).toBeLessThanOrEqual(50);
  }
});

test.each([
  ['half of the egress nodes in use', { ...big, pods: 1_250_000 }],
  ['all of them', { ...big, pods: 20_000_000, nodes: 1_500 }],
])('whatever the cluster, as with %s', (_what, size) => {
  for (const { used, spacing, perSecond } of probing(size, 10)) {
    expect(used).toBeGreaterThan(300);
    expect(perSecond).toBeLessThanOrEqual(50);
    expect(spacing).toBe((used * 1_000) / 40);
  }
});

test('where one namespace is in use, its nodes are probed four times a second', () => {
  for (const { used, spacing } of probing({ ...big, pods: big.nodes }, 20)) {
    expect(used).toBeLessThanOrEqual(2);
    expect(spacing).toBe(250);
  }
});

test('pods of all nodes are most of what an agent reads, and of what the API server sends', () => {
  const bytes = { hostSubnet: 600, netNamespace: 500, node: 10_000, pod: 5_000 };
  const [all, own] = [true, false].map((allPods) => loadOf(big, bytes, { allPods, churn: 10, failed: 100 }));
  expect(all!.start - own!.start).toBe((big.pods - big.pods / big.nodes) * 5_000);
  expect(own!.start).toBe(5_000 * 10_600 + 10_000 * 500 + 20 * 5_000);
  expect(all!.failure).toBe(own!.failure);
  expect(own!.failure).toBe(5_000 * ((20 + 400) * 600 + 100 * 10_000));
  expect(watchesOf).toEqual({ other: 5, networkpolicy: 8 });
});
