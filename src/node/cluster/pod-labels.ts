/**
 * The labels of the pods of this node, followed while a namespace selects its pods by finer rules. They are known by the
 * uid of the pod: another one may get its name, or its address.
 */
import isEqual from 'lodash/isEqual.js';
import { pods } from '../../../api/kinds.ts';
import { linkedSignal } from '../../io/async/linked-signal.ts';
import { pause } from '../../io/async/pause.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { type ObjectCache, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import type { PodObject } from '../../model/objects/raw.ts';
import type { Labels } from '../../model/objects/selector.ts';
import { only } from '../../model/values/only.ts';
import { OnNeed } from './on-need.ts';

interface PodLabelsOptions {
  readonly node: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Called when labels have changed. */
  readonly changed: () => void;
}

/** What is kept of a pod. */
const labelsPart = ({ metadata }: PodObject): PodObject => ({
  metadata: only(metadata, ['name', 'namespace', 'uid', 'resourceVersion', 'labels']),
});

const none: Labels = {};

/** Notes the labels of a pod that changed; returns whether they are others. */
function note(byUid: Map<string, Labels>, before: PodObject | undefined, after: PodObject | undefined): boolean {
  const [was, is] = [before?.metadata.uid ?? '', after?.metadata.uid ?? ''];
  const [had, has] = [byUid.get(was), is === '' ? undefined : (after?.metadata.labels ?? none)];
  byUid.delete(was);
  if (has !== undefined) byUid.set(is, has);
  return was !== is || !isEqual(had, has);
}

export class PodLabels {
  readonly #client: KubeClient;
  readonly #options: PodLabelsOptions;
  readonly #pods: OnNeed<PodObject>;
  #byUid = new Map<string, Labels>();
  /** The namespaces that select their pods. */
  readonly #selecting = new Set<string>();

  /** Reads nothing yet. */
  constructor(client: KubeClient, options: PodLabelsOptions) {
    this.#client = client;
    this.#options = options;
    this.#pods = new OnNeed({
      ...options,
      begins: 'finer rules of a namespace select pods: the labels of those of this node are followed',
      ends: 'no finer rules select pods: their labels are not followed',
      follow: (signal) => this.#follow(signal),
    });
  }

  /** Says whether a namespace selects its pods. */
  need(namespace: string, selects: boolean): void {
    if (selects) this.#selecting.add(namespace);
    else this.#selecting.delete(namespace);
    this.#pods.need(this.#selecting.size > 0);
  }

  /** Resolves once they are known, if they are needed, or after these milliseconds. */
  async settled(within: number): Promise<void> {
    const { signal, abort, release } = linkedSignal(this.#options.signal);
    try {
      await Promise.race([this.#pods.settled(), pause(within, signal)]);
    } finally {
      abort();
      release();
    }
  }

  /** The labels of the pod with this uid; undefined if they are not known. */
  of(uid: string): Labels | undefined {
    return this.#pods.areKnown ? this.#byUid.get(uid) : undefined;
  }

  #follow(signal: AbortSignal): ObjectCache<PodObject> {
    const { node, logger, changed } = this.#options;
    const byUid = new Map<string, Labels>();
    this.#byUid = byUid;
    // not from a cache: late labels could let out a pod that is covered by now
    const options = { logger, keep: labelsPart, fieldSelector: `spec.nodeName=${node}` };
    const cache = watchKind<PodObject>(this.#client, pods, options, signal);
    cache.subscribe(({ before, after }) => {
      if (note(byUid, before, after)) changed();
    }, changed);
    return cache;
  }
}
