/** Runs the old API on top of OVN-Kubernetes: NetNamespaces and HostSubnets ask, and OVN-Kubernetes forwards. */
import { egressNetworkPolicies, hostSubnets, netNamespaces } from '../../api/kinds.ts';
import { netidsReconciler } from '../controllers/allocators.ts';
import { EgressView } from '../controllers/egressips/view.ts';
import type { ControllerMetrics } from '../controllers/metrics.ts';
import { followNetwork, type LiveNetwork } from '../controllers/network.ts';
import { NotesController } from '../controllers/notes/controller.ts';
import { byObject, type ObjectReconciler } from '../controllers/objects.ts';
import { type Reconciler, runAll } from '../controllers/reconciler.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { EventRecorder, type ReportEvent } from '../io/kube/events.ts';
import type { Logger } from '../io/log.ts';
import { adopt, type Adopted, adoptingFirst, missingIn } from './begin/adoption.ts';
import { keepingPolicies } from './begin/kept-policies.ts';
import { Losses } from './begin/losses.ts';
import { keepingLost } from './begin/lost.ts';
import { ensureNetwork } from './begin/network.ts';
import { readDefinitions, untilServed } from './begin/served.ts';
import { type FacadeCaches, openFacadeCaches } from './caches.ts';
import { hostsReconciler } from './hosts.ts';
import type { FacadeMetrics } from './metrics.ts';
import { poolsNotFollowed } from './pools.ts';
import { facadeReconciler } from './reconciler.ts';
import { followView } from './view.ts';
import { World } from './world.ts';

export interface FacadeRunDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly metrics: ControllerMetrics;
  readonly facade: FacadeMetrics;
  /** Called when all caches are synced and the facade runs. */
  readonly onStarted?: () => void;
}

export interface FacadeOptions {
  /** Prefix of the names of EgressIPs that are made. */
  readonly prefix: string;
  /** Whether a namespace that asks for an egress IP and has none is closed. */
  readonly closed: 'always' | 'never';
  /** Whether policies that deny everything go on to allow the nodes and the API server. */
  readonly allowAPIServer: boolean;
}

/** Milliseconds that a problem must last before it is reported. */
const noteSettle = 1_000;

interface Parts extends FacadeRunDeps {
  readonly caches: FacadeCaches;
  readonly world: World;
  readonly network: LiveNetwork;
  readonly report: ReportEvent;
  readonly adopted: Adopted;
  readonly losses: Losses;
}

function reconcilersOf(parts: Parts, { closed }: FacadeOptions): readonly Reconciler[] {
  const { metrics, caches, report, logger, network } = parts;
  const onFailure = metrics.syncError;
  const view = new EgressView();
  const { onChange, wokenBy } = followView({ view, caches, network });
  const notes = new NotesController({
    ...{ view, caches, report, onChange },
    isBusy: () => false,
    settle: noteSettle,
    onState: metrics.state,
    backend: 'ovn',
  });
  return [
    { name: 'view', wokenBy, run: () => Promise.resolve() },
    notes,
    poolsNotFollowed(parts),
    facadeReconciler({ ...parts, metrics: parts.facade, closes: closed === 'always', onFailure }),
    byObject([netNamespacesAgain(parts), hostSubnetsAgain(parts)], { logger, onFailure }),
  ];
}

function netNamespacesAgain(parts: Parts): ObjectReconciler {
  const { caches, adopted } = parts;
  const { netNamespaces: cache, namespaces: owners } = caches;
  const look = (): void => {
    for (const object of missingIn(caches).netNamespaces) adopted.netNamespaces.set(object.metadata.name ?? '', object);
  };
  const reconciler = adoptingFirst(netidsReconciler(parts), parts);
  return keepingLost(reconciler, { ...parts, kind: netNamespaces, cache, owners, look });
}

function hostSubnetsAgain(parts: Parts): ObjectReconciler {
  const { caches, adopted } = parts;
  const { hostSubnets: cache, nodes: owners } = caches;
  const look = (): void => {
    for (const [node, egress] of missingIn(caches).hosts) adopted.hosts.set(node, egress);
  };
  const reconciler = hostsReconciler({ ...parts, adopted: adopted.hosts });
  return keepingLost(reconciler, { ...parts, kind: hostSubnets, cache, owners, look });
}

/** Runs until the signal aborts. */
export async function runFacade(deps: FacadeRunDeps, options: FacadeOptions, signal: AbortSignal): Promise<void> {
  const { client, logger, metrics } = deps;
  await untilServed(client, logger, signal);
  await ensureNetwork(client, logger, signal);
  const losses = new Losses(client);
  // before any object of theirs; what may not be read is told when it matters
  for (const kind of [netNamespaces, hostSubnets, egressNetworkPolicies])
    await losses.read(kind, signal).catch((error: unknown) => logger.debug({ err: error }, 'a definition is not read'));
  const opened = await openFacadeCaches(client, logger, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  if (opened === undefined) return;
  const hasNamespace = (name: string): boolean => {
    const namespace = opened.namespaces.get(name);
    return namespace !== undefined && namespace.metadata.deletionTimestamp === undefined;
  };
  const policies = keepingPolicies(opened.policies, { client, logger, losses, hasNamespace }, signal);
  const caches = { ...opened, policies };
  const events = new EventRecorder({ client, logger, component: 'sdn-compat-facade', now: Date.now });
  const { report } = events;
  const told = events.run(signal);
  const network = await followNetwork({ cache: caches.networks, logger, report }, signal);
  if (network === undefined) return told;
  const adopted = await adopt({ client, logger, caches }, signal);
  const { prefix, allowAPIServer } = options;
  const world = new World(caches, { prefix, allowAPIServer });
  world.setDefinitions(await readDefinitions(client, logger, signal));
  caches.policies.subscribe(() => metrics.policies(caches.policies.list()));
  const ended = runAll(reconcilersOf({ ...deps, caches, world, network, report, adopted, losses }, options), signal);
  logger.info('the facade of OVN-Kubernetes started');
  deps.onStarted?.();
  await Promise.all([ended, told]);
}
