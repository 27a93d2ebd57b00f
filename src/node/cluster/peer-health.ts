/**
 * The health of other nodes that host egress IPs, as seen by this node: a dead node is not a hop. Of those that it does
 * not probe it knows nothing, and nothing here leaves by them.
 */
import { HealthMonitor, type Probed } from '../../io/health/monitor.ts';
import type { Probe } from '../../io/health/probe.ts';
import type { Logger } from '../../io/log.ts';
import type { Ip } from '../../model/values/address.ts';
import { gatewayOf } from '../values/addressing.ts';
import type { RemoteNode } from '../values/facts.ts';
import type { WatchedPeers } from './watched-peers.ts';

export interface PeerHealthDeps {
  readonly logger: Logger;
  readonly probe: Probe;
  /** Milliseconds between two probes; 0 disables probes. */
  readonly interval: number;
  /** The most probes in any second. */
  readonly limit: number;
  /** Called when the verdict on a node address changes. */
  readonly setOffline: (nodeIP: Ip, isOffline: boolean) => void;
}

export class PeerHealth {
  readonly #deps: PeerHealthDeps;
  readonly #monitor: HealthMonitor;
  readonly #addresses = new Map<string, Ip>();
  readonly #offline = new Set<string>();
  #isSlow = false;

  constructor(deps: PeerHealthDeps) {
    this.#deps = deps;
    this.#monitor = new HealthMonitor({
      interval: deps.interval,
      limit: deps.limit,
      probe: deps.probe,
      now: () => performance.now(),
      onVerdict: (key, verdict) => this.#judged(key, verdict === 'offline'),
      onIsolated: (isIsolated) =>
        deps.logger.warn({ isIsolated }, 'no other node answers: nobody is called offline while that lasts'),
    });
  }

  /** Watches exactly these nodes. A verdict follows its node's address, and is withdrawn when it is not watched any more. */
  watch({ used, spare, witnesses }: WatchedPeers): void {
    const wanted = new Map([...used, ...spare].map((node) => [node.name, node.nodeIP]));
    const moved = [...this.#addresses].filter(([name, ip]) => this.#offline.has(name) && wanted.get(name) !== ip);
    for (const [, ip] of moved) this.#deps.setOffline(ip, false);
    for (const [name] of moved) {
      const ip = wanted.get(name);
      if (ip === undefined) this.#offline.delete(name);
      else this.#deps.setOffline(ip, true);
    }
    this.#addresses.clear();
    for (const [name, ip] of wanted) this.#addresses.set(name, ip);
    const targetOf = ({ name, subnet }: RemoteNode): Probed => ({ key: name, ip: gatewayOf(subnet) });
    this.#monitor.setTargets([
      ...used.map(targetOf),
      ...spare.map((node) => ({ ...targetOf(node), isSpare: true })),
      ...witnesses.map((node) => ({ ...targetOf(node), isWitness: true })),
    ]);
    this.#tellSpacing(used.length);
  }

  /** How many probes were sent, and the milliseconds between two of a node that is in use and answers. */
  get probing(): { readonly sent: number; readonly spacing: number } {
    return { sent: this.#monitor.sent, spacing: this.#monitor.spacing };
  }

  /** Whether each watched node is online, by node address. */
  verdicts(): ReadonlyMap<Ip, boolean> {
    return new Map([...this.#addresses].map(([name, ip]) => [ip, !this.#offline.has(name)]));
  }

  /** Sets the names of Nodes with Ready False. */
  setNotReady(names: ReadonlySet<string>): void {
    this.#monitor.setNotReady(names);
  }

  /** Probes until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#monitor.run(signal);
  }

  #tellSpacing(used: number): void {
    const { logger, interval, limit } = this.#deps;
    const { spacing } = this.#monitor;
    const isSlow = spacing > interval;
    if (isSlow === this.#isSlow) return;
    this.#isSlow = isSlow;
    const about = { used, limit, interval, spacing: Math.round(spacing) };
    if (isSlow) logger.warn(about, 'more nodes are in use than can be probed each interval: each is probed less often');
    else logger.info(about, 'every node in use is probed each interval');
  }

  #judged(name: string, isOffline: boolean): void {
    const ip = this.#addresses.get(name);
    if (ip === undefined) return;
    if (this.#offline.has(name) === isOffline) return;
    if (isOffline) this.#offline.add(name);
    else this.#offline.delete(name);
    this.#deps.setOffline(ip, isOffline);
    if (isOffline) this.#deps.logger.warn({ node: name, nodeIP: ip }, 'node is offline: its egress IPs are not used');
    else this.#deps.logger.info({ node: name, nodeIP: ip }, 'node is online again');
  }
}
