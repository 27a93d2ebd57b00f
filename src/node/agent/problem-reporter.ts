/** Reports problems with the node: in the log once while a problem persists, and by Events. */
import { hostSubnets } from '../../../api/kinds.ts';
import { type EventRecorder, involved } from '../../io/kube/events.ts';
import type { Logger } from '../../io/log.ts';
import type { HostSubnetObject } from '../../model/objects/raw.ts';
import type { Ip } from '../../model/values/address.ts';

export interface ReporterDeps {
  readonly logger: Logger;
  readonly events: EventRecorder;
  readonly nodeName: string;
  /** The node's own HostSubnet, the object of the Events. */
  readonly hostSubnet: () => HostSubnetObject | undefined;
}

export class ProblemReporter {
  readonly #deps: ReporterDeps;
  /** The last reported reason of each problem. */
  readonly #said = new Map<string, string>();

  constructor(deps: ReporterDeps) {
    this.#deps = deps;
  }

  /** Logs the reason once, and again when it changes; undefined means that the problem is gone. */
  report(about: string, reason: string | undefined, message: string): void {
    if (this.#said.get(about) === reason) return;
    if (reason === undefined) this.#said.delete(about);
    else {
      this.#said.set(about, reason);
      this.#deps.logger.warn({ reason }, message);
    }
  }

  /** Reports an egress IP that is assigned to this node, which cannot carry it. */
  reportRefused(ip: Ip, reason: string): void {
    this.report(`refused ${ip}`, reason, 'an egress IP cannot be hosted here');
    this.#warn('EgressIPRefused', reason);
  }

  /** Reports that another host, known by its MAC, answers for an egress IP of this node; undefined means no longer. */
  reportRival(ip: Ip, mac: string | undefined): void {
    const reason =
      mac === undefined
        ? undefined
        : `egress IP ${ip} is on this node, and ${mac} answers for it, too: another machine has it, or a node that is cut off from the API server has not given it up`;
    this.report(`rival ${ip}`, reason, 'somebody else answers for an egress IP of this node');
    if (reason !== undefined) this.#warn('EgressIPAnsweredElsewhere', reason);
  }

  #warn(reason: string, message: string): void {
    const { events, nodeName, hostSubnet } = this.#deps;
    events.report({ object: involved(hostSubnets, nodeName, hostSubnet()), type: 'Warning', reason, message });
  }
}
