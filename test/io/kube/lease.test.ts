import { leases } from '../../../api/kinds.ts';
import { LeaderElection } from '../../../src/io/kube/lease.ts';
import type { KubeObject } from '../../../src/model/objects.ts';
import { logger, start, type Started } from '../../apiserver/started.ts';

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
}, 20_000);
