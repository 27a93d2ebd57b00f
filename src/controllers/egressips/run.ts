/** Runs automatic assignment: watches update the view, and every change that matters requests a round. */
import { createQueue } from '../../io/async/queue.ts';
import { HealthMonitor, type HealthVerdict } from '../../io/health/monitor.ts';
import { ownAddresses, type Probe } from '../../io/health/probe.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import type { Logger } from '../../io/log.ts';
import type { Round } from '../../model/assignment/round.ts';
import type { ClusterNetwork } from '../../model/objects/clusternetwork.ts';
import type { Caches } from '../caches.ts';
import { Listeners, type Subscribe } from '../listeners.ts';
import type { LiveNetwork } from '../network.ts';
import type { Reconciler } from '../reconciler.ts';
import { EgressController } from './controller.ts';
import type { HealthListener } from './health.ts';
import type { EgressView } from './view.ts';

export interface EgressOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly probe: Probe;
  /** Milliseconds; 0 turns probes off. */
  readonly probeInterval: number;
  readonly caches: Pick<Caches, 'hostSubnets' | 'netNamespaces' | 'nodes'>;
  readonly network: LiveNetwork;
  /** Updated from the caches and after writes. */
  readonly view: EgressView;
  readonly health: HealthListener;
  readonly onRound: (round: Round) => void;
  /** Called when a round failed and will be tried again. */
  readonly onFailure: (name: string) => void;
}

export interface EgressReconciler extends Reconciler {
  /** Reports every change that affects the state of egress IPs. */
  readonly onChange: Subscribe;
  /** The verdict on each watched node. */
  readonly verdicts: () => ReadonlyMap<string, HealthVerdict>;
  /** Whether rounds that change something are under way. */
  readonly isBusy: () => boolean;
}

/** Shortest time between two rounds in milliseconds, so that many changes at once make one round. */
const breath = 5;
const name = 'egressip';

/** Probes a second, which are enough for 1,000 nodes each second. */
const probeLimit = 1_250;

interface Followers {
  readonly controller: EgressController;
  /** Called on a change: a round is due. */
  readonly soon: () => void;
}

/** The subscriptions that update the view. */
function sources({ caches, network, view }: EgressOptions, { controller, soon }: Followers): Reconciler['wokenBy'] {
  const setNetwork = (current: ClusterNetwork): void => {
    view.setNetwork(current);
    soon();
  };
  return [
    () => {
      setNetwork(network.current());
      return network.subscribe(setNetwork);
    },
    () =>
      caches.hostSubnets.subscribe(({ before, after }) => {
        if (after !== undefined ? view.putHostSubnet(after) : before !== undefined) {
          if (after === undefined && before !== undefined) view.removeHostSubnet(before);
          soon();
        }
      }),
    () =>
      caches.hostSubnets.onListed(() => {
        controller.doubt(view.differing(caches.hostSubnets));
        soon();
      }),
    () =>
      caches.netNamespaces.subscribe(({ key, after }) => {
        if (after === undefined) view.removeNetNamespace(key);
        else view.putNetNamespace(after);
        soon();
      }),
    () =>
      caches.nodes.subscribe(({ key, after }) => {
        if (view.putNode(key, after)) soon();
      }),
  ];
}

/** Automatic assignment as a reconciler. The caches must be synced. */
export function egressReconciler(options: EgressOptions): EgressReconciler {
  const { client, logger, view, health } = options;
  const queue = createQueue({ logger, maxDelay: 5_000, onFailure: () => options.onFailure(name) });
  const changed = new Listeners();
  const soon = (): void => {
    queue.addAfter('round', breath);
    changed.notify();
  };
  const monitor = new HealthMonitor({
    interval: options.probeInterval,
    limit: probeLimit,
    probe: options.probe,
    now: () => performance.now(),
    ownAddresses,
    onVerdict: (node, verdict) => {
      changed.notify();
      if (verdict !== 'unknown') health.verdict(node, verdict === 'offline');
      queue.add('round');
    },
    onIsolated: (isolated) => {
      controller.isIsolated = isolated;
      health.isolated(isolated);
      queue.add('round');
    },
  });
  const controller = new EgressController({ client, logger, view, monitor, onRound: options.onRound });
  let isBusy = true;
  const round = async (signal: AbortSignal): Promise<void> => {
    const began = performance.now();
    isBusy = true;
    const after = await controller.round(signal);
    isBusy = after === 0;
    if (after !== undefined) queue.addAfter('round', after);
    // a big cluster's round may take long: leave half of the time to everything else
    if (!isBusy) await new Promise((resolve) => setTimeout(resolve, Math.min(500, performance.now() - began)));
  };
  return {
    name,
    wokenBy: sources(options, { controller, soon }),
    onChange: changed.subscribe,
    verdicts: () => monitor.verdicts(),
    isBusy: () => isBusy,
    run: async (signal) => {
      await Promise.all([queue.process((_key, aborted) => round(aborted), signal), monitor.run(signal)]);
    },
  };
}
