/** What becomes of `test --disruptive` where its pods cannot start: nothing is cut off, no pod stays, and it says why. */
import { pods } from '../../../api/kinds.ts';
import { watchOutage } from '../../../src/cli/look/outage.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import { ApiError } from '../../../src/io/kube/error.ts';
import type { Started } from '../../apiserver/started.ts';
import { passing } from '../../io/kube/passing.ts';
import { create, startCluster } from '../../migrate/cluster.ts';
import { make } from '../../migrate/snapshots.ts';

let started: Started;
beforeEach(async () => {
  started = await startCluster();
  await create(started.client, [make.namespace('shop'), make.namespace('bank')]);
});
afterEach(() => started.stop());

const options = { node: 'n1', namespace: 'default', nodeImage: 'nft', image: 'curl', url: 'http://192.0.2.1/' };
const times = { outage: 20_000, timeout: 300_000, vxlanPort: 4789 };
const reports: string[] = [];

/** Runs it with an API server that refuses pods in the namespace shop, with these words. */
function refused(message: string): ReturnType<typeof watchOutage> {
  const { client } = started;
  const refusing: KubeClient = passing(client, {
    create: (kind, object, ...rest) =>
      object.metadata.namespace === 'shop'
        ? Promise.reject(new ApiError(403, { message, reason: 'Forbidden' }))
        : client.create(kind, object, ...rest),
  });
  const { signal } = new AbortController();
  const deps = { client: refusing, run: '0a0b0c0d', signal, report: (line: string) => reports.push(line) };
  const witnesses = ['shop', 'bank'].map((namespace) => ({ namespace, node: 'n2' }));
  return watchOutage(deps, witnesses, { ...options, ...times });
}

afterEach(() => expect(reports).toEqual([]));

test('a namespace that takes no pods is named at once, not when the time is over', async () => {
  expect(await refused('pods "x" is forbidden: exceeded quota')).toEqual({
    problem: 'namespace shop: a pod could not be made: pods "x" is forbidden: exceeded quota',
  });
  expect((await started.client.list(pods)).items).toEqual([]);
});

test('a missing right is named, and nothing goes unheard', async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => unheard.push(error);
  process.on('unhandledRejection', hear);
  try {
    await expect(refused('pods is forbidden: User "x" cannot create resource "pods"')).rejects.toThrow(
      'missing right: create pods',
    );
  } finally {
    process.off('unhandledRejection', hear);
  }
  expect(unheard).toEqual([]);
  expect((await started.client.list(pods)).items).toEqual([]);
});
