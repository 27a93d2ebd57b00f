import { leases } from '../../../api/kinds.ts';
import { createClient } from '../../../src/io/kube/client.ts';
import { ApiError } from '../../../src/io/kube/error.ts';
import { LeaderElection } from '../../../src/io/kube/lease.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { logger, start, type Started } from '../../apiserver/started.ts';
import { logged } from '../../logged.ts';

let started: Started;
beforeAll(async () => (started = await start()));
afterAll(() => started.stop());

test('a leader whose work fails tells why and gives the lease back', async () => {
  const ref = { name: 'one', namespace: 'kube-system' };
  const times = { duration: 5_000, renewDeadline: 3_000, retryPeriod: 50 };
  const election = new LeaderElection({ client: started.client, logger, ...ref, identity: 'me', times });
  const stop = new AbortController();
  const stray: unknown[] = [];
  const heard = (error: unknown): number => stray.push(error);
  process.on('unhandledRejection', heard);
  const running = election.run(
    () => new Promise((_resolve, reject) => setTimeout(() => reject(new Error('the disk is full')), 120)),
    stop.signal,
  );
  await expect(running).rejects.toThrow('the disk is full');
  process.off('unhandledRejection', heard);
  expect(stray).toEqual([]);
  const lease = await started.client.get<KubeObject & { spec: { holderIdentity: string } }>(leases, ref);
  expect(lease?.spec.holderIdentity).toBe('');
  expect(election.isLeading()).toBe(false);
});

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity: string; readonly leaseTransitions?: number };
}
const times = { duration: 300, renewDeadline: 200, retryPeriod: 20 };
/** Long enough that taking over before it has passed is no luck on a busy machine. */
const long = { duration: 2_000, renewDeadline: 1_500, retryPeriod: 20 };
const candidate = (name: string, identity: string, of = times): LeaderElection =>
  new LeaderElection({ client: started.client, logger, namespace: 'kube-system', name, identity, times: of });
const leaseOf = (name: string): Promise<Lease | undefined> =>
  started.client.get<Lease>(leases, { name, namespace: 'kube-system' });
/** Leads until the signal aborts. */
const lead = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
const until = async (isSo: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 12_000 && !isSo(); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isSo()).toBe(true);
};

test('of two candidates one leads, and the other takes over at once when the first ends', async () => {
  const stops = [new AbortController(), new AbortController()] as const;
  const [one, two] = [candidate('two', 'a', long), candidate('two', 'b', long)];
  const running = one.run(lead, stops[0].signal);
  await until(() => one.isLeading());
  const waiting = two.run(lead, stops[1].signal);
  await new Promise((resolve) => setTimeout(resolve, 1.5 * long.duration));
  expect([one.isLeading(), two.isLeading()]).toEqual([true, false]);
  expect((await leaseOf('two'))?.spec).toMatchObject({ holderIdentity: 'a', leaseTransitions: 0 });
  stops[0].abort();
  await running;
  const released = performance.now();
  await until(() => two.isLeading());
  expect(performance.now() - released).toBeLessThan(long.duration);
  expect((await leaseOf('two'))?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  stops[1].abort();
  await waiting;
  expect((await leaseOf('two'))?.spec.holderIdentity).toBe('');
});

test('a lease that its holder renews no more is taken when it has not changed for its duration', async () => {
  const spec = { holderIdentity: 'gone', leaseDurationSeconds: 1 };
  await started.client.create(leases, { metadata: { name: 'three', namespace: 'kube-system' }, spec });
  const stop = new AbortController();
  const next = candidate('three', 'next');
  const began = performance.now();
  const running = next.run(lead, stop.signal);
  await until(() => next.isLeading());
  expect(performance.now() - began).toBeGreaterThanOrEqual(1000);
  stop.abort();
  await running;
});

test('a leader whose lease somebody else took stops leading, and does not give that back', async () => {
  const stop = new AbortController();
  const leader = candidate('four', 'me');
  let terms = 0;
  const running = leader.run((signal) => {
    terms += 1;
    return lead(signal);
  }, stop.signal);
  await until(() => leader.isLeading());
  const taken = { spec: { holderIdentity: 'thief', leaseDurationSeconds: 60 } };
  await started.client.patch(leases, { name: 'four', namespace: 'kube-system' }, taken, { type: 'merge' });
  await until(() => !leader.isLeading());
  stop.abort();
  await running;
  expect([terms, (await leaseOf('four'))?.spec.holderIdentity]).toEqual([1, 'thief']);
});

test('a candidate whose write comes too late does not lead', async () => {
  const late = new ApiError(409, { reason: 'AlreadyExists' });
  const client = createClient({
    send: ({ method }) => Promise.reject(method === 'GET' ? new ApiError(404, {}) : late),
    stream: () => Promise.resolve(),
    close: () => undefined,
  });
  const options = { client, logger, namespace: 'kube-system', name: 'five', identity: 'me', times };
  const stop = new AbortController();
  let terms = 0;
  const running = new LeaderElection(options).run(() => Promise.resolve(void (terms += 1)), stop.signal);
  await new Promise((resolve) => setTimeout(resolve, 5 * times.retryPeriod));
  stop.abort();
  await running;
  expect(terms).toBe(0);
});

test('a candidate that may not have the lease asks on, and says once that it may not, and that it may again', async () => {
  const { logger: kept, lines } = logged();
  kept.level = 'info';
  let refused = 0;
  let isAllowed = false;
  const client = createClient({
    send: ({ method }) => {
      if (isAllowed && method !== 'GET') return Promise.resolve(JSON.stringify({ metadata: { name: 'six' } }));
      if (!isAllowed) refused += 1;
      return Promise.reject(isAllowed ? new ApiError(404, {}) : new ApiError(403, { message: 'leases is forbidden' }));
    },
    stream: () => Promise.resolve(),
    close: () => undefined,
  });
  const stop = new AbortController();
  const about = { namespace: 'kube-system', name: 'six', identity: 'a', times };
  const election = new LeaderElection({ client, logger: kept, ...about });
  const running = election.run(lead, stop.signal);
  await until(() => refused > 5);
  expect(lines).toEqual(['the lease could not be taken or renewed: leases is forbidden']);
  isAllowed = true;
  await until(() => election.isLeading());
  stop.abort();
  await running;
  expect(lines.slice(1, 3)).toEqual(['the lease can be taken and renewed again', 'leading']);
});
