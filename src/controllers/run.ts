/** Runs the control plane: VNIDs for namespaces, subnets for nodes, egress IPs, and reports to users. */
import type { Probe } from '../io/health/probe.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { EventRecorder, type ReportEvent } from '../io/kube/events.ts';
import type { Logger } from '../io/log.ts';
import { netidsReconciler, subnetsReconciler } from './allocators.ts';
import { type Caches, openCaches } from './caches.ts';
import { CloudController } from './cloud/controller.ts';
import { healthListener } from './egressips/health.ts';
import { egressReconciler } from './egressips/run.ts';
import { EgressView } from './egressips/view.ts';
import type { ControllerMetrics } from './metrics.ts';
import { followNetwork, type LiveNetwork } from './network.ts';
import { NotesController } from './notes/controller.ts';
import { byObject } from './objects.ts';
import { PoolsController } from './pools/controller.ts';
import { type Reconciler, runAll } from './reconciler.ts';

export interface ControllerDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly probe: Probe;
  readonly metrics: ControllerMetrics;
  /** Called when all caches are synced and the controllers run. */
  readonly onStarted?: () => void;
}

export interface ControllerOptions {
  /** Milliseconds between two probes of a node; 0 turns probes off. */
  readonly probeInterval: number;
  /** `auto`: makes CloudPrivateIPConfigs where Nodes have the annotation of a cloud. */
  readonly cloud: 'auto' | 'never';
  /** The namespace of the agents' Leases; `kube-system` if absent. */
  readonly agentsNamespace?: string;
}

/** Milliseconds that a problem must last before it is reported. */
const noteSettle = 1_000;

type Parts = ControllerDeps & {
  readonly caches: Caches;
  readonly network: LiveNetwork;
  readonly report: ReportEvent;
};

/** All reconcilers. */
function reconcilersOf(
  parts: Parts,
  { probeInterval, cloud, agentsNamespace = 'kube-system' }: ControllerOptions,
): readonly Reconciler[] {
  const { client, logger, metrics, caches, report } = parts;
  const onFailure = metrics.syncError;
  const view = new EgressView();
  const egress = egressReconciler({
    ...parts,
    view,
    probeInterval,
    health: healthListener(parts),
    onRound: ({ moves, unplaced }) => {
      metrics.moved(moves.length);
      metrics.unplaced(new Set(unplaced.map(({ egressIP }) => egressIP)).size);
    },
    onFailure,
  });
  metrics.followNodes(egress.verdicts);
  const notes = new NotesController({
    view,
    caches,
    report,
    onChange: egress.onChange,
    isBusy: egress.isBusy,
    settle: noteSettle,
    onState: metrics.state,
  });
  return [
    egress,
    notes,
    ...(cloud === 'auto' ? [new CloudController({ client, logger, view, onFailure })] : []),
    new PoolsController({ ...parts, agentsNamespace, onFailure, now: Date.now }),
    byObject([netidsReconciler(parts), subnetsReconciler(parts)], { logger, onFailure }),
  ];
}

/** Runs the controllers until the signal aborts. */
export async function runControllers(
  deps: ControllerDeps,
  options: ControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { client, logger, metrics } = deps;
  const caches = await openCaches(client, logger, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  if (caches === undefined) return;
  const events = new EventRecorder({ client, logger, component: 'sdn-compat-controller', now: Date.now });
  const { report } = events;
  const told = events.run(signal);
  const network = await followNetwork({ cache: caches.networks, logger, report }, signal);
  if (network === undefined) return told;
  caches.policies.subscribe(() => metrics.policies(caches.policies.list()));
  const ended = runAll(reconcilersOf({ ...deps, caches, network, report }, options), signal);
  logger.info('controllers started');
  deps.onStarted?.();
  await Promise.all([ended, told]);
}
