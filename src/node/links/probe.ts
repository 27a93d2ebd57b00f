/**
 * Asks the network whether somebody outside of the cluster has an address, before it comes to an interface of this node
 * (RFC 5227, section 2.1.1). Until nobody answers it is withheld: its namespace stays closed.
 */
import { inParallel } from '../../io/async/parallel.ts';
import { pause } from '../../io/async/pause.ts';
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import type { Logger } from '../../io/log.ts';
import { type Exec, must, type RunResult } from '../../io/programs/exec.ts';
import type { Ip } from '../../model/values/address.ts';
import { asText } from '../../model/values/json.ts';
import { answeringMac } from './arp.ts';
import { recordsOf } from './ip.ts';

export interface ProbeDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  /** Called when an address is withheld no longer, or for another reason. */
  readonly changed: () => void;
}

/** What a node is about to carry. */
export interface Question {
  readonly device: string;
  readonly wanted: Iterable<Ip>;
  /** Whether the address is already here, or was the cluster's a moment ago: then nobody is asked. */
  readonly isOurs: (ip: Ip) => boolean;
  /** The addresses of the other nodes: one that is cut off may still answer for an egress IP that moves here. */
  readonly nodes: readonly Ip[];
}

/** Addresses that this node may not carry yet: why, or undefined while the answer is awaited. */
export type Withheld = ReadonlyMap<Ip, string | undefined>;

/** Milliseconds between the two probes, the first of which may be lost, and until an address in use is asked for again. */
const second = 300;
const again = 10_000;
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

  constructor(deps: ProbeDeps) {
    this.#deps = deps;
    this.#queue = createQueue({ logger: deps.logger, concurrency: atOnce });
  }

  /** The wanted addresses that may not come here yet; those of which nothing is known are asked for. */
  withheld(question: Question): Withheld {
    this.#question = question;
    const wanted = new Set(question.wanted);
    for (const ip of this.#standing.keys()) if (!wanted.has(ip)) this.#standing.delete(ip);
    for (const ip of wanted) {
      if (this.#standing.has(ip)) continue;
      this.#standing.set(ip, question.isOurs(ip) ? null : undefined);
      if (this.#standing.get(ip) === undefined) this.#queue.add(ip);
    }
    return new Map([...this.#standing].flatMap(([ip, reason]) => (reason === null ? [] : [[ip, reason] as const])));
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
    const { device = '', nodes = [] } = this.#question ?? {};
    try {
      const mac = await this.#ask(device, ip, signal);
      if (mac === undefined || (await this.#isNode(mac, device, nodes, signal))) return null;
      return `egress IP ${ip} is in use outside of the cluster: ${mac} answers for it`;
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

  /** Whether that is the MAC of a node: one that the kernel knows, else each is asked. */
  async #isNode(mac: string, device: string, nodes: readonly Ip[], signal: AbortSignal): Promise<boolean> {
    const entries = recordsOf(await must(this.#deps.exec, 'ip', ['-j', '-4', 'neigh', 'show', 'dev', device]));
    const known = new Map(entries.map((entry) => [asText(entry['dst']), asText(entry['lladdr']).toLowerCase()]));
    if (nodes.some((node) => known.get(node) === mac)) return true;
    const unknown = nodes.filter((node) => (known.get(node) ?? '') === '');
    let isFound = false;
    await inParallel(unknown, atOnce, async (node) => {
      if (isFound || signal.aborted) return;
      const argv = ['-f', '-c', '1', '-w', '1', '-I', device, node];
      const { stdout } = await this.#deps.exec('arping', argv, { signal });
      if (answeringMac(stdout) === mac) isFound = true;
    });
    return isFound;
  }
}
