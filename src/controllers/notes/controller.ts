/** Tells users by Events what is wrong with their objects: what the model notes, once it has lasted a moment. */
import { egressNetworkPolicies, hostSubnets, netNamespaces, nodes } from '../../../api/kinds.ts';
import { type Involved, involved, type ReportEvent } from '../../io/events.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import { linkedSignal } from '../../io/linked-signal.ts';
import { pause } from '../../io/pause.ts';
import type { Cluster } from '../../model/cluster.ts';
import { type Note, notesOn } from '../../model/egress/notes.ts';
import type { EgressState } from '../../model/egress/state.ts';
import { egressPolicies, type PolicyNote } from '../../model/egresspolicy.ts';
import type { EgressNetworkPolicyObject, NetNamespaceObject, NodeObject } from '../../model/objects.ts';
import type { EgressView } from '../egressips/view.ts';

export interface NotesDeps {
  readonly view: EgressView;
  readonly netNamespaces: ObjectCache<NetNamespaceObject>;
  readonly nodes: ObjectCache<NodeObject>;
  readonly policies: ObjectCache<EgressNetworkPolicyObject>;
  readonly report: ReportEvent;
  /** Told of the state whenever it was looked at. */
  readonly onState: (cluster: Cluster, state: EgressState) => void;
  /** Whether IPs are being placed right now, so that much of what is wrong is so for a moment only. */
  readonly isBusy: () => boolean;
  /** Milliseconds that a thing must last before it is told. */
  readonly settle: number;
}

/** How often what is still wrong is told again, in milliseconds: Events are kept for an hour. */
const again = 30 * 60_000;
/** How long users are told nothing while IPs are being placed, in milliseconds. */
const mostPatience = 15_000;

export class NotesController {
  readonly #deps: NotesDeps;
  #known = new Map<string, number>();
  #isDue = true;
  #lookedAt = performance.now();
  #wake: (() => void) | undefined;

  constructor(deps: NotesDeps) {
    this.#deps = deps;
  }

  /** Something changed that may be wrong, or right, now. */
  changed(): void {
    this.#isDue = true;
    this.#wake?.();
  }

  /** Looks and tells until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      await pause(this.#deps.settle, signal);
      if (isOver()) return;
      const began = performance.now();
      if (this.#isDue && (!this.#deps.isBusy() || began - this.#lookedAt > mostPatience)) this.#look(began);
      // a big cluster's look takes long: it must not take more than a twentieth of the time
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
    const told = new Map<string, number>();
    const vnids = new Map(cluster.netNamespaces.map(({ name, vnid }) => [name, vnid]));
    for (const note of [...notesOn(cluster, state), ...egressPolicies(this.#deps.policies.list(), vnids).notes]) {
      const key = [
        'namespace' in note ? `EgressNetworkPolicy ${note.namespace}` : note.kind,
        note.name,
        note.code,
        note.message,
      ].join('\n');
      const last = this.#known.get(key);
      const isDue = last === undefined || now - last >= again;
      if (isDue)
        this.#deps.report({ object: this.#involved(note), type: 'Warning', reason: note.code, message: note.message });
      told.set(key, isDue ? now : last);
    }
    this.#known = told;
  }

  #involved(note: Note | PolicyNote): Involved {
    const { view, policies, netNamespaces: names, nodes: machines } = this.#deps;
    if ('namespace' in note)
      return involved(egressNetworkPolicies, note.name, policies.get(`${note.namespace}/${note.name}`));
    switch (note.kind) {
      case 'HostSubnet':
        return involved(hostSubnets, note.name, view.objects.get(note.name));
      case 'NetNamespace':
        return involved(netNamespaces, note.name, names.get(note.name));
      case 'Node':
        return involved(nodes, note.name, machines.get(note.name));
    }
  }
}
