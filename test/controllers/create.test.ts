import { namespaces } from '../../api/kinds.ts';
import { createReserved, type Creation, findReserved, lookAgainAfter } from '../../src/controllers/create.ts';
import { Reservations } from '../../src/controllers/reservations.ts';
import { ApiError } from '../../src/io/kube/error.ts';
import { Netids } from '../../src/model/allocation/netids.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import type { Vnid } from '../../src/model/values/vnid.ts';
import { valid, vnid } from '../model/parsed.ts';

const object = { metadata: { name: 'a' } };
const { signal } = new AbortController();

let reservations: Reservations<Vnid>;
beforeEach(() => {
  reservations = new Reservations(new Netids(), (seen, reserved) => seen === reserved);
  valid(reservations.reserve('a'));
});
const reserved = (): string => {
  const found = reservations.of('a');
  return found === undefined ? 'free' : found.isWritten ? 'written' : 'reserved';
};

/** A server that answers a create with that error, and holds that object. */
function creation(error: Error | undefined, stored?: KubeObject): Creation<Vnid, KubeObject> {
  return {
    client: {
      create: (_kind, made) => (error === undefined ? Promise.resolve(made) : Promise.reject(error)),
      get: <T extends KubeObject>() => Promise.resolve(stored as T | undefined),
    },
    kind: namespaces,
    reservations,
    isAnswer: ({ metadata }) => metadata.uid === 'ours',
  };
}

test('what was created is known to be written, and so is what exists already', async () => {
  expect(await createReserved(creation(undefined), object, signal)).toBe(true);
  expect(reserved()).toBe('written');
  reservations.share('a', vnid(77));
  expect(reserved()).toBe('reserved');
  const exists = new ApiError(409, { reason: 'AlreadyExists' });
  expect(await createReserved(creation(exists), object, signal)).toBe(false);
  expect(reserved()).toBe('written');
});

test('a create that is not answered leaves the value reserved, one that is refused frees it, and both throw', async () => {
  const lost = new Error('socket hang up');
  await expect(createReserved(creation(lost), object, signal)).rejects.toBe(lost);
  expect(reserved()).toBe('reserved');
  const refused = new ApiError(403, { reason: 'Forbidden' });
  await expect(createReserved(creation(refused), object, signal)).rejects.toBe(refused);
  expect(reserved()).toBe('free');
});

test('what was created and is not there, or is not ours, is given up and made again at once', async () => {
  const there = { metadata: { name: 'a', uid: 'ours' } };
  reservations.written('a');
  expect(await findReserved(creation(undefined, there), 'a', signal)).toBe(lookAgainAfter);
  expect(reserved()).toBe('written');
  for (const stored of [undefined, { metadata: { name: 'a', uid: 'theirs' } }]) {
    valid(reservations.reserve('a'));
    expect(await findReserved(creation(undefined, stored), 'a', signal)).toBe(0);
    expect(reserved()).toBe('free');
  }
});
