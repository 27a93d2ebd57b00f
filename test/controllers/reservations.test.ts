import fc from 'fast-check';
import { Reservations } from '../../src/controllers/reservations.ts';
import { ApiError } from '../../src/io/kube/error.ts';
import { Netids } from '../../src/model/allocation/netids.ts';
import type { Vnid } from '../../src/model/values/vnid.ts';
import { valid, vnid } from '../model/parsed.ts';
import { rounds } from '../rounds.ts';

const last = 13;
const all = [10, 11, 12, 13].map(vnid);
const refused = new ApiError(422, { reason: 'Invalid' });
const unknown: readonly unknown[] = [
  new Error('socket hang up'),
  new ApiError(500, {}),
  new ApiError(504, { reason: 'Timeout' }),
  new ApiError(409, { reason: 'AlreadyExists' }),
  new ApiError(409, { reason: 'Conflict' }),
];

let netids: Netids;
let reservations: Reservations<Vnid>;
beforeEach(() => {
  netids = new Netids([], last);
  reservations = new Reservations(netids, (seen, reserved) => seen === reserved);
});
const reserve = (name: string): Vnid => valid(reservations.reserve(name));
const held = (): readonly Vnid[] => all.filter((one) => netids.isHeld(one));

test('while nobody knows what became of a write its value stays reserved, and the same one is tried again', () => {
  const value = reserve('a');
  for (const error of unknown) {
    reservations.failed('a', error);
    expect(held()).toEqual([value]);
    expect(reserve('a')).toBe(value);
    expect(reservations.of('a')).toEqual({ value, isWritten: false });
  }
  expect(reserve('b')).not.toBe(value);
});

test('a write that the server refuses frees its value', () => {
  reserve('a');
  reservations.failed('a', refused);
  expect(held()).toEqual([]);
  expect(reservations.of('a')).toBeUndefined();
});

test('a write that the server has taken is known until the cache shows it; then the cache alone holds the value', () => {
  const value = reserve('a');
  reservations.written('a');
  expect(reservations.of('a')).toEqual({ value, isWritten: true });
  reservations.seen('a', { before: undefined, after: value });
  expect(reservations.of('a')).toBeUndefined();
  expect(held()).toEqual([value]);
  reservations.seen('a', { before: value, after: undefined });
  expect(held()).toEqual([]);
});

test('an answer that comes after the cache has shown the value reserves nothing again', () => {
  reservations.seen('a', { before: undefined, after: reserve('a') });
  reservations.written('a');
  expect(reservations.of('a')).toBeUndefined();
});

test('a change to a value that is no answer leaves the reserved one reserved', () => {
  const value = reserve('a');
  reservations.seen('a', { before: undefined, after: vnid(12) });
  expect(held()).toEqual([value, 12]);
  reservations.seen('a', { before: vnid(12), after: value });
  expect(held()).toEqual([value]);
  expect(reservations.of('a')).toBeUndefined();
});

test('a shared value is held for each who has it, in place of what was reserved before', () => {
  const theirs = reserve('b');
  reservations.seen('b', { before: undefined, after: theirs });
  reserve('a');
  reservations.share('a', theirs);
  reservations.share('a', theirs);
  expect(held()).toEqual([theirs]);
  reservations.seen('b', { before: theirs, after: undefined });
  expect(held()).toEqual([theirs]);
  reservations.free('a');
  reservations.free('a');
  expect(held()).toEqual([]);
});

test('in another pool all that was written stays reserved, and of the rest what fits', () => {
  const [written, fits, not] = [reserve('written'), reserve('fits'), reserve('not')];
  reservations.written('written');
  netids = new Netids([], last);
  reservations.moveTo(netids, (value) => value === fits);
  expect(held()).toEqual([written, fits]);
  expect(reservations.of('not')).toBeUndefined();
  expect(reserve('not')).toBe(not);
});

test('when all values are held there is a reason, and nothing is reserved', () => {
  for (const name of ['a', 'b', 'c', 'd']) reserve(name);
  expect(reservations.reserve('e')).toEqual({ ok: false, error: 'all VNIDs from 10 to 13 are in use' });
  expect(reservations.of('e')).toBeUndefined();
});

/** What becomes of one write: it reaches the server, or not, at once or late, and the answer reaches us, or not. */
const outcome = fc.constantFrom('taken', 'taken unheard', 'late', 'lost', 'refused');
const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const step = fc.record({
  name: fc.constantFrom(...names),
  kind: fc.constantFrom('write', 'show', 'delete'),
  outcome,
});

/** A server, our cache of it, and a reconciler that gives each name a value. */
class World {
  readonly server = new Map<string, Vnid>();
  readonly #cache = new Map<string, Vnid>();
  /** Writes that are still on their way. */
  readonly late = new Map<string, Vnid>();

  reconcile(name: string, what: string): void {
    if (this.#cache.has(name)) return;
    this.#arrive(name);
    if (reservations.of(name)?.isWritten === true) {
      if (!this.server.has(name)) reservations.free(name);
      return;
    }
    const value = reservations.reserve(name);
    if (!value.ok) return;
    if (this.server.has(name)) {
      reservations.failed(name, new ApiError(409, { reason: 'AlreadyExists' }));
      reservations.written(name);
      return;
    }
    if (what.startsWith('taken')) this.server.set(name, value.value);
    if (what === 'late') this.late.set(name, value.value);
    if (what === 'taken') reservations.written(name);
    else reservations.failed(name, what === 'refused' ? refused : new Error('no answer'));
  }

  /** The watch tells. */
  show(name: string): void {
    const [before, after] = [this.#cache.get(name), this.server.get(name)];
    if (after === undefined) this.#cache.delete(name);
    else this.#cache.set(name, after);
    if (before !== after) reservations.seen(name, { before, after });
  }

  #arrive(name: string): void {
    const value = this.late.get(name);
    if (value !== undefined && !this.server.has(name)) this.server.set(name, value);
    this.late.delete(name);
  }
}

test('whatever becomes of the writes, no value is ever given twice, and in the end just those in use are held', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      netids = new Netids([], last);
      reservations = new Reservations(netids, (seen, reserved) => seen === reserved);
      const world = new World();
      for (const { name, kind, outcome: what } of steps) {
        if (kind === 'write') world.reconcile(name, what);
        else if (kind === 'show') world.show(name);
        else world.server.delete(name);
        const given = new Map([...world.late, ...world.server]);
        expect(new Set(given.values()).size).toBe(given.size);
      }
      for (let turn = 0; turn < 3; turn += 1)
        for (const name of names) {
          world.reconcile(name, 'refused');
          world.show(name);
        }
      expect(held()).toEqual([...world.server.values()].sort((a, b) => a - b));
    }),
    { numRuns: rounds(5000) },
  );
});
