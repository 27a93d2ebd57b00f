/** Reports problems with users' objects as Events, once a problem has lasted a moment. */
import { clusterNetworks, egressNetworkPolicies, hostSubnets, netNamespaces, nodes } from '../../../api/kinds.ts';
import { linkedSignal } from '../../io/async/linked-signal.ts';
import { pause } from '../../io/async/pause.ts';
import { type Involved, involved, type ReportEvent } from '../../io/kube/events.ts';
import type { Cluster } from '../../model/cluster/cluster.ts';
import { type Backend, notesOn } from '../../model/cluster/notes.ts';
import type { EgressState } from '../../model/egress/state.ts';
import { egressPolicies } from '../../model/policy/egresspolicy.ts';
import type { Caches } from '../caches.ts';
import type { EgressView } from '../egressips/view.ts';
import type { Subscribe } from '../listeners.ts';
import type { Reconciler } from '../reconciler.ts';
import { again, type AnyNote, dueNotes, type Reported } from './plan.ts';

export interface NotesDeps {
  readonly view: EgressView;
  readonly caches: Pick<Caches, 'netNamespaces' | 'networks' | 'nodes' | 'policies'>;
  readonly report: ReportEvent;
  /** Reports every change that may begin or end a problem, except changes to policies. */
  readonly onChange: Subscribe;
  /** Called with the state at each look. */
  readonly onState: (cluster: Cluster, state: EgressState) => void;
  /** Whether IPs are being assigned right now, so that many problems last only a moment. */
  readonly isBusy: () => boolean;
  /** Milliseconds that a problem must last before it is reported. */
  readonly settle: number;
  readonly backend?: Backend;
}

/** How long nothing is reported while IPs are being assigned, in milliseconds. */
const mostPatience = 15_000;

export class NotesController implements Reconciler {
  readonly name = 'notes';
  readonly wokenBy: Reconciler['wokenBy'];
  readonly #deps: NotesDeps;
  #known: Reported = new Map();
  #isDue = true;
  #lookedAt = performance.now();
  #wake: (() => void) | undefined;

  constructor(deps: NotesDeps) {
    this.#deps = deps;
    const changed = (): void => this.#changed();
    this.wokenBy = [() => deps.onChange(changed), () => deps.caches.policies.subscribe(changed)];
  }

  #changed(): void {
    this.#isDue = true;
    this.#wake?.();
  }

  /** Looks for problems and reports them until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      await pause(this.#deps.settle, signal);
      if (isOver()) return;
      const began = performance.now();
      if (this.#isDue && (!this.#deps.isBusy() || began - this.#lookedAt > mostPatience)) this.#look(began);
      // a look at a big cluster takes long: it must not take more than a twentieth of the time
      await pause((performance.now() - began) * 20, signal);
      if (!this.#isDue) await this.#sleep(signal);
    }
  }

  async #sleep(signal: AbortSignal): Promise<void> {
    const woken = linkedSignal(signal);
    this.#wake = woken.abort;
    await pause(again, woken.signal);
    this.#wake = undefined;
    woken.release();
    this.#isDue = true;
  }

  #look(now: number): void {
    this.#isDue = false;
    this.#lookedAt = now;
    const { view, onState } = this.#deps;
    const cluster = view.cluster();
    const state = view.tracker.state();
    onState(cluster, state);
    const vnids = new Map(cluster.netNamespaces.map(({ name, vnid }) => [name, vnid]));
    const policies = egressPolicies(this.#deps.caches.policies.list(), vnids);
    const { due, reported } = dueNotes(
      [...notesOn(cluster, state, this.#deps.backend), ...policies.notes],
      this.#known,
      now,
    );
    for (const note of due) {
      const { code: reason, message } = note;
      this.#deps.report({ object: this.#involved(note), type: 'Warning', reason, message });
    }
    this.#known = reported;
  }

  #involved(note: AnyNote): Involved {
    const { view, caches } = this.#deps;
    if ('namespace' in note)
      return involved(egressNetworkPolicies, note.name, caches.policies.get(`${note.namespace}/${note.name}`));
    switch (note.kind) {
      case 'HostSubnet':
        return involved(hostSubnets, note.name, view.objects.get(note.name));
      case 'NetNamespace':
        return involved(netNamespaces, note.name, caches.netNamespaces.get(note.name));
      case 'Node':
        return involved(nodes, note.name, caches.nodes.get(note.name));
      case 'ClusterNetwork':
        return involved(clusterNetworks, note.name, caches.networks.get(note.name));
    }
  }
}
