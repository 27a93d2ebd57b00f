import fc from 'fast-check';
import { type EgressState, egressState, vnidState } from '../../../src/model/egress/state.ts';
import { type EgressChange, EgressTracker } from '../../../src/model/egress/tracker.ts';
import { rounds } from '../../rounds.ts';
import { hostSubnet, netNamespace, vnid } from '../parsed.ts';
import { applyTo, operation, shuffledInput, Store } from './operations.ts';

const list = (state: EgressState) => ({
  assigned: [...state.assigned],
  vnids: [...state.vnids],
  requests: [...state.requests],
});

/** What a change should have said, from the states before and after. */
function expected(before: EgressState, after: EgressState): EgressChange {
  const vnids = new Map([...before.vnids.keys(), ...after.vnids.keys()].map((key) => [key, vnidState(after, key)]));
  for (const key of vnids.keys()) {
    const same =
      JSON.stringify([before.vnids.get(key), before.requests.get(key)]) ===
      JSON.stringify([after.vnids.get(key), after.requests.get(key)]);
    if (same) vnids.delete(key);
  }
  const assigned = new Map(
    [...before.assigned.keys(), ...after.assigned.keys()].map((key) => [key, after.assigned.get(key)]),
  );
  for (const key of assigned.keys())
    if (JSON.stringify(before.assigned.get(key)) === JSON.stringify(after.assigned.get(key))) assigned.delete(key);
  return { vnids, assigned };
}

test('after every operation the tracker equals the function of the whole, through restarts and shuffles', () => {
  const step = fc.record({ operation, restart: fc.integer({ min: 0, max: 9 }), seed: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), (steps) => {
      const store = new Store();
      let tracker = new EgressTracker();
      let before = egressState(store.input());
      for (const one of steps) {
        if (one.restart === 0) tracker = EgressTracker.of(shuffledInput(store.input(), one.seed));
        store.apply(one.operation);
        const change = applyTo(tracker, one.operation);
        const after = egressState(shuffledInput(store.input(), one.seed));
        expect(list(tracker.state())).toEqual(list(after));
        expect(change).toEqual(expected(before, after));
        before = after;
      }
      expect(list(egressState(tracker.input()))).toEqual(list(before));
    }),
    { numRuns: rounds(2000) },
  );
});

test('a change that changes nothing says so', () => {
  const tracker = EgressTracker.of({
    hostSubnets: [hostSubnet('a', { egressIPs: ['10.0.0.1'] })],
    netNamespaces: [netNamespace('n', 42, ['10.0.0.1'])],
    offline: new Set(),
  });
  const nothing = { vnids: new Map(), assigned: new Map() };
  expect(tracker.setHostSubnet(hostSubnet('a', { egressIPs: ['10.0.0.1'] }))).toEqual(nothing);
  expect(tracker.setNetNamespace(netNamespace('n', 42, ['10.0.0.1']))).toEqual(nothing);
  expect(tracker.vnid(vnid(42)).kind).toBe('via');
});
