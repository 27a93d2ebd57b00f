/**
 * Long YAML lists as `oc get -o yaml` prints them, a part at a time: parsing them whole takes several times the memory.
 * A line that begins where the items of a block sequence do can only be the next item or the end of the list, since
 * whatever belongs to an item is indented further.
 */
import { isRecord } from '../model/json.ts';

/** Characters of items that are parsed at once. */
const usual = 1_000_000;

/**
 * The one document that `text` is, or undefined when it is not such a list or anything in it is unusual: then it must be
 * parsed whole. `load` parses a text of one document, and throws.
 */
export function loadLongList(text: string, load: (text: string) => unknown, part = usual): unknown {
  const [head = '', indent = ''] = /^(?:---\s*\n)?(?:[a-zA-Z]+:.*\n)*items:\n( *)(?=- )/.exec(text) ?? [];
  if (head === '' || text.length < 2 * part) return undefined;
  const start = head.length - indent.length;
  const end = endOfList(text, start, indent);
  const tail = text.slice(end);
  if (/^(---|\.\.\.)/m.test(tail)) return undefined;
  try {
    const rest = load(`${text.slice(0, start).replace(/items:\n$/, '')}${tail}`);
    return isRecord(rest) && !('items' in rest)
      ? { ...rest, items: itemsOf(text, { from: start, end, indent, part }, load) }
      : undefined;
  } catch {
    return undefined; // parsed whole it may be right, or the problem has its proper line
  }
}

interface Place {
  readonly from: number;
  readonly end: number;
  readonly indent: string;
  readonly part: number;
}

function itemsOf(
  text: string,
  { from, end, indent, part }: Place,
  load: (text: string) => unknown,
): readonly unknown[] {
  const items: unknown[] = [];
  for (let at = from; at < end;) {
    const next = nextItem(text, { from: at + part, end, indent, part });
    const loaded = load(text.slice(at, next));
    if (!Array.isArray(loaded)) throw new Error('not a list');
    for (const item of loaded) items.push(item);
    at = next;
  }
  return items;
}

/** Where the first item at or behind `from` begins. */
function nextItem(text: string, { from, end, indent }: Place): number {
  const found = text.indexOf(`\n${indent}- `, from);
  return found < 0 || found + 1 > end ? end : found + 1;
}

/** Where the first line begins that is not of the list. */
function endOfList(text: string, start: number, indent: string): number {
  const outside = new RegExp(`^(?! {${indent.length}}[ -]|[ ]*(#|$))`, 'mg');
  outside.lastIndex = start;
  return outside.exec(text)?.index ?? text.length;
}
