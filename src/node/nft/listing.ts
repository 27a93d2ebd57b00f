/**
 * Reads what `nft -j` prints about our sets and maps: whole tables, and changes of single elements. Somebody else may
 * have added elements that we never write; what cannot be read is told apart from what is not there.
 */
import { asList, isRecord } from '../../model/values/json.ts';
import { hex } from '../ovs/flow.ts';
import {
  contentFrom,
  type Element,
  elementsFrom,
  idOf,
  isMap,
  type Listing,
  type NftContent,
  type SetName,
  setNames,
  tableOf,
} from './elements.ts';
import { networkSets, nftTables } from './vocabulary.ts';

/** The text of a scalar, range, prefix, concatenation or verdict; undefined for anything else. */
function partText(part: unknown): string | undefined {
  if (typeof part === 'number') return hex(part);
  if (typeof part === 'string') return part === '' ? undefined : part;
  if (!isRecord(part)) return undefined;
  const { range, prefix, jump, concat } = part;
  if ('accept' in part) return 'accept';
  if (concat !== undefined) return joinedText(asList(concat).map(partText));
  if (isRecord(jump)) return `jump ${String(jump['target'])}`;
  if (isRecord(prefix)) return `${String(prefix['addr'])}/${String(prefix['len'])}`;
  const [first, last] = asList(range).map(partText);
  return first === undefined || last === undefined ? undefined : `${first}-${last}`;
}

/** The parts of a concatenation; undefined if one cannot be read. */
function joinedText(parts: readonly (string | undefined)[]): string | undefined {
  return parts.includes(undefined) ? undefined : parts.join(' . ');
}

/** What an element is about, without its comment and counters. One that ends by itself counts as none of ours. */
function bare(element: unknown): unknown {
  const wrapped = isRecord(element) ? element['elem'] : undefined;
  if (!isRecord(wrapped)) return element;
  return 'timeout' in wrapped || 'expires' in wrapped ? undefined : bare(wrapped['val']);
}

function pair(parts: readonly unknown[]): Element | undefined {
  const [key, value] = parts.map((part) => partText(bare(part)));
  return parts.length === 2 && key !== undefined && value !== undefined ? { key, value } : undefined;
}

/** An element: a scalar, a concatenation of two, or a pair of key and value. */
function parseElement(element: unknown): Element | undefined {
  const found = bare(element);
  if (Array.isArray(found)) return pair(found);
  if (isRecord(found) && 'concat' in found) return pair(asList(found['concat']));
  const key = partText(found);
  return key === undefined ? undefined : { key, value: undefined };
}

const isOf = (object: Readonly<Record<string, unknown>>, table: string): boolean =>
  `${String(object['family'])} ${String(object['table'])}` === table;

/** The elements of a set as nft lists them; undefined if the set is not there. */
function listed(items: readonly unknown[], name: SetName): readonly unknown[] | undefined {
  for (const item of items) {
    const object = isRecord(item) ? item[isMap(name) ? 'map' : 'set'] : undefined;
    if (isRecord(object) && object['name'] === name && isOf(object, tableOf[name])) return asList(object['elem']);
  }
  return undefined;
}

/** Parses what `nft -j` printed of our tables: a line of JSON for each list; throws SyntaxError if it is none. */
export function parseListing(printed: string): Listing {
  const lines = printed.split('\n').filter((line) => line !== '');
  const items = lines.flatMap((line) => {
    const document: unknown = JSON.parse(line);
    return isRecord(document) ? asList(document['nftables']) : [];
  });
  const found = new Map(
    setNames.flatMap((name) => {
      const elements = listed(items, name);
      return elements === undefined ? [] : [[name, elements.map(parseElement)] as const];
    }),
  );
  const readable = (name: SetName): Element[] =>
    (found.get(name) ?? []).filter((element): element is Element => element !== undefined);
  return {
    content: contentFrom((name) => elementsFrom(readable(name))),
    sets: new Set(found.keys()),
    isReadable: [...found.values()].every((elements) => elements.every((element) => element !== undefined)),
  };
}

/** The content of tables that have all our sets, and nothing that cannot be read; undefined for any others. */
export function wholeContent({ content, sets, isReadable }: Listing): NftContent | undefined {
  return isReadable && sets.size === setNames.length ? content : undefined;
}

const fixedSets: ReadonlySet<string> = new Set(
  [nftTables.nat, nftTables.guard].flatMap((table) => networkSets.map((set) => `${table} ${set}`)),
);
const changingSets: ReadonlyMap<string, SetName> = new Map(
  setNames.map((set) => [`${tableOf[set]} ${set}`, set] as const),
);

/** Whether the content differs from what is there after a change of one element that `nft -j monitor` printed. */
function isOther(content: NftContent, kind: string, event: Readonly<Record<string, unknown>>): boolean {
  const place = `${String(event['family'])} ${String(event['table'])} ${String(event['name'])}`;
  if (fixedSets.has(place)) return true;
  const set = changingSets.get(place);
  if (set === undefined) return false;
  const elements = isRecord(event['elem']) ? asList(event['elem']['set']) : [];
  return elements.map(parseElement).some((element) => {
    return element === undefined || content[set].has(idOf(element)) !== (kind === 'add');
  });
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * Whether the content differs from what is there after the changes of elements that `nft -j monitor` printed, by
 * whomever: our own changes make no difference to the content that we wrote.
 */
export function differsAfter(content: NftContent, printed: string): boolean {
  return printed.split('\n').some((line) => {
    const change = parseLine(line);
    if (!isRecord(change)) return false;
    return Object.entries(change).some(([kind, about]) => {
      const event = isRecord(about) ? about['element'] : undefined;
      return isRecord(event) && isOther(content, kind, event);
    });
  });
}
