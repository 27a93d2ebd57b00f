/**
 * Parses long YAML lists as `oc get -o yaml` prints them in portions, because parsing them whole takes several times
 * the memory. A line at the indentation of a block sequence's items can only be the next item or the end of the list,
 * since everything inside an item is indented more.
 */
import { isRecord } from '../../model/values/json.ts';

/** The number of characters that are parsed at once. */
const usual = 1_000_000;

/**
 * Parses `text` as one document; returns undefined if it is not such a list or anything in it is unusual. Then it must
 * be parsed whole. `load` parses a text with one document, and throws.
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
    return undefined; // parsed whole it may be valid, or the error has the right line
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

/** The start of the first item at or after `from`. */
function nextItem(text: string, { from, end, indent }: Place): number {
  const found = text.indexOf(`\n${indent}- `, from);
  return found < 0 || found + 1 > end ? end : found + 1;
}

/** The start of the first line after the list. */
function endOfList(text: string, start: number, indent: string): number {
  const outside = new RegExp(`^(?! {${indent.length}}[ -]|[ ]*(#|$))`, 'mg');
  outside.lastIndex = start;
  return outside.exec(text)?.index ?? text.length;
}
