import { DropCounts } from '../../../src/node/agent/drop-counts.ts';
import { createNodeMetrics } from '../../../src/node/agent/metrics.ts';
import { flowEntry, type ReportedFlow } from '../../../src/node/ovs/openflow/entries.ts';
import { vnid } from '../states.ts';

const dropping = (packets: number, reg0: string): ReportedFlow => ({
  ...flowEntry({ table: 101, priority: 100, match: { reg0 }, actions: [] }),
  packets,
});

function counts() {
  const state = { flows: [] as readonly ReportedFlow[], now: 0, looks: 0 };
  const drops = new DropCounts({
    bridge: {
      counters: () => {
        state.looks += 1;
        return state.flows.length === 0 ? Promise.reject(new Error('no answer')) : Promise.resolve(state.flows);
      },
    },
    vnids: () =>
      new Map([
        ['shop', vnid(11)],
        ['bank', vnid(11)],
        ['crm', vnid(12)],
      ]),
    clock: () => state.now,
  });
  return { state, drops };
}

test('packets are told by the namespaces of the VNID, at most every ten seconds', async () => {
  const { state, drops } = counts();
  state.flows = [dropping(3, '0xb'), dropping(4, '0xc'), dropping(5, '0xd')];
  expect(await drops.since()).toEqual([
    { namespace: 'bank,shop', reason: 'EgressIPNotInUse', packets: 3 },
    { namespace: 'crm', reason: 'EgressIPNotInUse', packets: 4 },
    { namespace: '', reason: 'EgressIPNotInUse', packets: 5 },
  ]);
  state.flows = [dropping(13, '0xb')];
  state.now = 9_999;
  expect(await drops.since()).toEqual([]);
  expect(state.looks).toBe(1);
  state.now = 10_000;
  expect(await drops.since()).toMatchObject([{ packets: 10 }]);
});

test('where Open vSwitch does not answer the metrics are served, and nothing is lost', async () => {
  const { state, drops } = counts();
  const metrics = createNodeMetrics();
  metrics.followDrops(() => drops.since());
  expect(await metrics.registry.metrics()).not.toContain('sdn_compat_agent_dropped_packets_total{');
  state.flows = [dropping(3, '0xc')];
  state.now = 20_000;
  const text = await metrics.registry.metrics();
  expect(text).toContain('sdn_compat_agent_dropped_packets_total{namespace="crm",reason="EgressIPNotInUse"} 3');
});
