import { createLogger } from '../../../src/io/log.ts';
import { createNodeMetrics } from '../../../src/node/agent/metrics.ts';
import { PeerHealth } from '../../../src/node/cluster/peer-health.ts';
import type { RemoteNode } from '../../../src/node/values/facts.ts';
import { logged } from '../../logged.ts';
import { cidr, ip } from '../states.ts';

const peer = (index: number): RemoteNode => ({
  name: `n${index}`,
  nodeIP: ip(`192.168.7.1${index}`),
  subnet: cidr(`10.254.${index}.0/24`),
});

async function until(look: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await look());) {
    if (Date.now() > end) throw new Error('not within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('the metrics tell the nodes that are watched now, each with its verdict, which goes along to another address', async () => {
  const metrics = createNodeMetrics();
  const verdicts: [string, boolean][] = [];
  const silent = new Set(['10.254.2.1']);
  const health = new PeerHealth({
    logger: createLogger({ level: 'silent', name: 'test' }),
    interval: 20,
    limit: 1_000,
    probe: (to, onAnswer) => {
      const timer = setTimeout(() => silent.has(to) || onAnswer(true), 1);
      return () => clearTimeout(timer);
    },
    setOffline: (nodeIP, isOffline) => verdicts.push([nodeIP, isOffline]),
  });
  metrics.followPeers(() => health.verdicts());
  const told = async (): Promise<string[]> =>
    (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('sdn_compat_agent_peer_online{'));
  const stop = new AbortController();
  const running = health.run(stop.signal);

  health.watch({ used: [peer(1), peer(2)], spare: [peer(3)], witnesses: [] });
  await until(async () => (await told()).includes('sdn_compat_agent_peer_online{node_ip="192.168.7.12"} 0'));
  expect(await told()).toEqual(
    [1, 2, 3].map((index) => `sdn_compat_agent_peer_online{node_ip="192.168.7.1${index}"} ${index === 2 ? 0 : 1}`),
  );
  health.watch({ used: [peer(1), { ...peer(2), nodeIP: ip('192.168.7.19') }], spare: [peer(3)], witnesses: [] });
  expect(await told()).toContain('sdn_compat_agent_peer_online{node_ip="192.168.7.19"} 0');
  health.watch({ used: [peer(2)], spare: [], witnesses: [peer(1), peer(3)] });
  await until(async () => (await told()).includes('sdn_compat_agent_peer_online{node_ip="192.168.7.12"} 0')); // others answer, so it is that node
  expect(await told()).toHaveLength(1);
  health.watch({ used: [peer(1)], spare: [], witnesses: [] });
  expect(await told()).toEqual(['sdn_compat_agent_peer_online{node_ip="192.168.7.11"} 1']);
  expect(verdicts).toEqual([
    ['192.168.7.12', true],
    ['192.168.7.12', false],
    ['192.168.7.19', true],
    ['192.168.7.19', false],
    ['192.168.7.12', true],
    ['192.168.7.12', false],
  ]);
  stop.abort();
  await running;
});

test('more nodes in use than can be probed each interval are told once, in the log and in the metrics', async () => {
  const metrics = createNodeMetrics();
  const { logger, lines } = logged();
  const health = new PeerHealth({
    logger,
    interval: 1_000,
    limit: 10,
    probe: () => () => undefined,
    setOffline: () => undefined,
  });
  metrics.followProbes(() => health.probing);
  const spacing = async (): Promise<string | undefined> =>
    /^sdn_compat_agent_probe_spacing_seconds (.*)$/mu.exec(await metrics.registry.metrics())?.[1];
  const use = (count: number): void =>
    health.watch({ used: [...Array(count).keys()].map(peer), spare: [], witnesses: [] });
  use(8);
  expect([await spacing(), lines]).toEqual(['1', []]);
  use(9);
  use(10);
  const slow = 'more nodes are in use than can be probed each interval: each is probed less often';
  expect([await spacing(), lines]).toEqual(['1.25', [slow]]);
  use(2);
  expect([await spacing(), lines]).toEqual(['0.25', [slow, 'every node in use is probed each interval']]);
});
