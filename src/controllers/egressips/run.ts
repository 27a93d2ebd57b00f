/** Feeds the egress controller: watches tell the view, and every change that matters asks for a round. */
import { HealthMonitor, type Verdict } from '../../io/health.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { ownAddresses, type Probe } from '../../io/probe.ts';
import { createQueue } from '../../io/queue.ts';
import type { Ip } from '../../model/address.ts';
import type { Round } from '../../model/assignment/round.ts';
import type { ClusterNetwork } from '../../model/clusternetwork.ts';
import type { HostSubnetObject, NetNamespaceObject, NodeObject } from '../../model/objects.ts';
import { EgressController } from './controller.ts';
import { EgressView } from './view.ts';

/** What others want to know of egress IPs. */
export interface EgressListener {
  /** An IP's placement changed. */
  readonly assigned: (ip: Ip) => void;
  /** Anything that the state of egress IPs depends on changed. */
  readonly changed: () => void;
  /** What a cloud lets some node carry changed. */
  readonly limits: () => void;
  readonly round: (round: Round) => void;
  /** A watched node went offline or came back. */
  readonly verdict: (node: string, isOffline: boolean) => void;
  /** No watched node can be reached, or one can again. */
  readonly isolated: (isolated: boolean) => void;
}

export interface EgressOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly probe: Probe;
  /** Milliseconds; 0: nodes are not probed. */
  readonly probeInterval: number;
  readonly hostSubnets: ObjectCache<HostSubnetObject>;
  readonly netNamespaces: ObjectCache<NetNamespaceObject>;
  readonly nodes: ObjectCache<NodeObject>;
  readonly listener: EgressListener;
  /** A round failed and is made again. */
  readonly onFailure: () => void;
}

/** Least time between two rounds in milliseconds: many changes at once are one round. */
const breath = 5;

export interface RunningEgress {
  readonly view: EgressView;
  /** Pods and services have these networks now. */
  readonly setNetwork: (network: ClusterNetwork) => void;
  /** What is known of each node that is watched. */
  readonly verdicts: () => ReadonlyMap<string, Verdict>;
  /** Whether rounds are under way that change something. */
  readonly isBusy: () => boolean;
  /** Resolves when all has ended after the signal aborted. */
  readonly ended: Promise<void>;
}

interface Followers {
  readonly view: EgressView;
  readonly controller: EgressController;
  /** Something changed: a round is due. */
  readonly soon: () => void;
}

/** Tells the view of every change; returns how to end that. */
function follow(options: EgressOptions, { view, controller, soon }: Followers): readonly (() => void)[] {
  return [
    options.hostSubnets.subscribe(({ before, after }) => {
      if (after !== undefined ? view.putHostSubnet(after) : before !== undefined) {
        if (after === undefined && before !== undefined) view.removeHostSubnet(before);
        soon();
      }
    }),
    options.hostSubnets.onListed(() => {
      controller.doubt(view.differing(options.hostSubnets));
      soon();
    }),
    options.netNamespaces.subscribe(({ key, after }) => {
      if (after === undefined) view.removeNetNamespace(key);
      else view.putNetNamespace(after);
      soon();
    }),
    options.nodes.subscribe(({ key, after }) => {
      if (!view.putNode(key, after)) return;
      options.listener.limits();
      soon();
    }),
  ];
}

/** Runs automatic assignment until the signal aborts. The caches must be synced. */
export function runEgress(options: EgressOptions, signal: AbortSignal): RunningEgress {
  const { client, logger, listener } = options;
  const queue = createQueue({ logger, maxDelay: 5_000, onFailure: options.onFailure });
  const soon = (): void => {
    queue.addAfter('round', breath);
    listener.changed();
  };
  const view = new EgressView(listener.assigned);
  const monitor = new HealthMonitor({
    interval: options.probeInterval,
    probe: options.probe,
    now: () => performance.now(),
    ownAddresses,
    onVerdict: (node, verdict) => {
      listener.changed();
      if (verdict !== 'unknown') listener.verdict(node, verdict === 'offline');
      queue.add('round');
    },
    onIsolated: (isolated) => {
      controller.isIsolated = isolated;
      logger.warn(
        { isolated },
        isolated ? 'no node can be reached: egress IPs stay where they are' : 'nodes can be reached again',
      );
      listener.isolated(isolated);
      queue.add('round');
    },
  });
  const controller = new EgressController({ client, logger, view, monitor, onRound: listener.round });
  const unsubscribe = follow(options, { view, controller, soon });
  soon();
  let isBusy = true;
  const rounds = queue.process(async (_key, aborted) => {
    const began = performance.now();
    isBusy = true;
    const after = await controller.round(aborted);
    isBusy = after === 0;
    if (after !== undefined) queue.addAfter('round', after);
    // a big cluster's round may take long: leave half of the time to everything else
    if (!isBusy) await new Promise((resolve) => setTimeout(resolve, Math.min(500, performance.now() - began)));
  }, signal);
  const ended = Promise.all([rounds, monitor.run(signal)]).then(() => {
    for (const end of unsubscribe) end();
  });
  const setNetwork = (network: ClusterNetwork): void => {
    view.setNetwork(network);
    soon();
  };
  return { view, setNetwork, verdicts: () => monitor.verdicts(), isBusy: () => isBusy, ended };
}
