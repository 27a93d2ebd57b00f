/** Tells users by Events what is wrong with their objects: what the model notes, once it has lasted a moment. */
import type { Report } from '../../io/events.ts';
import type { ObjectCache } from '../../io/kube/watch.ts';
import { pause } from '../../io/pause.ts';
import type { Cluster } from '../../model/cluster.ts';
import { notesOn, type Note } from '../../model/egress/notes.ts';
import type { EgressState } from '../../model/egress/state.ts';
import type { KubeObject, NetNamespaceObject, NodeObject } from '../../model/objects.ts';
import type { EgressView } from '../egressips/view.ts';
import { involved } from './involved.ts';

export interface NotesDeps {
  readonly view: EgressView;
  readonly netNamespaces: ObjectCache<NetNamespaceObject>;
  readonly nodes: ObjectCache<NodeObject>;
  readonly report: Report;
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
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await pause(again, AbortSignal.any([signal, woken.signal]));
    this.#wake = undefined;
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
    for (const note of notesOn(cluster, state)) {
      const key = [note.kind, note.name, note.code, note.message].join('\n');
      const last = this.#known.get(key);
      const isDue = last === undefined || now - last >= again;
      if (isDue) this.#report(note);
      told.set(key, isDue ? now : last);
    }
    this.#known = told;
  }

  #report({ kind, name, code, message }: Note): void {
    const objects: Readonly<Record<Note['kind'], KubeObject | undefined>> = {
      HostSubnet: this.#deps.view.objects.get(name),
      NetNamespace: this.#deps.netNamespaces.get(name),
      Node: this.#deps.nodes.get(name),
    };
    this.#deps.report({ object: involved(kind, name, objects[kind]), type: 'Warning', reason: code, message });
  }
}
