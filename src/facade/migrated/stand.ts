/** Where a cluster stands on its way from a plan that was applied to the facade. Reads, and writes nothing. */
import { hostSubnets, type Kind, leases, namespaces, netNamespaces, nodes } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isNotFound } from '../../io/kube/error.ts';
import { controllerOf } from '../../io/kube/verdict.ts';
import type { NetworkOperatorItem } from '../../migrate/kinds/network.ts';
import type { Known } from '../../migrate/known.ts';
import type { Plan } from '../../migrate/plan/plan.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { type Lacking, lackingIn } from './lacking.ts';

/** The Lease of the overlay. */
const lease = { namespace: 'sdn-compat', name: 'sdn-compat-controller' };
/** Milliseconds between two looks. */
const between = 1_000;

export interface StandDeps {
  readonly client: KubeClient;
  readonly signal: AbortSignal;
}

/** Whether a facade leads on the cluster now. */
export async function hasFacade({ client, signal }: StandDeps): Promise<boolean> {
  const object = await client.get<KubeObject>(leases, lease, { signal });
  const { backend, leader, renewed, duration } = (object === undefined ? undefined : controllerOf(object)) ?? {};
  if (backend !== 'ovn' || typeof leader !== 'string') return false;
  return Date.now() - Date.parse(renewed ?? '') < 1_000 * (duration ?? 0);
}

/** Why the vendor's migration has not ended, as far as is known: with its end go the kinds of OpenShift SDN. */
export function whyNotEnded(operator: Known<NetworkOperatorItem>): string | undefined {
  const name = 'Network.operator.openshift.io cluster';
  if (operator.kind === 'unreadable')
    return `${name}: it cannot be read, so nothing tells whether the vendor's migration has ended: ${operator.reason}`;
  return operator.kind === 'absent' || operator.value.migration === undefined
    ? undefined
    : `${name}: spec.migration is set, and with its end the operator removes the kinds of OpenShift SDN`;
}

/** What NetNamespaces and HostSubnets lack of what the plan says. `skipped`: by `refKey`, what was left out of it. */
export async function lackingNow(
  deps: StandDeps,
  plan: Plan,
  skipped: ReadonlySet<string>,
): Promise<readonly Lacking[]> {
  const live = {
    netNamespaces: await listOf(deps, netNamespaces),
    hostSubnets: await listOf(deps, hostSubnets),
    namespaces: await listOf(deps, namespaces),
    nodes: await listOf(deps, nodes),
  };
  return lackingIn(plan, live, skipped);
}

/** Looks until nothing is lacking or the time is over. */
export async function lackingAfter(
  look: () => Promise<readonly Lacking[]>,
  timeout: number,
  signal: AbortSignal,
): Promise<readonly Lacking[]> {
  const end = performance.now() + timeout;
  for (;;) {
    const lacking = await look();
    if (lacking.length === 0 || signal.aborted || performance.now() > end) return lacking;
    await pause(between, signal);
  }
}

/** The objects of the kind; none if the API server does not serve it. */
async function listOf({ client, signal }: StandDeps, kind: Kind): Promise<readonly KubeObject[]> {
  try {
    return (await client.list<KubeObject>(kind, { signal })).items;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return [];
  }
}
