/** Announces egress IPs to the neighbors by gratuitous ARP, and detects other hosts that claim them. */
import type { Logger } from '../../io/log.ts';
import type { Exec } from '../../io/programs/exec.ts';
import type { Ip } from '../../model/values/address.ts';

/**
 * Milliseconds until the announcement is repeated: some routers heed only one of request and reply, and the first may
 * be lost.
 */
const again = 2_000;
/** Milliseconds between two rounds while another host answers, too. */
const insist = 10_000;

/** The MAC of who answered, in what arping printed; undefined if nobody did. */
export function answeringMac(printed: string): string | undefined {
  return /\[([0-9A-Fa-f:]{17})\]/.exec(printed)?.[1]?.toLowerCase();
}

export interface AnnouncerDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Resolves after this many milliseconds, or at once when the signal aborts. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /**
   * Called with the MAC of another host that answers for an egress IP of this node; undefined when none does any more.
   */
  readonly onRival: (ip: Ip, mac: string | undefined) => void;
}

/** Announces egress IPs, each in the background. */
export class Announcer {
  readonly #deps: AnnouncerDeps;
  /** The egress IPs on this node; each has its own rounds, and one that is added again starts over. */
  readonly #here = new Map<Ip, object>();

  constructor(deps: AnnouncerDeps) {
    this.#deps = deps;
  }

  /** Starts announcing the egress IP on this device. */
  add(device: string, ip: Ip): void {
    const round = {};
    this.#here.set(ip, round);
    this.#announce(device, ip, () => this.#here.get(ip) === round && !this.#deps.signal.aborted).catch(
      (error: unknown) => {
        if (!this.#deps.signal.aborted) this.#deps.logger.warn({ ip, device, err: error }, 'gratuitous ARP failed');
      },
    );
  }

  /** Stops announcing the egress IP. */
  remove(ip: Ip): void {
    this.#here.delete(ip);
  }

  /**
   * Announces at once and again after 2 s, and then for as long as another host answers for the address: its former
   * node may be cut off from the API server and not know that it lost it.
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

  /**
   * Sends request and reply. Nobody answers gratuitous ARP, so only an error message shows that it could not be sent.
   */
  async #send(device: string, ip: Ip): Promise<void> {
    const { exec, logger, signal } = this.#deps;
    const sent = await Promise.all(
      ['-U', '-A'].map((kind) => exec('arping', ['-q', kind, '-c', '1', '-w', '1', '-I', device, ip], { signal })),
    );
    const reason = sent.find(({ status, stderr }) => status !== 0 && stderr.trim() !== '')?.stderr.trim();
    if (reason !== undefined) logger.warn({ ip, device, reason }, 'gratuitous ARP failed');
  }

  /** The MAC of another host that answers for the address (RFC 5227: probed without a sender address). */
  async #rival(device: string, ip: Ip): Promise<string | undefined> {
    const { stdout } = await this.#deps.exec('arping', ['-D', '-c', '2', '-w', '2', '-I', device, ip], {
      signal: this.#deps.signal,
    });
    return answeringMac(stdout);
  }
}
