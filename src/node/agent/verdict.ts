/**
 * Publishes which egress IPs this node carries and refuses, for `sdn-compat status` and for the node that one moves to,
 * and of which objects it is in line: written at start and when that changes. And reads what another node says.
 */
import { leases } from '../../../api/kinds.ts';
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { microTime } from '../../io/kube/lease.ts';
import { type NodeVerdict, verdictLease, verdictName, verdictOf } from '../../io/kube/verdict.ts';
import type { Logger } from '../../io/log.ts';
import type { Ip } from '../../model/values/address.ts';

export interface VerdictDeps {
  readonly client: Pick<KubeClient, 'patch'>;
  readonly logger: Logger;
  readonly namespace: string;
  readonly nodeName: string;
  readonly version: string;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Called with the reason when it cannot be written, and with undefined when it could. */
  readonly report: (reason: string | undefined) => void;
}

/** What is known of the node besides. */
export interface VerdictNode {
  readonly nodeUid: string | undefined;
  /** How many nodes have an agent: all write when an egress IP changes. */
  readonly nodes: number;
}

/** Milliseconds between two attempts after a failure: the API server may be busy, or a right may be missing. */
const retryAfter = 10_000;

/** Milliseconds over which agents spread their word of what they applied, for each node: 100 writes a second in all. */
const spreadPerNode = 10;

/** Milliseconds for which an egress IP that was given up counts as carried. */
const moment = 60_000;

/** Milliseconds to wait for what another node says: an IP that moves here waits for it. */
const readTimeout = 1000;

export interface VerdictReader {
  readonly client: Pick<KubeClient, 'get'>;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/**
 * Whether another node carries the egress IP, or did last; undefined if its agent said nothing of it, or that cannot be
 * read within a second.
 */
export async function carriedBy(reader: VerdictReader, node: string, ip: Ip): Promise<boolean | undefined> {
  const { client, namespace } = reader;
  const signal = AbortSignal.any([reader.signal, AbortSignal.timeout(readTimeout)]);
  const lease = await client.get(leases, { namespace, name: verdictName(node) }, { signal }).catch(() => undefined);
  const said = lease === undefined ? undefined : verdictOf(lease);
  if (said?.node !== node) return undefined;
  if (said.carried.has(ip)) return true;
  return said.refused.has(ip) ? false : undefined;
}

const key = 'lease';

export class VerdictLease {
  readonly #deps: VerdictDeps;
  readonly #queue: WorkQueue;
  /** When each egress IP was on the node's interface last. */
  readonly #lastCarried = new Map<string, number>();
  #wanted: { readonly lease: ReturnType<typeof verdictLease>; readonly text: string } | undefined;
  /** What the node carries and refuses, as it was said last. */
  #hosting = '';
  #written: string | undefined;

  constructor(deps: VerdictDeps) {
    this.#deps = deps;
    this.#queue = createQueue({ logger: deps.logger });
  }

  /**
   * To be called after each pass. What differs from what was said before is written at once if others wait for it: what
   * this node carries and refuses; else, what it applied, at some moment, so that not all agents write together.
   */
  publish({ carried, refused, applied, draining = new Map() }: NodeVerdict, { nodeUid, nodes }: VerdictNode): void {
    const { namespace, nodeName: node, version } = this.#deps;
    this.#note(carried, refused);
    const sorted = new Map([...refused].sort(([a], [b]) => (a < b ? -1 : 1)));
    const author = { node, nodeUid, namespace, version };
    const ends = new Map([...draining].sort(([a], [b]) => (a < b ? -1 : 1)));
    const said = { carried: new Set(this.#lastCarried.keys()), refused: sorted, draining: ends };
    const lease = verdictLease(author, { ...said, applied });
    const text = JSON.stringify(lease);
    if (text === this.#wanted?.text) return;
    this.#wanted = { lease, text };
    const hosting = JSON.stringify(verdictLease(author, { ...said, applied: undefined }));
    if (hosting === this.#hosting) this.#queue.addAfter(key, Math.random() * nodes * spreadPerNode);
    else this.#queue.add(key);
    this.#hosting = hosting;
  }

  /** Writes until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#queue.process(() => this.#write(signal), signal);
  }

  async #write(signal: AbortSignal): Promise<number | undefined> {
    const { client, namespace, nodeName, report } = this.#deps;
    const wanted = this.#wanted;
    if (wanted === undefined || wanted.text === this.#written) return undefined;
    const spec = { holderIdentity: nodeName, renewTime: microTime(Date.now()) };
    try {
      const options = { type: 'apply', fieldManager: 'sdn-compat-node', force: true, signal } as const;
      await client.patch(leases, { namespace, name: verdictName(nodeName) }, { ...wanted.lease, spec }, options);
      this.#written = wanted.text;
      report(undefined);
      return undefined;
    } catch (error) {
      if (!signal.aborted) report(error instanceof Error ? error.message : String(error));
      return retryAfter;
    }
  }

  /** One that was given up a moment ago still counts: it may be on its way to another node, which asks for it. */
  #note(carried: ReadonlySet<string>, refused: ReadonlyMap<string, string>): void {
    const now = this.#deps.now();
    for (const ip of carried) this.#lastCarried.set(ip, now);
    for (const [ip, at] of this.#lastCarried) if (refused.has(ip) || now - at >= moment) this.#lastCarried.delete(ip);
  }
}
