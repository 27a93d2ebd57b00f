/**
 * How many source ports of each egress IP are taken towards each remote: an address has about 64,000 for one remote
 * address and port (1024 to 65535, as the kernel's source NAT takes them), and beyond that connections fail at random.
 */
import { type Ip } from '../../model/values/address.ts';
import type { Connection } from './connection.ts';

/** The ports of one egress IP towards one remote. */
export interface PortUse {
  readonly egressIP: Ip;
  /** `ADDRESS:PORT`. */
  readonly remote: string;
  readonly protocol: string;
  readonly ports: number;
}

/** How many are told: metrics of each remote would be without end. */
const most = 10;

export class SourcePorts {
  readonly #hosted: ReadonlySet<Ip>;
  readonly #counts = new Map<string, { readonly use: Omit<PortUse, 'ports'>; ports: number }>();

  /** Counts connections that leave as one of these. */
  constructor(hosted: ReadonlySet<Ip>) {
    this.#hosted = hosted;
  }

  note({ protocol, translated, answerer, destinationPort }: Connection): void {
    if (destinationPort === undefined || !this.#hosted.has(translated)) return;
    const remote = `${answerer}:${destinationPort}`;
    const key = `${protocol} ${translated} ${remote}`;
    const found = this.#counts.get(key);
    if (found === undefined) this.#counts.set(key, { use: { egressIP: translated, remote, protocol }, ports: 1 });
    else found.ports += 1;
  }

  /** The most taken, in order. */
  top(): readonly PortUse[] {
    return [...this.#counts.values()]
      .sort((a, b) => b.ports - a.ports)
      .slice(0, most)
      .map(({ use, ports }) => ({ ...use, ports }));
  }
}
