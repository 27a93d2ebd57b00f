/**
 * Asks the network whether somebody else has an address, before it comes to an interface of this node (RFC 5227, section
 * 2.1.1). Until nobody answers it is withheld: its namespace stays closed. One that another node carried, and that moves
 * here, is not asked for, nor one that this node gave up a moment ago.
 */
import { pause } from '../../io/async/pause.ts';
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import type { Logger } from '../../io/log.ts';
import { type Exec, must, type RunResult } from '../../io/programs/exec.ts';
import { inUseReason } from '../../model/egress/in-use.ts';
import type { Ip } from '../../model/values/address.ts';
import { asText } from '../../model/values/json.ts';
import { answeringMac } from './arp.ts';
import { recordsOf } from './ip.ts';

export interface ProbeDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  /** Called when an address is withheld no longer, or for another reason. */
  readonly changed: () => void;
  /** Whether the node carries the egress IP, or did last; undefined if that is not known. */
  readonly carriedBy: (node: string, ip: Ip) => Promise<boolean | undefined>;
}

/** Another node that has an egress IP by its HostSubnet. */
export interface Holder {
  readonly name: string;
  /** Undefined if its HostSubnet is gone. */
  readonly nodeIP: Ip | undefined;
}

/** What a node is about to carry. */
export interface Question {
  readonly device: string;
  readonly wanted: Iterable<Ip>;
  /** Whether the address is here as an egress IP: then nobody is asked. */
  readonly isHere: (ip: Ip) => boolean;
  /** The other node that has the address, or had it a moment ago. */
  readonly holderOf: (ip: Ip) => Holder | undefined;
}

/** Addresses that this node may not carry yet: why, or undefined while the answer is awaited. */
export type Withheld = ReadonlyMap<Ip, string | undefined>;

/** Milliseconds between the two probes, the first of which may be lost, and until an address in use is asked for again. */
const second = 300;
const again = 10_000;
/** Milliseconds for which nobody is asked for what this node gave up: a namespace that takes it back is not kept waiting. */
const recent = 60_000;
/** How many are asked at once. */
const atOnce = 32;

/** The MAC that answers for the address; throws if it cannot be asked for. */
function answerIn({ status, stdout, stderr }: RunResult): string | undefined {
  const mac = answeringMac(stdout);
  if (mac !== undefined || status === 0 || stderr.includes('is not ARPable')) return mac;
  throw new Error(stderr.trim() === '' ? `arping: exit status ${status}` : stderr.trim());
}

export class AddressProbes {
  readonly #deps: ProbeDeps;
  readonly #queue: WorkQueue;
  #question: Question | undefined;
  /** What is known of the wanted addresses: null if nobody outside has it, undefined while that is not known. */
  readonly #standing = new Map<Ip, string | undefined | null>();
  /** When this node gave up addresses that nobody else had, as `performance.now()` tells it. */
  readonly #givenUp = new Map<Ip, number>();

  constructor(deps: ProbeDeps) {
    this.#deps = deps;
    this.#queue = createQueue({ logger: deps.logger, concurrency: atOnce });
  }

  /** The wanted addresses that may not come here yet; those of which nothing is known are asked for. */
  withheld(question: Question): Withheld {
    this.#question = question;
    const wanted = new Set(question.wanted);
    this.#forget(wanted);
    for (const ip of wanted) {
      if (this.#standing.has(ip)) continue;
      this.#standing.set(ip, question.isHere(ip) || this.#givenUp.has(ip) ? null : undefined);
      if (this.#standing.get(ip) === undefined) this.#queue.add(ip);
    }
    return new Map([...this.#standing].flatMap(([ip, reason]) => (reason === null ? [] : [[ip, reason] as const])));
  }

  /** Forgets what is not wanted any more, and at last that it was here. */
  #forget(wanted: ReadonlySet<Ip>): void {
    const now = performance.now();
    for (const [ip, at] of this.#givenUp) if (now - at >= recent) this.#givenUp.delete(ip);
    for (const [ip, reason] of this.#standing) {
      if (wanted.has(ip)) continue;
      this.#standing.delete(ip);
      if (reason === null) this.#givenUp.set(ip, now);
      else this.#givenUp.delete(ip);
    }
  }

  /** Asks until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    const handle = async (key: string): Promise<number | undefined> => {
      const ip = [...this.#standing.keys()].find((one) => one === key);
      if (ip === undefined || this.#standing.get(ip) === null) return undefined;
      const reason = await this.#reasonAgainst(ip, signal);
      if (signal.aborted || !this.#standing.has(ip)) return undefined;
      const isNew = this.#standing.get(ip) !== reason;
      this.#standing.set(ip, reason);
      if (isNew) this.#deps.changed();
      return reason === null ? undefined : again;
    };
    return this.#queue.process(handle, signal);
  }

  async #reasonAgainst(ip: Ip, signal: AbortSignal): Promise<string | null> {
    const device = this.#question?.device ?? '';
    const holder = this.#question?.holderOf(ip);
    try {
      const isCarried = holder === undefined ? false : await this.#deps.carriedBy(holder.name, ip);
      if (isCarried === true) return null;
      const mac = await this.#ask(device, ip, signal);
      if (mac === undefined) return null;
      // a node that is cut off may still answer for an egress IP that moves here; any other address of a node is its own
      if (isCarried === undefined && (await this.#isOf(mac, device, holder?.nodeIP, signal))) return null;
      return inUseReason(ip, mac);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return `it is not known whether somebody has egress IP ${ip}: ${why}`;
    }
  }

  async #ask(device: string, ip: Ip, signal: AbortSignal): Promise<string | undefined> {
    const probe = async (delay: number): Promise<string | undefined> => {
      await pause(delay, signal);
      if (signal.aborted) return undefined;
      return answerIn(
        await this.#deps.exec('arping', ['-D', '-f', '-c', '1', '-w', '1', '-I', device, ip], { signal }),
      );
    };
    const [one, two] = await Promise.all([probe(0), probe(second)]);
    return one ?? two;
  }

  /** Whether that is the MAC of the node: the kernel knows it, or the node is asked. */
  async #isOf(mac: string, device: string, node: Ip | undefined, signal: AbortSignal): Promise<boolean> {
    if (node === undefined) return false;
    const entries = recordsOf(await must(this.#deps.exec, 'ip', ['-j', '-4', 'neigh', 'show', 'dev', device]));
    const known = entries.find((entry) => asText(entry['dst']) === node);
    const lladdr = asText(known?.['lladdr']).toLowerCase();
    if (lladdr !== '') return lladdr === mac;
    const { stdout } = await this.#deps.exec('arping', ['-f', '-c', '1', '-w', '1', '-I', device, node], { signal });
    return answeringMac(stdout) === mac;
  }
}
