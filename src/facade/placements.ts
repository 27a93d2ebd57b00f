/** Where egress IPs may be placed by us, and whether OVN-Kubernetes believes it: learned by a probe, and by what becomes of it. */
import { egressIPs } from '../../api/kinds.ts';
import { Backoff } from '../io/async/backoff.ts';
import { pause } from '../io/async/pause.ts';
import type { KubeClient } from '../io/kube/client.ts';
import type { ObjectCache } from '../io/kube/watch.ts';
import type { Logger } from '../io/log.ts';
import { assignedIn } from '../migrate/kinds/egressip.ts';
import type { KubeObject, NodeObject } from '../model/objects/raw.ts';
import { believesStatus } from './belief.ts';
import type { FacadeMetrics } from './metrics.ts';
import type { Place } from './plan/egressip.ts';
import { probeName } from './plan/marks.ts';
import { isAble, isInCloud } from './plan/nodes.ts';

export interface PlacementsDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly nodes: ObjectCache<NodeObject>;
  readonly metrics: Pick<FacadeMetrics, 'refused'>;
  /** Called when it has become known whether a placement is believed. */
  readonly onKnown: () => void;
}

/** In this time a manager that believes nothing has replaced a placement, in milliseconds. */
const patience = 1_500;
/** How long a placement counts as just asked for, in milliseconds. */
const recent = 5_000;
/** How often it is tried if the probe was disturbed, and for how long at least it pauses then, in milliseconds. */
const [attempts, disturbed] = [6, 500];
/** When to ask again if OVN-Kubernetes did nothing, in milliseconds. */
const again = 30_000;

interface Wanted {
  readonly egressIP: string;
  readonly node: string;
}

export class Placements {
  readonly #deps: PlacementsDeps;
  #believes: boolean | undefined;
  #question: Wanted | undefined;
  #wake: (() => void) | undefined;
  /** Until then nothing is asked, and nothing is placed: OVN-Kubernetes did nothing when it was asked. */
  #silentUntil = 0;
  readonly #refusals = new Backoff({ base: 60_000, most: 3_600_000, now: () => performance.now() });
  readonly #asked = new Map<string, { readonly node: string; readonly at: number }>();

  constructor(deps: PlacementsDeps) {
    this.#deps = deps;
  }

  /** Whether OVN-Kubernetes is known to choose nodes itself. */
  isUnbelieved(): boolean {
    return this.#believes === false;
  }

  /** What is known now. */
  placeFor(): Omit<Place, 'later'> {
    const { nodes } = this.#deps;
    return {
      believesStatus: this.#believes ?? (performance.now() < this.#silentUntil ? false : undefined),
      isAble: (name) => {
        const node = nodes.get(name);
        // the cloud would not hear of a placement that we write
        return node !== undefined && isAble(node) && !isInCloud(node);
      },
    };
  }

  /** Asks whether a placement is believed, unless that is asked already. */
  ask(wanted: Wanted): void {
    this.#question ??= wanted;
    this.#wake?.();
  }

  /** Takes note of the placements in an EgressIP that is being written. */
  asked(object: KubeObject): void {
    for (const [ip, node] of assignedIn(object)) this.#asked.set(ip, { node, at: performance.now() });
  }

  /** Sees what became of them. */
  saw(object: KubeObject): void {
    for (const [ip, node] of assignedIn(object)) {
      const asked = this.#asked.get(ip);
      if (asked === undefined || performance.now() - asked.at > recent) continue;
      if (asked.node === node || !this.placeFor().isAble(asked.node)) continue;
      this.#asked.delete(ip);
      this.#deps.metrics.refused();
      if (this.#believes === false) continue;
      this.#deps.logger.warn({ egressIP: ip, wanted: asked.node, node }, 'OVN-Kubernetes replaced a placement');
      this.#doubt();
    }
  }

  /** Answers questions until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    await this.#removeProbe(signal);
    while (!signal.aborted) {
      const question = this.#question;
      if (question === undefined || this.#believes !== undefined) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const answer = await this.#answer(question, signal);
      this.#question = undefined;
      // a node that can host nothing has its addresses taken by every build
      const isAnswer = answer === true || (answer === false && this.placeFor().isAble(question.node));
      if (isAnswer) this.#know(answer);
      else await this.#giveUp(signal);
    }
  }

  /** Asks until there is an answer, for a while: a write that fails, or another who probes too, says nothing. */
  async #answer(question: Wanted, signal: AbortSignal): Promise<boolean | 'silent' | undefined> {
    const { client, logger } = this.#deps;
    for (let attempt = 0; attempt < attempts && !signal.aborted; attempt += 1) {
      const answer = await believesStatus({ client, patience }, question, signal).catch((error: unknown) => {
        if (!signal.aborted) logger.warn({ err: error }, 'whether placements are believed could not be found out');
      });
      if (answer !== undefined) return answer;
      // two that disturb each other must not go on at the same pace
      await pause(disturbed * (1 + 3 * Math.random()), signal);
    }
    return undefined;
  }

  /** Removes a probe that an earlier run left: it would hold its address. */
  async #removeProbe(signal: AbortSignal): Promise<void> {
    const { client, logger } = this.#deps;
    await client.delete(egressIPs, { name: probeName }, { signal }).catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ err: error }, 'the EgressIP of an earlier probe could not be removed');
    });
  }

  /** Lets OVN-Kubernetes choose for a while. */
  async #giveUp(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#deps.logger.warn('OVN-Kubernetes does nothing about EgressIPs: for now it chooses their nodes itself');
    this.#silentUntil = performance.now() + again;
    this.#deps.onKnown();
    await pause(again, signal);
  }

  /** It may have been a node that OVN-Kubernetes did not reach: for a while nothing is placed, then it is asked again. */
  #doubt(): void {
    const { wait } = this.#refusals.failed('');
    this.#believes = undefined;
    this.#silentUntil = performance.now() + wait;
    this.#deps.onKnown();
  }

  #know(believes: boolean): void {
    this.#believes = believes;
    this.#deps.logger.info(
      { believes },
      believes ? 'egress IPs are placed by their status' : 'OVN-Kubernetes chooses the nodes of egress IPs itself',
    );
    this.#deps.onKnown();
  }
}
