/** The health of the other nodes that host egress IPs, as seen by this node: a dead node is not a hop. */
import { HealthMonitor, type Probed, withWitnesses } from '../../io/health/monitor.ts';
import type { Probe } from '../../io/health/probe.ts';
import type { Logger } from '../../io/log.ts';
import type { Ip } from '../../model/values/address.ts';
import { gatewayOf } from '../values/addressing.ts';
import type { RemoteNode } from '../values/facts.ts';

export interface PeerHealthDeps {
  readonly logger: Logger;
  readonly probe: Probe;
  /** Milliseconds between two probes; 0 disables probes. */
  readonly interval: number;
  /** Called when the verdict on a node address changes. */
  readonly setOffline: (nodeIP: Ip, isOffline: boolean) => void;
}

export class PeerHealth {
  readonly #deps: PeerHealthDeps;
  readonly #monitor: HealthMonitor;
  readonly #addresses = new Map<string, Ip>();
  readonly #offline = new Set<string>();

  constructor(deps: PeerHealthDeps) {
    this.#deps = deps;
    this.#monitor = new HealthMonitor({
      interval: deps.interval,
      probe: deps.probe,
      now: () => performance.now(),
      onVerdict: (key, verdict) => this.#judged(key, verdict === 'offline'),
      onIsolated: (isIsolated) =>
        deps.logger.warn({ isIsolated }, 'no other node answers: nobody is called offline while that lasts'),
    });
  }

  /**
   * Watches exactly these nodes. If they are few, watches some of the others too, to distinguish a dead node from being
   * cut off. A verdict follows its node's address, and is withdrawn when the node is no longer watched.
   */
  watch(nodes: readonly RemoteNode[], others: readonly RemoteNode[] = []): void {
    const wanted = new Map(nodes.map((node) => [node.name, node.nodeIP]));
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
    this.#monitor.setTargets(
      withWitnesses(nodes.map(targetOf), others.filter(({ name }) => !wanted.has(name)).map(targetOf)),
    );
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
