/** Reports the health of nodes in the log, in metrics and as Events. */
import { clusterNetworks, nodes } from '../../../api/kinds.ts';
import { involved, type ReportEvent } from '../../io/kube/events.ts';
import type { Logger } from '../../io/log.ts';
import type { Caches } from '../caches.ts';
import type { ControllerMetrics } from '../metrics.ts';

export interface HealthListener {
  /** A watched node went offline or came back. */
  readonly verdict: (node: string, isOffline: boolean) => void;
  /** No watched node can be reached, or one can again. */
  readonly isolated: (isolated: boolean) => void;
}

export interface HealthListenerDeps {
  readonly logger: Logger;
  readonly metrics: Pick<ControllerMetrics, 'failedOver' | 'isolated'>;
  readonly caches: Pick<Caches, 'nodes' | 'networks'>;
  readonly report: ReportEvent;
}

/** Creates the listener. It sends the Event that a node is back only after the Event that it went offline. */
export function healthListener({ logger, metrics, caches, report }: HealthListenerDeps): HealthListener {
  const offline = new Set<string>();
  return {
    verdict: (node, isOffline) => {
      logger[isOffline ? 'warn' : 'info']({ node, verdict: isOffline ? 'offline' : 'online' }, 'node health');
      const object = involved(nodes, node, caches.nodes.get(node));
      if (isOffline) {
        offline.add(node);
        metrics.failedOver();
        const message = 'the node does not answer or is not Ready: egress IPs of its egressCIDRs go to other nodes';
        report({ object, type: 'Warning', reason: 'EgressNodeOffline', message });
      } else if (offline.delete(node)) {
        const message = 'the node answers: egress IPs may be placed on it';
        report({ object, type: 'Normal', reason: 'EgressNodeOnline', message });
      }
    },
    isolated: (isolated) => {
      logger.warn(
        { isolated },
        isolated ? 'no node can be reached: egress IPs stay where they are' : 'nodes can be reached again',
      );
      metrics.isolated(isolated);
      if (!isolated) return;
      const object = involved(clusterNetworks, 'default', caches.networks.get('default'));
      const message = 'the controller reaches no node with egressCIDRs at all: egress IPs stay where they are';
      report({ object, type: 'Warning', reason: 'ControllerCutOff', message });
    },
  };
}
