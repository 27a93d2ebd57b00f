import fc from 'fast-check';
import { fingerprintOf } from '../../../src/model/egress/fingerprint.ts';
import { type EgressState, egressState, vnidState } from '../../../src/model/egress/state.ts';
import { type EgressChange, EgressTracker } from '../../../src/model/egress/tracker.ts';
import { rounds } from '../../rounds.ts';
import { cidr, hostSubnet, netNamespace, vnid } from '../parsed.ts';
import { applyTo, operation, printed, shuffledInput, Store } from './operations.ts';

const list = (state: EgressState) => ({
  assigned: [...state.assigned],
  vnids: [...state.vnids],
  requests: [...state.requests],
});

const whole = (state: EgressState): string => printed([list(state), [...state.egressIPs].sort()]);

/** What a change should have said, from the states before and after. */
function expected(before: EgressState, after: EgressState): EgressChange {
  const vnids = new Map([...before.vnids.keys(), ...after.vnids.keys()].map((key) => [key, vnidState(after, key)]));
  for (const key of vnids.keys()) {
    const same =
      printed([before.vnids.get(key), before.requests.get(key)]) ===
      printed([after.vnids.get(key), after.requests.get(key)]);
    if (same) vnids.delete(key);
  }
  const assigned = new Map(
    [...before.assigned.keys(), ...after.assigned.keys()].map((key) => [key, after.assigned.get(key)]),
  );
  for (const key of assigned.keys())
    if (printed(before.assigned.get(key)) === printed(after.assigned.get(key))) assigned.delete(key);
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
        const version = tracker.version;
        const change = applyTo(tracker, one.operation);
        const after = egressState(shuffledInput(store.input(), one.seed));
        expect(list(tracker.state())).toEqual(list(after));
        expect(change).toEqual(expected(before, after));
        if (whole(before) !== whole(after)) expect(tracker.version).not.toBe(version);
        expect(tracker.fingerprint).toBe(fingerprintOf(shuffledInput(store.input(), one.seed)));
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

const small = () =>
  EgressTracker.of({
    hostSubnets: [
      hostSubnet('a', { egressIPs: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.9'] }),
      hostSubnet('b', { hostIP: '192.168.7.12', egressIPs: ['10.0.0.4'] }),
    ],
    netNamespaces: [
      netNamespace('later', 100, ['10.0.0.3']),
      netNamespace('one', 42, ['10.0.0.1', '10.0.0.2', '10.0.0.4']),
      netNamespace('invalid', 43, ['x']),
      netNamespace('quiet', 44),
    ],
    offline: new Set(),
  });

test('the VNIDs that request a valid IP are known, ascending, each with its requests', () => {
  const tracker = small();
  expect(tracker.requestingVnids()).toEqual([42, 100]);
  expect(tracker.requests(vnid(42)).map((one) => one.ip)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.4']);
  expect([tracker.requests(vnid(43)), tracker.requests(vnid(99))]).toEqual([[], []]);
});

test('the VNIDs of a node are those that request what it lists, each once', () => {
  const tracker = small();
  const [a, b] = [hostSubnet('a').name, hostSubnet('b').name];
  expect([tracker.vnidsHostedBy(a).toSorted((x, y) => x - y), tracker.vnidsHostedBy(b)]).toEqual([[42, 100], [42]]);
  tracker.deleteHostSubnet('b');
  expect(tracker.vnidsHostedBy(b)).toEqual([]);
});

test('a part of the state is that of the VNIDs asked for, in their order', () => {
  const tracker = small();
  const part = tracker.stateOf([vnid(100), vnid(42), vnid(44), vnid(7)]);
  expect([...part.vnids.keys()]).toEqual([42, 100]);
  expect([...part.assigned.keys()]).toEqual(['10.0.0.3', '10.0.0.4']);
  expect([...tracker.stateOf([vnid(42)]).assigned.keys()]).toEqual(['10.0.0.4']);
});

test('a part of the state has all egress IPs, whoever requests or lists them', () => {
  const tracker = small();
  const { egressIPs } = tracker.state();
  expect(egressIPs.size).toBeGreaterThan(1);
  expect(tracker.stateOf([]).egressIPs).toEqual(egressIPs);
});

test('a HostSubnet means what it is said to mean: valid, absent, or nothing', () => {
  const tracker = small();
  const b = { name: 'b', hostIP: hostSubnet('b', { hostIP: '192.168.7.12' }).hostIP, egressIPs: [], isToEmpty: false };
  tracker.setMeaning('b', { kind: 'absent', hostSubnet: b });
  expect([[...tracker.hosts()].length, [...tracker.absent()]]).toEqual([1, [b]]);
  expect(tracker.vnid(vnid(42)).kind).toBe('dropped');
  const valid = hostSubnet('b', { hostIP: '192.168.7.12', egressIPs: ['10.0.0.4'] });
  tracker.setMeaning('b', { kind: 'valid', hostSubnet: valid });
  expect([tracker.vnid(vnid(42)).kind, [...tracker.absent()]]).toEqual(['via', []]);
  tracker.setMeaning('b', undefined);
  expect([[...tracker.hosts()].length, tracker.vnid(vnid(42)).kind]).toEqual([1, 'dropped']);
});

test('what is to be placed may differ only after the version of the demand has changed', () => {
  const tracker = small();
  const changes = (change: () => unknown): boolean => {
    const before = tracker.demandVersion;
    change();
    return tracker.demandVersion !== before;
  };
  const listing = (...egressIPs: string[]) => hostSubnet('b', { hostIP: '192.168.7.12', egressIPs });
  expect(changes(() => tracker.setHostSubnet(listing('10.0.0.5')))).toBe(false);
  expect(changes(() => tracker.setOffline(listing().hostIP, true))).toBe(false);
  expect(changes(() => tracker.setNetNamespace(netNamespace('one', 42, ['10.0.0.5'])))).toBe(true);
  const absent = { name: 'c', hostIP: undefined, egressIPs: listing('10.0.0.5').egressIPs, isToEmpty: false };
  expect(changes(() => tracker.setAbsent(absent))).toBe(true);
  expect(changes(() => tracker.setHostSubnet(listing()))).toBe(true);
  expect(changes(() => tracker.setNetworks([cidr('10.0.0.4/30')]))).toBe(true);
  expect(changes(() => tracker.setNetworks([cidr('10.0.0.4/30')]))).toBe(false);
});
