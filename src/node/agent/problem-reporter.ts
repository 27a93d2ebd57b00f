/** What an agent says of its node when something is wrong: in the log once for as long as it is so, and by Events. */
import { hostSubnets } from '../../../api/kinds.ts';
import { type EventRecorder, involved } from '../../io/events.ts';
import type { Logger } from '../../io/log.ts';
import type { Ip } from '../../model/address.ts';
import type { HostSubnetObject } from '../../model/objects.ts';

export interface ReporterDeps {
  readonly logger: Logger;
  readonly events: EventRecorder;
  readonly nodeName: string;
  /** The node's own HostSubnet, which the Events are about. */
  readonly hostSubnet: () => HostSubnetObject | undefined;
}

export class ProblemReporter {
  readonly #deps: ReporterDeps;
  /** What was last said of each thing that is wrong. */
  readonly #said = new Map<string, string>();

  constructor(deps: ReporterDeps) {
    this.#deps = deps;
  }

  /** Logs the reason, or that of another moment, once; undefined: nothing is wrong with it any more. */
  report(about: string, reason: string | undefined, message: string): void {
    if (this.#said.get(about) === reason) return;
    if (reason === undefined) this.#said.delete(about);
    else {
      this.#said.set(about, reason);
      this.#deps.logger.warn({ reason }, message);
    }
  }

  /** An egress IP assigned to this node that it cannot carry. */
  reportRefused(ip: Ip, reason: string): void {
    this.report(`refused ${ip}`, reason, 'an egress IP cannot be hosted here');
    this.#warn('EgressIPRefused', reason);
  }

  /** Another machine, known by its MAC, answers for an egress IP of this node; undefined: none does any more. */
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
