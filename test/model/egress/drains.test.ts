/** Which egress IPs drain, step by step, and what holds for any history. */
import fc from 'fast-check';
import { type Drainable, type DrainState, nextDrains, noDrains } from '../../../src/model/egress/drains.ts';
import { EgressTracker } from '../../../src/model/egress/tracker.ts';
import type { Assignment } from '../../../src/model/egress/verdict.ts';
import { isNodeName } from '../../../src/model/values/names.ts';
import { parseDrains, storedDrains } from '../../../src/node/cluster/drains.ts';
import { hostSubnet, netNamespace, vnid } from '../../node/states.ts';
import { ip } from '../parsed.ts';

const minute = 60_000;

function at(index: number): Assignment {
  const node = `worker${index}`;
  if (!isNodeName(node)) throw new Error('no name');
  return { node, nodeIP: ip(`192.168.7.${11 + index}`) };
}

const x = ip('192.168.7.200');
const one = (where: number | undefined, netid = 77, drain = 10 * minute): Drainable => ({
  ...{ vnid: vnid(netid), egressIP: x, drain },
  at: where === undefined ? undefined : at(where),
});

interface Step {
  readonly what: readonly Drainable[];
  readonly now?: number;
  readonly gone?: number;
}

/** The states after each step. */
function follow(...steps: readonly Step[]): readonly DrainState[] {
  const states: DrainState[] = [];
  for (const { what, now = 0, gone } of steps)
    states.push(nextDrains(states.at(-1) ?? noDrains, what, { isThere: ({ node }) => node !== `worker${gone}`, now }));
  return states;
}

/** From which worker the egress IP drains after each step; undefined if it does not. */
const froms = (...steps: readonly Step[]): readonly (string | undefined)[] =>
  follow(...steps).map(({ drains }) => drains.get(x)?.from.node);

test('a move drains from the node before, whether or not it was on none in between', () => {
  expect(froms({ what: [one(0)] }, { what: [one(1)] })).toEqual([undefined, 'worker0']);
  expect(froms({ what: [one(0)] }, { what: [one(undefined)] }, { what: [one(1)] })).toEqual([
    ...[undefined, 'worker0', 'worker0'],
  ]);
});

test('it ends when its time is over, and does not begin again', () => {
  const over = { what: [one(1)], now: 10 * minute };
  expect(froms({ what: [one(0)] }, { what: [one(1)] }, { ...over, now: over.now - 1 }, over, over)).toEqual([
    ...[undefined, 'worker0', 'worker0', undefined, undefined],
  ]);
  const nowhere = { what: [one(undefined)], now: 10 * minute };
  expect(froms({ what: [one(0)] }, { what: [one(undefined)] }, nowhere, { ...over, now: 11 * minute })).toEqual([
    ...[undefined, 'worker0', undefined, undefined],
  ]);
});

test('a time that changes counts from the beginning', () => {
  expect(froms({ what: [one(0)] }, { what: [one(1)] }, { what: [one(1, 77, minute)], now: minute })).toEqual([
    ...[undefined, 'worker0', undefined],
  ]);
});

test('it ends when nobody, or another VNID, has it', () => {
  expect(froms({ what: [one(0)] }, { what: [one(1)] }, { what: [] }, { what: [one(1)] })).toEqual([
    ...[undefined, 'worker0', undefined, undefined],
  ]);
  expect(froms({ what: [one(0)] }, { what: [one(1)] }, { what: [one(1, 78)] })).toEqual([
    ...[undefined, 'worker0', undefined],
  ]);
});

test('nothing drains from a node that is offline or gone', () => {
  expect(froms({ what: [one(0)] }, { what: [one(1)], gone: 0 }, { what: [one(1)] })).toEqual([
    ...[undefined, undefined, undefined],
  ]);
  expect(froms({ what: [one(0)] }, { what: [one(1)] }, { what: [one(1)], gone: 0 }, { what: [one(1)] })).toEqual([
    ...[undefined, 'worker0', undefined, undefined],
  ]);
});

test('a second move drains from the second node, and back again too, with the other half of the ports', () => {
  const states = follow({ what: [one(0)] }, { what: [one(1)] }, { what: [one(2)] }, { what: [one(1)] });
  expect(states.map(({ drains }) => drains.get(x)?.from.node)).toEqual([undefined, 'worker0', 'worker1', 'worker2']);
  expect(states.map(({ drains }) => drains.get(x)?.ports)).toEqual([undefined, 'low', 'high', 'low']);
  expect(froms({ what: [one(0)] }, { what: [one(undefined)] }, { what: [one(0)] })).toEqual([
    ...[undefined, 'worker0', undefined],
  ]);
});

test('it lasts no longer when the clock is put back, whatever a file says', () => {
  const late = 1_000 * minute;
  expect(froms({ what: [one(0)], now: late }, { what: [one(1)], now: late }, { what: [one(1)], now: 0 })).toEqual([
    ...[undefined, 'worker0', 'worker0'],
  ]);
  const back = [{ what: [one(1)] }, { what: [one(1)], now: 10 * minute }];
  expect(froms({ what: [one(0)], now: late }, { what: [one(1)], now: late }, ...back).at(-1)).toBeUndefined();
  const [, begun] = follow({ what: [one(0)] }, { what: [one(1)] });
  const stored = JSON.stringify(storedDrains(begun!)).replace('"since":0', '"since":1e999');
  const read = nextDrains(parseDrains(JSON.parse(stored)), [one(1)], { isThere: () => true, now: minute });
  expect(read.drains.get(x)?.until).toBe(11 * minute);
});

test('it goes on while the new node is offline for a moment', () => {
  const drained = [{ what: [one(0)] }, { what: [one(1)] }];
  expect(froms(...drained, { what: [one(undefined)], gone: 1 }, { what: [one(1)] }).slice(1)).toEqual([
    ...['worker0', 'worker0', 'worker0'],
  ]);
  expect(froms(...drained, { what: [one(2)], gone: 1 }).at(-1)).toBe('worker0');
});

const step: fc.Arbitrary<Required<Step>> = fc.record({
  what: fc
    .array(
      fc.record({
        vnid: fc.constantFrom(vnid(77), vnid(78)),
        egressIP: fc.constantFrom(x, ip('192.168.7.201')),
        drain: fc.constantFrom(minute, 10 * minute),
        at: fc.option(fc.nat(2).map(at), { nil: undefined }),
      }),
      { maxLength: 2 },
    )
    .map((all) => all.filter((it, index) => all.findIndex(({ egressIP }) => egressIP === it.egressIP) === index)),
  now: fc.nat(30).map((minutes) => minutes * minute),
  gone: fc.integer({ min: -1, max: 2 }),
});

test('whatever happened: only what is asked for drains, elsewhere, from a node that is there, and not for too long', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const states = follow(...steps);
      for (const [index, state] of states.entries()) {
        const { what, now, gone } = steps[index]!;
        for (const [egressIP, drain] of state.drains) {
          const asked = what.find((it) => it.egressIP === egressIP);
          expect(asked?.vnid).toBe(drain.vnid);
          expect(asked?.at?.node).not.toBe(drain.from.node);
          expect(drain.from.node).not.toBe(`worker${gone}`);
          expect(drain.until).toBe(drain.since + asked!.drain);
          expect(drain.since <= now && now < drain.until).toBe(true);
        }
        const again = nextDrains(state, what, { isThere: ({ node }) => node !== `worker${gone}`, now });
        expect(again).toBe(state);
        expect(parseDrains(JSON.parse(JSON.stringify(storedDrains(state))))).toEqual(state);
      }
    }),
  );
});

test('a file that says something else says nothing', () => {
  const broken = { holders: [{ egressIP: 'x' }, 7], drains: [{ egressIP: '192.168.7.200', vnid: 'z' }] };
  for (const text of [undefined, 7, {}, broken]) expect(parseDrains(text)).toEqual(noDrains);
});

test('the tracker tells what may drain: what one VNID alone requests, if all of its namespaces say so', () => {
  const input = { hostSubnets: [hostSubnet(0, '192.168.7.200')], offline: new Set<never>() };
  const red = netNamespace(77, ['192.168.7.200', '192.168.7.201'], { drain: '10m' });
  const tracker = EgressTracker.of({ ...input, netNamespaces: [red] });
  expect(tracker.drainables()).toMatchObject([
    { egressIP: '192.168.7.200', drain: 10 * minute, at: { node: 'worker0' } },
    { egressIP: '192.168.7.201', at: undefined },
  ]);
  tracker.setNetNamespace(netNamespace(78, ['192.168.7.201']));
  expect(tracker.drainables().map(({ egressIP }) => egressIP)).toEqual(['192.168.7.200']);
  tracker.setNetNamespace(netNamespace(77, ['192.168.7.200'], { drain: 'soon' }));
  expect(tracker.drainables()).toEqual([]);
});
