/** Brings the NetworkPolicies that isolate namespaces to what the VNIDs say, under the multitenant plugin. */
import { networkPolicies } from '../../api/kinds.ts';
import { removeObject } from '../controllers/remove.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { involved, type ReportEvent } from '../io/kube/events.ts';
import type { Logger } from '../io/log.ts';
import { admittedBy } from '../migrate/targets/ovn/cluster/isolation.ts';
import { isolationPolicy } from '../migrate/targets/ovn/marks/origin.ts';
import type { NetworkPolicyObject } from '../model/objects/raw.ts';
import { sortedText } from '../model/values/json.ts';
import type { FacadeCaches } from './caches.ts';
import { Fights } from './fights.ts';
import { mergeInto } from './merge-into.ts';
import type { FacadeMetrics } from './metrics.ts';
import { type IsolationStep, isolationStep, type IsolationWish } from './plan/isolation.ts';
import { facadeManager } from './plan/marks.ts';
import type { World } from './world.ts';

export interface IsolationDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: Pick<FacadeCaches, 'isolation' | 'namespaces'>;
  readonly world: World;
  readonly metrics: Pick<FacadeMetrics, 'refused'>;
  readonly report: ReportEvent;
}

/** How long to wait before looking again at what others must do first, in milliseconds. */
const patience = 1_000;

export class Isolation {
  readonly #deps: IsolationDeps;
  readonly #fights = new Fights(() => performance.now());
  /** What was written for each namespace last: who must write it again has somebody against it. */
  readonly #written = new Map<string, string>();

  constructor(deps: IsolationDeps) {
    this.#deps = deps;
  }

  /** Whether there is anything to do for the namespace, of which this is wished. */
  isDue(namespace: string, wish: IsolationWish): boolean {
    return wish.kind === 'policy' || this.#live(namespace) !== undefined;
  }

  /** Does what is due for the namespace. Returns the milliseconds until the next look, if any. */
  async reconcile(namespace: string, signal: AbortSignal): Promise<number | undefined> {
    const { world } = this.#deps;
    const vnid = world.vnidOf(namespace);
    // it comes again when it has been translated; a namespace without a VNID is as it was
    if (vnid === undefined || world.isDirty(vnid)) return undefined;
    const wish = world.wishOf(vnid)?.namespaces.get(namespace)?.isolation;
    if (wish === undefined) return undefined;
    const live = this.#live(namespace);
    if (live !== undefined && wish.kind === 'policy' && this.#isUnsettled(live, wish)) return patience;
    const step = isolationStep(live, wish);
    switch (step.kind) {
      case 'nothing':
        return undefined;
      case 'foreign':
        this.#tell(namespace, live);
        return undefined;
      default:
        return this.#write(namespace, step, { live, wish }, signal);
    }
  }

  #live(namespace: string): NetworkPolicyObject | undefined {
    return this.#deps.caches.isolation.get(`${namespace}/${isolationPolicy}`);
  }

  /** Whether it admits a namespace that has no NetNamespace at the moment: nothing tells whether it still should. */
  #isUnsettled(live: NetworkPolicyObject, { policy }: Extract<IsolationWish, { kind: 'policy' }>): boolean {
    const { world, caches } = this.#deps;
    const wanted = new Set(admittedBy(policy));
    return (admittedBy(live) ?? []).some(
      (name) => !wanted.has(name) && world.vnidOf(name) === undefined && caches.namespaces.get(name) !== undefined,
    );
  }

  async #write(
    namespace: string,
    step: Extract<IsolationStep, { kind: 'create' | 'patch' | 'delete' }>,
    { live, wish }: { readonly live: NetworkPolicyObject | undefined; readonly wish: IsolationWish },
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { client, metrics, logger } = this.#deps;
    const text = wish.kind === 'policy' ? sortedText(wish.policy.spec) : '';
    if (this.#written.get(namespace) === text) {
      const left = this.#fights.next(namespace);
      if (left > 0) return left;
      metrics.refused();
    }
    if (step.kind === 'create')
      await client.create(networkPolicies, step.object, { signal, fieldManager: facadeManager });
    else if (live === undefined) return undefined;
    else if (step.kind === 'patch') await mergeInto(client, networkPolicies, { live, patch: step.patch }, signal);
    else await removeObject(client, networkPolicies, live, signal);
    if (step.kind === 'delete') this.#written.delete(namespace);
    else this.#written.set(namespace, text);
    logger.info({ namespace, step: step.kind }, 'the isolation of a namespace changes');
    return undefined;
  }

  #tell(namespace: string, live: NetworkPolicyObject | undefined): void {
    const message = `NetworkPolicy ${isolationPolicy} is there and was not made for this: the namespace is not isolated by its VNID`;
    const object = { ...involved(networkPolicies, isolationPolicy, live), namespace };
    this.#deps.report({ object, type: 'Warning', reason: 'NetworkPolicyOfOthers', message });
  }
}
