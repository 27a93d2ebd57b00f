/** Gathers what changes touched, plan by plan, until it is checked, so that no plan between two passes is missed. */
import { affected, lostSources, mostLooks, type OwnedSource, type Selection, selectionArgs } from './affected.ts';
import { mayUse, type Ownership } from './stale.ts';

const sourceKey = ({ mark, translated }: OwnedSource): string => `${mark} ${translated}`;

export class Touched {
  #last: Ownership | undefined;
  #selections: Map<string, Selection> | 'all' = new Map();
  readonly #lost = new Map<string, OwnedSource>();

  /** Gathers what the step to this plan touches, before it is applied. */
  note(now: Ownership): void {
    const before = this.#last;
    this.#last = now;
    if (before === undefined) return;
    this.add(affected(before, now));
    for (const lost of lostSources(before, now)) this.#lost.set(sourceKey(lost), lost);
    for (const [key, { mark, translated }] of this.#lost) {
      if (mayUse(now, mark, translated)) this.#lost.delete(key);
    }
  }

  /** Gathers selections to check. */
  add(selections: readonly Selection[] | 'all'): void {
    if (this.#selections === 'all') return;
    if (selections !== 'all') {
      for (const one of selections) this.#selections.set(selectionArgs(one).join(' '), one);
    }
    if (selections === 'all' || this.#selections.size > mostLooks) this.#selections = 'all';
  }

  /** Whether there is nothing to check. */
  isEmpty(): boolean {
    return this.#selections !== 'all' && this.#selections.size === 0;
  }

  /** Takes the gathered selections. */
  takeSelections(): readonly Selection[] | 'all' {
    const taken = this.#selections === 'all' ? 'all' : [...this.#selections.values()];
    this.#selections = new Map();
    return taken;
  }

  /** Takes the sources that owners lost; all connections with them are stale. */
  takeLost(): readonly OwnedSource[] {
    const taken = [...this.#lost.values()];
    this.#lost.clear();
    return taken;
  }
}
