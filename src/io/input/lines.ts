/** Finds the line of a field in a YAML or JSON text. Used only to report problems. */
import { type Event, EVENT_ID, getScalarValue, parseEvents } from 'js-yaml';

/** Keys and indexes that lead to a field. */
export type Steps = readonly (string | number)[];

/** An open mapping or sequence, and the step of its next entry. */
interface Open {
  /** The number of steps that lead to it; -1 if it is not on the path. */
  readonly matched: number;
  readonly isMapping: boolean;
  index: number;
  key: string | undefined;
}

/** The line, counted from 1, of the field at the steps in this document, or of the nearest enclosing one. */
export function lineOf(text: string, document: number, steps: Steps): number {
  const offset = new Locator(text, steps).find(document);
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

class Locator {
  readonly #text: string;
  readonly #steps: Steps;
  readonly #open: Open[] = [];
  #matched = -1;
  #offset = 0;

  constructor(text: string, steps: Steps) {
    this.#text = text;
    this.#steps = steps;
  }

  /** The offset of the field, or of the nearest enclosing one. */
  find(document: number): number {
    let current = -1;
    let depth = 0;
    for (const event of parseEvents(this.#text, {})) {
      if (event.type === EVENT_ID.DOCUMENT) current++;
      if (event.type === EVENT_ID.POP) depth--;
      else if (event.type !== EVENT_ID.SCALAR && event.type !== EVENT_ID.ALIAS) depth++;
      if (current === document) this.#take(event, depth);
    }
    return this.#offset;
  }

  #take(event: Event, depth: number): void {
    if (event.type === EVENT_ID.DOCUMENT) return;
    if (event.type === EVENT_ID.POP) {
      if (depth > 0) this.#open.pop();
      return;
    }
    const parent = this.#open.at(-1);
    if (parent?.isMapping === true && parent.key === undefined && event.type === EVENT_ID.SCALAR) {
      parent.key = getScalarValue(this.#text, event);
      return;
    }
    const matched = this.#matchedBy(parent);
    if (matched > this.#matched) {
      this.#matched = matched;
      this.#offset = startOf(event);
    }
    if (event.type === EVENT_ID.SCALAR || event.type === EVENT_ID.ALIAS) return;
    this.#open.push({ matched, isMapping: event.type === EVENT_ID.MAPPING, index: 0, key: undefined });
  }

  /** The number of steps that lead to the next value in `parent`; advances in it. */
  #matchedBy(parent: Open | undefined): number {
    if (parent === undefined) return 0;
    const step = parent.isMapping ? parent.key : parent.index++;
    parent.key = undefined;
    if (parent.matched < 0 || String(step) !== String(this.#steps[parent.matched])) return -1;
    return parent.matched + 1;
  }
}

function startOf(event: Exclude<Event, { readonly type: typeof EVENT_ID.DOCUMENT | typeof EVENT_ID.POP }>): number {
  if (event.type === EVENT_ID.SCALAR) return event.valueStart;
  return event.type === EVENT_ID.ALIAS ? event.anchorStart : event.start;
}
