/** A client that dies: as when the process is killed, or the API server goes, at a certain call. */
import type { KubeClient } from '../../src/io/kube/client.ts';

export interface Dying {
  readonly client: KubeClient;
  /** How many writes reached the server. */
  readonly writes: () => number;
}

/** Dies at the `at`-th call: `sent`, so that only its answer is lost, or before it was sent. */
export function dyingClient(inner: KubeClient, at: number, sent: boolean): Dying {
  let [calls, writes] = [0, 0];
  const call = async <T>(isWrite: boolean, work: () => Promise<T>): Promise<T> => {
    const mine = ++calls;
    if (mine > at || (mine === at && !sent)) throw new Error('killed');
    if (isWrite) writes++;
    const result = await work();
    if (mine === at) throw new Error('killed');
    return result;
  };
  return {
    client: {
      get: (kind, ref, given) => call(false, () => inner.get(kind, ref, given)),
      list: (kind, given) => call(false, () => inner.list(kind, given)),
      newestVersion: (kind, given) => call(false, () => inner.newestVersion(kind, given)),
      count: (kind, given) => call(false, () => inner.count(kind, given)),
      log: (ref, given) => call(false, () => inner.log(ref, given)),
      create: (kind, object, given) => call(true, () => inner.create(kind, object, given)),
      patch: (kind, ref, body, given) => call(given.dryRun !== true, () => inner.patch(kind, ref, body, given)),
      delete: (kind, ref, given) => call(true, () => inner.delete(kind, ref, given)),
      watch: (kind, request) => inner.watch(kind, request),
      close: () => undefined,
    },
    writes: () => writes,
  };
}
