/** Brings what OVN-Kubernetes assigned to NetNamespaces and HostSubnets of the agents, step by step, as slowly as it. */
import { hostSubnets, netNamespaces } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isNotFound } from '../../io/kube/error.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import type { HostSubnetObject, KubeObject, NetNamespaceObject } from '../../model/objects/raw.ts';
import type { Traffic } from '../ovn/traffic.ts';
import { type EgressWanted, egressWanted, type Lists, type Steps, stepsTo, type Write } from './wanted.ts';

/** How long OVN-Kubernetes takes, in milliseconds. */
export interface Times {
  /** From a status or an EgressFirewall to packets. */
  readonly lag: number;
  /** For each pod that gets another next hop. */
  readonly perPod: number;
}

/** As seen: a status is in the Northbound database after 46 to 69 ms, and pods follow one after the other. */
export const seenTimes: Times = { lag: 55, perPod: 20 };

export interface EgressMirrorDeps {
  readonly underlay: KubeClient;
  readonly logger: Logger;
  readonly traffic: Traffic;
  readonly times: Times;
  readonly egressIPs: ObjectCache<KubeObject>;
  readonly netNamespaces: ObjectCache<NetNamespaceObject>;
  readonly hostSubnets: ObjectCache<HostSubnetObject>;
  /** The number of pods in a namespace. */
  readonly podsIn: (namespace: string) => number;
}

/** However many pods there are, all have their next hop after so many milliseconds. */
const longest = 800;

type Listed = Pick<NetNamespaceObject | HostSubnetObject, 'egressIPs' | 'metadata'>;

function listsOf(objects: readonly Listed[]): Lists {
  return new Map(objects.map(({ metadata, egressIPs }) => [metadata.name ?? '', egressIPs ?? []]));
}

export class EgressMirror {
  readonly #deps: EgressMirrorDeps;
  readonly #signal: AbortSignal;
  readonly #queue: WorkQueue;

  constructor(deps: EgressMirrorDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
    this.#queue = createQueue({ logger: deps.logger, baseDelay: 20, maxDelay: 1_000 });
  }

  /** Looks at everything soon. */
  look(): void {
    this.#queue.add('all');
  }

  async run(): Promise<void> {
    await this.#deps.egressIPs.synced;
    this.#deps.egressIPs.subscribe(() => this.look());
    this.#deps.traffic.subscribe(() => this.look());
    await this.#queue.process(() => this.#bring(), this.#signal);
  }

  /** Only what there are NetNamespaces and HostSubnets for. */
  #wanted(present: EgressWanted): EgressWanted {
    const { egressIPs, traffic } = this.#deps;
    const wanted = egressWanted(egressIPs.list(), traffic.serving);
    const among = (lists: Lists, names: Lists): Lists => new Map([...lists].filter(([name]) => names.has(name)));
    return { namespaces: among(wanted.namespaces, present.namespaces), nodes: among(wanted.nodes, present.nodes) };
  }

  /** The steps from what there is now. */
  #steps(): Steps {
    const { netNamespaces: ofNamespaces, hostSubnets: ofNodes } = this.#deps;
    const present = { namespaces: listsOf(ofNamespaces.list()), nodes: listsOf(ofNodes.list()) };
    return stepsTo(present, this.#wanted(present));
  }

  async #bring(): Promise<void> {
    const { times, podsIn } = this.#deps;
    if (this.#steps().every((step) => step.length === 0)) return;
    await pause(times.lag, this.#signal);
    const [namespacesLose, nodesLose, nodesGain, namespacesGain] = this.#steps();
    for (const step of [namespacesLose, nodesLose, nodesGain]) await this.#write(step);
    const gaining = namespacesGain.reduce((count, { name }) => count + podsIn(name), 0);
    await pause(Math.min(longest, gaining * times.perPod), this.#signal);
    await this.#write(namespacesGain);
  }

  async #write(writes: readonly Write[]): Promise<void> {
    const { underlay } = this.#deps;
    await Promise.all(
      writes.map(async ({ kind, name, egressIPs: ips }) => {
        const of = kind === 'node' ? hostSubnets : netNamespaces;
        await underlay
          .patch(of, { name }, { egressIPs: ips }, { type: 'merge', fieldManager: 'sdn-compat-lab-underlay' })
          .catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          });
      }),
    );
  }
}
