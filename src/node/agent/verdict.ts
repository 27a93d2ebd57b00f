/**
 * Publishes which egress IPs this node carries and refuses, for `sdn-compat status` and for the node that one moves to:
 * written at start and when that changes. And reads what another node says.
 */
import { leases } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { type NodeVerdict, verdictLease, verdictName, verdictOf } from '../../io/kube/verdict.ts';
import type { Ip } from '../../model/values/address.ts';

export interface VerdictDeps {
  readonly client: Pick<KubeClient, 'patch'>;
  readonly namespace: string;
  readonly nodeName: string;
  readonly signal: AbortSignal;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Called with the reason when it cannot be written, and with undefined when it could. */
  readonly report: (reason: string | undefined) => void;
}

/** Milliseconds between two attempts after a failure: the API server may be busy, or a right may be missing. */
const retryAfter = 10_000;

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

export class VerdictLease {
  readonly #deps: VerdictDeps;
  /** When each egress IP was on the node's interface last. */
  readonly #lastCarried = new Map<string, number>();
  #written: string | undefined;
  #isWriting = false;
  #failedAt = -Infinity;

  constructor(deps: VerdictDeps) {
    this.#deps = deps;
  }

  /**
   * Writes what the node carries and refuses if that is not what was written last. Called after each pass, so a change
   * that comes while another is written, or after a failure, is written after a later pass. Never throws.
   */
  async publish({ carried, refused }: NodeVerdict, nodeUid: string | undefined): Promise<void> {
    const { client, namespace, nodeName: node, signal, now, report } = this.#deps;
    this.#note(carried, refused);
    const sorted = new Map([...refused].sort(([a], [b]) => (a < b ? -1 : 1)));
    const lease = verdictLease(
      { node, nodeUid, namespace },
      { carried: new Set(this.#lastCarried.keys()), refused: sorted },
    );
    const text = JSON.stringify(lease);
    if (this.#isWriting || text === this.#written || now() - this.#failedAt < retryAfter) return;
    this.#isWriting = true;
    try {
      const options = { type: 'apply', fieldManager: 'sdn-compat-node', force: true, signal } as const;
      await client.patch(leases, { namespace, name: verdictName(node) }, lease, options);
      this.#written = text;
      report(undefined);
    } catch (error) {
      this.#failedAt = now();
      if (!signal.aborted) report(error instanceof Error ? error.message : String(error));
    } finally {
      this.#isWriting = false;
    }
  }

  /** One that was given up a moment ago still counts: it may be on its way to another node, which asks for it. */
  #note(carried: ReadonlySet<string>, refused: ReadonlyMap<string, string>): void {
    const now = this.#deps.now();
    for (const ip of carried) this.#lastCarried.set(ip, now);
    for (const [ip, at] of this.#lastCarried) if (refused.has(ip) || now - at >= moment) this.#lastCarried.delete(ip);
  }
}
