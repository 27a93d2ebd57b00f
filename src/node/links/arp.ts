/** Tells the neighbours, by gratuitous ARP, where an egress IP is now, and finds out who else says to have it. */
import type { Exec } from '../../io/exec.ts';
import type { Logger } from '../../io/log.ts';
import type { Ip } from '../../model/address.ts';

/** Milliseconds until it is told once more; some routers heed only one of request and reply, and the first may be lost. */
const again = 2_000;
/** Milliseconds between two rounds while somebody else answers, too. */
const insist = 10_000;

export interface AnnouncerDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Resolves after so many milliseconds, or at once when the signal aborts. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Told when another machine answers for an egress IP that is here, by its MAC; undefined when none does any more. */
  readonly onRival: (ip: Ip, mac: string | undefined) => void;
}

/** Announces egress IPs, each beside everything else. */
export class Announcer {
  readonly #deps: AnnouncerDeps;
  /** What is here; each has a round of its own, and one that is added again begins anew. */
  readonly #here = new Map<Ip, object>();

  constructor(deps: AnnouncerDeps) {
    this.#deps = deps;
  }

  /** The egress IP is on this device from now on. */
  add(device: string, ip: Ip): void {
    const round = {};
    this.#here.set(ip, round);
    this.#announce(device, ip, () => this.#here.get(ip) === round && !this.#deps.signal.aborted).catch(
      (error: unknown) => {
        if (!this.#deps.signal.aborted) this.#deps.logger.warn({ ip, device, err: error }, 'gratuitous ARP failed');
      },
    );
  }

  /** The egress IP is here no more. */
  remove(ip: Ip): void {
    this.#here.delete(ip);
  }

  /**
   * At once and again after 2 s, and then for as long as another machine answers for the address: the node that had it
   * may be cut off from the API server and not know that it lost it.
   */
  async #announce(device: string, ip: Ip, isHere: () => boolean): Promise<void> {
    const { signal, wait, onRival } = this.#deps;
    const second = wait(again, signal);
    await this.#send(device, ip);
    await second;
    let known: string | undefined;
    while (isHere()) {
      await this.#send(device, ip);
      const rival = await this.#rival(device, ip);
      if (!isHere()) break;
      if (rival !== known) onRival(ip, rival);
      known = rival;
      if (rival === undefined) return;
      await wait(insist, signal);
    }
    if (known !== undefined) onRival(ip, undefined);
  }

  /** Request and reply. Nobody answers a gratuitous ARP, so only a message says that it could not be sent. */
  async #send(device: string, ip: Ip): Promise<void> {
    const { exec, logger, signal } = this.#deps;
    const sent = await Promise.all(
      ['-U', '-A'].map((kind) => exec('arping', ['-q', kind, '-c', '1', '-w', '1', '-I', device, ip], { signal })),
    );
    const reason = sent.find(({ status, stderr }) => status !== 0 && stderr.trim() !== '')?.stderr.trim();
    if (reason !== undefined) logger.warn({ ip, device, reason }, 'gratuitous ARP failed');
  }

  /** The MAC of another machine that answers for the address (RFC 5227: asked for without a sender's address). */
  async #rival(device: string, ip: Ip): Promise<string | undefined> {
    const { stdout } = await this.#deps.exec('arping', ['-D', '-c', '2', '-w', '2', '-I', device, ip], {
      signal: this.#deps.signal,
    });
    return /\[([0-9A-Fa-f:]{17})\]/.exec(stdout)?.[1]?.toLowerCase();
  }
}
