/** Which flows go through a meter: those of all that leaves by a limited egress IP of the node, and no other. */
import fc from 'fast-check';
import { markOf } from '../../../src/model/values/mark.ts';
import type { Flow } from '../../../src/node/ovs/flow.ts';
import { table } from '../../../src/node/ovs/pipeline.ts';
import { meterFor, meterOf } from '../../../src/node/plan/meters.ts';
import { planNode } from '../../../src/node/plan/node.ts';
import { markMac } from '../../../src/node/plan/tun0.ts';
import { annotationsOf } from '../../model/egress/anyrules.ts';
import { nodeInput, type Scene, vnid } from '../states.ts';
import { actionsFor, type Packet } from './packets.ts';

const ips = ['192.168.7.200', '192.168.7.201', '192.168.7.202', '192.168.7.203'] as const;
const vnids = [0, 77, 78, 79] as const;

/** The VNID whose egress IP the flow leaves with from here; undefined: none. */
function leavesWith({ actions }: Flow): number | undefined {
  const values = actions.flatMap((one) => (one.kind === 'set' ? [`${one.field} ${one.value}`] : []));
  return vnids.find((netid) => {
    const mark = markOf(vnid(netid), 14);
    return values.includes(`pkt_mark 0x${mark.toString(16)}`) || values.includes(`eth_src ${markMac(mark)}`);
  });
}

const limits = fc.option(fc.constantFrom('1k', '10M', '1G', 'bogus'), { nil: undefined });
const anyScene: fc.Arbitrary<Scene> = fc
  .record({
    at: fc.array(fc.constantFrom(0, 1, undefined), { minLength: 4, maxLength: 4 }),
    limits: fc.array(limits, { minLength: 4, maxLength: 4 }),
    rules: fc.array(annotationsOf(ips), { minLength: 4, maxLength: 4 }),
    isRuled: fc.boolean(),
    pods: fc.constantFrom({}, { 2: 77 }, { 2: 77, 3: 78, 4: 0, 5: 79 }),
    datapath: fc.constantFrom('system', 'netdev'),
  })
  .map(({ at, limits: bandwidths, rules, isRuled, pods, datapath }): Scene => ({
    ...{ pods, datapath },
    requests: Object.fromEntries(vnids.map((netid, index) => [netid, [ips[index]!]])),
    hosts: Object.fromEntries([0, 1].map((node) => [node, ips.filter((_, index) => at[index] === node)])),
    rules: Object.fromEntries(
      vnids.map((netid, index) => [
        netid,
        {
          ...(isRuled ? rules[index] : {}),
          ...(bandwidths[index] === undefined ? {} : { bandwidth: bandwidths[index] }),
        },
      ]),
    ),
  }));

test('all that leaves by a limited egress IP of the node goes through its meter, and nothing else through any', () => {
  let metered = 0;
  fc.assert(
    fc.property(anyScene, fc.subarray([...vnids]), (scene, without) => {
      const input = nodeInput(scene);
      const unlimited = new Map(without.map((netid) => [vnid(netid), 'why']));
      const { flows, groups, meters } = planNode({ ...input, unlimited });
      for (const flow of flows) {
        const of = leavesWith(flow);
        const meter = of === undefined ? undefined : meters.get(vnid(of));
        const [first, ...more] = flow.actions;
        expect(more.some(({ kind }) => kind === 'meter')).toBe(false);
        expect(first?.kind === 'meter' ? first.id : undefined).toBe(meter?.id);
        if (meter !== undefined) metered += 1;
      }
      expect(groups.flatMap(({ buckets }) => buckets.flat()).filter(({ kind }) => kind === 'meter')).toEqual([]);
      const expected = vnids.filter((netid) => {
        const isHere = (scene.hosts![0] ?? []).includes(ips[vnids.indexOf(netid)]!);
        const text = scene.rules![netid]!['bandwidth'];
        return isHere && text !== undefined && text !== 'bogus' && !without.includes(netid);
      });
      expect([...meters.keys()]).toEqual(expected);
      // a plan with the meters changes what one without them left in place, and the other way round
      const free = planNode({ ...input, unlimited: new Map(vnids.map((netid) => [vnid(netid), 'why'])) });
      expect(free.flows.flatMap(({ actions }) => actions).filter(({ kind }) => kind === 'meter')).toEqual([]);
      expect(planNode({ ...input, unlimited }).flows).toEqual(flows);
    }),
    { numRuns: 300 },
  );
  expect(metered).toBeGreaterThan(100);
});

test('when Open vSwitch deletes the flows of the meters, what their VNIDs send is dropped, not handed on as of others', () => {
  let dropped = 0;
  fc.assert(
    fc.property(anyScene, (scene) => {
      const input = nodeInput(scene);
      const { flows, meters } = planNode(input);
      const left = flows.filter(({ actions }) => actions[0]?.kind !== 'meter');
      for (const { vnid: of, ip: source } of input.pods.filter((pod) => meters.has(pod.vnid))) {
        const packet: Packet = { proto: 'tcp', reg0: of, nw_src: source, nw_dst: '203.0.113.9', tp_dst: 80 };
        const first = actionsFor(flows, table.egressIP, packet);
        if (first?.[0]?.kind !== 'meter') continue; // finer rules decide in the next table
        expect(actionsFor(left, table.egressIP, packet)).toEqual([]);
        dropped += 1;
      }
    }),
    { numRuns: 300 },
  );
  expect(dropped).toBeGreaterThan(30);
});

test('a meter has the rate in kbit/s, rounded up, and a burst of a tenth of a second within what packets and switches need', () => {
  const of = (bandwidth: number): readonly number[] => {
    const { rate, burst } = meterFor(vnid(77), bandwidth);
    return [rate, burst];
  };
  expect([1_000, 10_500, 100e6, 1e12, 1e15].map(of)).toEqual([
    [1, 1_049],
    [11, 1_049],
    [100_000, 10_000],
    [1e9, 4e6],
    [2 ** 32 - 1, 4e6],
  ]);
  expect([0, 77, 0xffffff].map((netid) => meterOf(vnid(netid)))).toEqual([1, 78, 0x1000000]);
});
