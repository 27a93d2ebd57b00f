/**
 * Rebuilds NetNamespaces, HostSubnets and EgressNetworkPolicies that are gone from what stands in EgressIPs,
 * EgressFirewalls and labels: the operator of OpenShift removes the old kinds with the old plugin. What is there counts.
 */
import omit from 'lodash/omit.js';
import {
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  nodes,
} from '../../../api/kinds.ts';
import { controllerManager } from '../../controllers/field-manager.ts';
import { netNamespaceOf } from '../../controllers/netids/plan.ts';
import type { ObjectReconciler } from '../../controllers/objects.ts';
import { inParallel } from '../../io/async/parallel.ts';
import { pause } from '../../io/async/pause.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isAlreadyExists } from '../../io/kube/error.ts';
import type { Logger } from '../../io/log.ts';
import { snapshotOf } from '../../migrate/input/make-snapshot.ts';
import { egressFirewallItem } from '../../migrate/kinds/egressfirewall.ts';
import { textsAt } from '../../migrate/kinds/item.ts';
import { toSDN } from '../../migrate/targets/sdn/translate.ts';
import { globalVnid, Netids } from '../../model/allocation/netids.ts';
import type { KubeObject, NetNamespaceObject, NetworkPolicyObject } from '../../model/objects/raw.ts';
import { isVnid, type Vnid } from '../../model/values/vnid.ts';
import type { FacadeCaches } from '../caches.ts';
import { isOurs, namespacesNamedBy, vnidOn } from '../plan/egressip.ts';
import { isClosing } from '../plan/firewall.ts';
import { groupsIn } from '../plan/isolation.ts';
import { facadeManager } from '../plan/marks.ts';

/** What is to be made again. */
export interface Adoption {
  readonly netNamespaces: readonly NetNamespaceObject[];
  readonly policies: readonly KubeObject[];
  /** What HostSubnets to be made offer, by node: their subnets come from the Nodes. */
  readonly hosts: ReadonlyMap<string, object>;
}

/** The objects as the API server has them. */
export type Present = Readonly<
  Record<
    'netNamespaces' | 'hostSubnets' | 'nodes' | 'namespaces' | 'policies' | 'egressIPs' | 'egressFirewalls',
    readonly KubeObject[]
  >
> & {
  /** The NetworkPolicies that isolate namespaces. */
  readonly isolation: readonly NetworkPolicyObject[];
};

/** What is missing and can be told from the rest. Pure. */
export function adoptionOf(present: Present): Adoption {
  const own = present.egressIPs.filter(isOurs);
  const firewalls = present.egressFirewalls.filter((one) => !isClosing(one) && isExpressible(one));
  // as at most starts: to translate a big cluster takes long
  if (isComplete(present, firewalls)) return { netNamespaces: [], policies: [], hosts: new Map() };
  const found = new Map<Kind, readonly KubeObject[]>([
    [netNamespaces, present.netNamespaces],
    [hostSubnets, present.hostSubnets],
    [nodes, present.nodes],
    [namespaces, present.namespaces],
    [egressNetworkPolicies, present.policies],
    [egressIPs, own],
    [egressFirewalls, firewalls],
  ]);
  const made = toSDN(snapshotOf(found, [])).changes.flatMap((change) =>
    change.action === 'apply' ? [change.object] : [],
  );
  return {
    netNamespaces: netNamespacesFrom(of(made, netNamespaces), present, own),
    policies: missing(of(made, egressNetworkPolicies), present.policies, ({ metadata }) => metadata.namespace),
    hosts: new Map(
      missing(of(made, hostSubnets), present.hostSubnets, ({ metadata }) => metadata.name).map((object) => [
        object.metadata.name ?? '',
        omit(object, ['apiVersion', 'kind', 'metadata']),
      ]),
    ),
  };
}

/** Whether each Namespace, Node and EgressFirewall has the object that would be made from it. */
function isComplete(present: Present, firewalls: readonly KubeObject[]): boolean {
  const missed = [
    missing(present.namespaces, present.netNamespaces, ({ metadata }) => metadata.name),
    missing(present.nodes, present.hostSubnets, ({ metadata }) => metadata.name),
    missing(firewalls, present.policies, ({ metadata }) => metadata.namespace),
  ];
  return missed.every(({ length }) => length === 0);
}

function of(all: readonly KubeObject[], { kind }: Kind): readonly KubeObject[] {
  return all.filter((one) => one.kind === kind);
}

function missing(
  wanted: readonly KubeObject[],
  there: readonly KubeObject[],
  keyOf: (object: KubeObject) => string | undefined,
): readonly KubeObject[] {
  const known = new Set(there.map(keyOf));
  return wanted.filter((object) => !known.has(keyOf(object)));
}

/** Whether an EgressNetworkPolicy can say the same: one with ports, names with wildcards or nodes by label cannot. */
function isExpressible(firewall: KubeObject): boolean {
  return egressFirewallItem(firewall).rules.every(
    ({ hasPorts, nodeSelector, dnsName }) => !hasPorts && nodeSelector === undefined && !dnsName.startsWith('*'),
  );
}

/** Gives each the VNID that its EgressIP names, if that is free or of the same EgressIP, else a new one. */
function netNamespacesFrom(
  wanted: readonly KubeObject[],
  present: Present,
  own: readonly KubeObject[],
): readonly NetNamespaceObject[] {
  const byName = new Map(present.namespaces.map((object) => [object.metadata.name ?? '', object]));
  const held = present.netNamespaces.flatMap((object) => netidOf(object) ?? []);
  const netids = new Netids(held);
  const taken = new Set<number>(held);
  const vnids = new Map<string, Vnid>();
  for (const object of own) {
    const vnid = vnidOn(object);
    if (vnid === undefined || !isVnid(vnid) || taken.has(vnid)) continue;
    taken.add(vnid);
    netids.hold(vnid);
    for (const name of namespacesNamedBy(object)) vnids.set(name, vnid);
  }
  join(vnids, netids, present);
  // a namespace that shares a VNID may request nothing by itself
  const objects = new Map<string, KubeObject>([
    ...[...vnids.keys()].map((name): [string, KubeObject] => [name, { metadata: { name } }]),
    ...wanted.map((object): [string, KubeObject] => [object.metadata.name ?? '', object]),
  ]);
  const there = new Set(present.netNamespaces.map(({ metadata }) => metadata.name));
  return [...objects].flatMap(([name, object]) => {
    const namespace = byName.get(name);
    if (namespace === undefined || there.has(name)) return [];
    const vnid = vnids.get(name) ?? freeVnid(netids, name);
    if (vnid === undefined) return [];
    const made = netNamespaceOf(namespace, vnid);
    const annotations = { ...made.metadata.annotations, ...object.metadata.annotations };
    return [{ ...made, egressIPs: [...textsAt(object, 'egressIPs')], metadata: { ...made.metadata, annotations } }];
  });
}

/** Adds the VNIDs of namespaces that share one, or have 0, and request nothing, as the policies that isolate them say. */
function join(vnids: Map<string, Vnid>, netids: Netids, { isolation, netNamespaces: there }: Present): void {
  const { joined, global } = groupsIn(isolation);
  const known = new Map(there.flatMap((object) => [[object.metadata.name ?? '', netidOf(object)] as const]));
  for (const name of global) if (!vnids.has(name)) vnids.set(name, globalVnid());
  for (const names of joined.filter(({ length }) => length > 1)) {
    const [shared] = names.flatMap((name) => known.get(name) ?? vnids.get(name) ?? []);
    const vnid = shared ?? freeVnid(netids, names[0] ?? '');
    if (vnid !== undefined) for (const name of names) if (!vnids.has(name)) vnids.set(name, vnid);
  }
}

function freeVnid(netids: Netids, namespace: string): Vnid | undefined {
  const allocated = netids.allocate(namespace);
  return allocated.ok ? allocated.value : undefined;
}

function netidOf(object: KubeObject): Vnid | undefined {
  const netid = 'netid' in object ? object.netid : undefined;
  return typeof netid === 'number' && isVnid(netid) ? netid : undefined;
}

/** What could not be made yet. */
export interface Adopted {
  /** NetNamespaces by name. */
  readonly netNamespaces: Map<string, NetNamespaceObject>;
  /** What HostSubnets to be made offer, by node. */
  readonly hosts: Map<string, object>;
}

interface AdoptDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: FacadeCaches;
}

/** How long to wait until the watch shows what was made, in milliseconds. */
const shownWithin = 5_000;

function presentIn(caches: FacadeCaches): Present {
  return {
    netNamespaces: caches.netNamespaces.list(),
    hostSubnets: caches.hostSubnets.list(),
    nodes: caches.nodes.list(),
    namespaces: caches.namespaces.list(),
    policies: caches.policies.list(),
    egressIPs: caches.egressIPs.list(),
    egressFirewalls: caches.egressFirewalls.list(),
    isolation: caches.isolation.list(),
  };
}

/** What is missing now and can be told from the rest. */
export function missingIn(caches: FacadeCaches): Adoption {
  return adoptionOf(presentIn(caches));
}

/** Makes what is missing. Returns what is left to be made. */
export async function adopt(deps: AdoptDeps, signal: AbortSignal): Promise<Adopted> {
  const { caches, logger } = deps;
  const adoption = missingIn(caches);
  const left = new Map<string, NetNamespaceObject>();
  await inParallel(adoption.netNamespaces, 16, async (object) => {
    const { name = '' } = object.metadata;
    await makeAgain(deps, netNamespaces, object, signal).catch((error: unknown) => {
      logger.error({ err: error, namespace: name }, 'the NetNamespace cannot be made again yet');
      left.set(name, object);
    });
  });
  await inParallel(adoption.policies, 16, (object) =>
    makeAgain(deps, egressNetworkPolicies, object, signal).catch((error: unknown) => {
      logger.error({ err: error, namespace: object.metadata.namespace }, 'the policy cannot be made again');
    }),
  );
  const made = adoption.netNamespaces.filter(({ metadata }) => !left.has(metadata.name ?? ''));
  const end = performance.now() + shownWithin;
  const isShown = (): boolean =>
    made.every(({ metadata }) => caches.netNamespaces.get(metadata.name ?? '') !== undefined);
  while (!signal.aborted && !isShown() && performance.now() < end) await pause(10, signal);
  return { netNamespaces: left, hosts: new Map(adoption.hosts) };
}

/** Creates an object that is gone; it is well if somebody else did. */
export async function makeAgain(
  { client, logger }: Pick<AdoptDeps, 'client' | 'logger'>,
  kind: Kind,
  object: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = object.metadata;
  // the VNIDs and the records on NetNamespaces are the controller's
  const fieldManager = kind === netNamespaces ? controllerManager : facadeManager;
  try {
    await client.create(kind, object, { signal, fieldManager });
    logger.info({ kind: kind.kind, namespace, name }, 'made again from what OVN-Kubernetes has');
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

interface AdoptingDeps extends AdoptDeps {
  readonly adopted: Adopted;
}

/** The reconciler of NetNamespaces, which first makes those that were left: a new one would request nothing. */
export function adoptingFirst(reconciler: ObjectReconciler, deps: AdoptingDeps): ObjectReconciler {
  const { adopted, caches } = deps;
  return {
    ...reconciler,
    reconcile: async (name, signal) => {
      const left = adopted.netNamespaces.get(name);
      if (left !== undefined && caches.netNamespaces.get(name) === undefined)
        await makeAgain(deps, netNamespaces, left, signal);
      adopted.netNamespaces.delete(name);
      return reconciler.reconcile(name, signal);
    },
  };
}
