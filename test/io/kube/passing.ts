import type { KubeClient } from '../../../src/io/kube/client.ts';

/** A client that does what another does, but for these methods. Closing it closes nothing. */
export function passing(inner: KubeClient, other: Partial<KubeClient>): KubeClient {
  return {
    get: (...args) => inner.get(...args),
    list: (...args) => inner.list(...args),
    newestVersion: (...args) => inner.newestVersion(...args),
    count: (...args) => inner.count(...args),
    log: (...args) => inner.log(...args),
    create: (...args) => inner.create(...args),
    patch: (...args) => inner.patch(...args),
    delete: (...args) => inner.delete(...args),
    watch: (...args) => inner.watch(...args),
    close: () => undefined,
    ...other,
  };
}
