/** The lab as the chaos run sees it: what was asked of it, and what the model says must come of that. */
import { egressState } from '../../src/model/egress/state.ts';
import { parseHostSubnet } from '../../src/model/objects/hostsubnet.ts';
import { parseNetNamespace } from '../../src/model/objects/netnamespace.ts';
import type { Ip } from '../../src/model/values/address.ts';

export const workers = ['worker0', 'worker1', 'worker2'] as const;
export type Worker = (typeof workers)[number];
export const namespaces = ['amber', 'blue', 'coral', 'dusk', 'ebony'] as const;
export type Namespace = (typeof namespaces)[number];
/** Fewer addresses than could be asked for, so that namespaces collide. */
export const pool: readonly string[] = Array.from({ length: 8 }, (_, index) => `192.168.7.${210 + index}`);
export const nodeAddress: Readonly<Record<Worker, string>> = {
  worker0: '192.168.7.11',
  worker1: '192.168.7.12',
  worker2: '192.168.7.13',
};

/** Two pods a namespace, on different workers. */
export const pods = namespaces.flatMap((namespace, index) =>
  [0, 1].map((pod) => ({ namespace, key: `${namespace}/p${pod}`, worker: workers[(index + pod) % workers.length]! })),
);
export type Pod = (typeof pods)[number];

/** What the admin has asked for. */
export interface Wishes {
  readonly requested: Readonly<Record<Namespace, readonly string[]>>;
  readonly hosted: Readonly<Record<Worker, readonly string[]>>;
}

export const noWishes: Wishes = {
  requested: { amber: [], blue: [], coral: [], dusk: [], ebony: [] },
  hosted: { worker0: [], worker1: [], worker2: [] },
};

/** The sources that a pod's requests have when all is at rest; empty: every request fails. */
export type Prediction = ReadonlyMap<string, ReadonlySet<string>>;

/** What the model makes of the wishes with all nodes online. */
export function predict(wishes: Wishes): Prediction {
  const meta = { apiVersion: 'network.openshift.io/v1' } as const;
  const hostSubnets = workers.map((worker, index) => {
    const parsed = parseHostSubnet({
      ...meta,
      kind: 'HostSubnet',
      metadata: { name: worker },
      host: worker,
      hostIP: nodeAddress[worker],
      subnet: `10.254.${index}.0/24`,
      egressIPs: [...wishes.hosted[worker]],
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    return parsed.value;
  });
  const netNamespaces = namespaces.map((namespace, index) => {
    const parsed = parseNetNamespace({
      ...meta,
      kind: 'NetNamespace',
      metadata: { name: namespace },
      netname: namespace,
      netid: 100 + index,
      egressIPs: [...wishes.requested[namespace]],
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    return parsed.value;
  });
  const { vnids } = egressState({ hostSubnets, netNamespaces, offline: new Set<Ip>() });
  return new Map(
    pods.map(({ namespace, key, worker }) => {
      const vnid = netNamespaces.find(({ name }) => name === namespace)!.vnid;
      const state = vnids.get(vnid) ?? { kind: 'normal' };
      if (state.kind === 'normal') return [key, new Set([nodeAddress[worker]])];
      if (state.kind === 'dropped') return [key, new Set<string>()];
      const local = state.hops.find((hop) => hop.node === worker);
      return [
        key,
        new Set<string>(local === undefined ? state.hops.map(({ egressIP }) => egressIP) : [local.egressIP]),
      ];
    }),
  );
}

/** The addresses that a pod may ever show under these wishes, whatever fails: what it requests, or its node's. */
export function given(wishes: Wishes, pod: Pod): readonly string[] {
  const requested = wishes.requested[pod.namespace];
  return requested.length > 0 ? requested : [nodeAddress[pod.worker]];
}

/** Something an admin does: the object to patch and its new list. */
export type Operation =
  | { readonly kind: 'netnamespace'; readonly name: Namespace; readonly egressIPs: readonly string[] }
  | { readonly kind: 'hostsubnet'; readonly name: Worker; readonly egressIPs: readonly string[] };

function some<T>(next: (limit: number) => number, items: readonly T[], most: number): T[] {
  const left = [...items];
  return Array.from({ length: next(most + 1) }, () => left.splice(next(left.length), 1)[0]!);
}

/** A random operation: mostly sensible, sometimes a conflict. */
export function randomOperation(next: (limit: number) => number): Operation {
  if (next(2) === 0)
    return { kind: 'netnamespace', name: namespaces[next(namespaces.length)]!, egressIPs: some(next, pool, 3) };
  return { kind: 'hostsubnet', name: workers[next(workers.length)]!, egressIPs: some(next, pool, 5) };
}

/** The wishes after an operation. */
export function after(wishes: Wishes, operation: Operation): Wishes {
  if (operation.kind === 'netnamespace')
    return { ...wishes, requested: { ...wishes.requested, [operation.name]: operation.egressIPs } };
  return { ...wishes, hosted: { ...wishes.hosted, [operation.name]: operation.egressIPs } };
}
