/** Parses the output of `ovs-ofctl -O OpenFlow13 --no-names --no-stats dump-flows`, `dump-groups` and `dump-meters`. */
import { type Action, type Flow, type Group, type Match, matchFields, type Meter, protocols } from './flow.ts';
import { cookie, defaultPriority } from './pipeline.ts';
import { vnidToCtMark } from './render.ts';

const fieldNames: ReadonlySet<string> = new Set(matchFields);
const protocolNames: ReadonlySet<string> = new Set(protocols);

/** Splits a list; separators inside parentheses do not count. */
function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

type Noted = Pick<Extract<Action, { kind: 'ct' }>, 'mark' | 'vnid' | 'label'>;

const number = '(0x[0-9a-f]+|\\d+)';
const noted = new RegExp(
  `^set_field:${number}->ct_mark(,${vnidToCtMark.replaceAll(/[.[\]]/g, '\\$&')})?(?:,set_field:${number}->ct_label)?$`,
);

/** Parses what is noted about a connection, in the order in which we write it. */
function parseNoted(text: string): Noted | undefined {
  const [, mark, vnid, label] = noted.exec(text) ?? [];
  if (mark === undefined) return undefined;
  return {
    mark: Number(mark),
    ...(vnid === undefined ? {} : { vnid: true }),
    ...(label === undefined ? {} : { label: Number(label) }),
  };
}

function parseCt(text: string): Action | undefined {
  let action: Extract<Action, { kind: 'ct' }> = { kind: 'ct', commit: false };
  for (const part of splitTop(text)) {
    const [, tableText] = /^table=(\d+)$/.exec(part) ?? [];
    const fields = /^exec\((.*)\)$/.exec(part)?.[1];
    if (part === 'commit') action = { ...action, commit: true };
    else if (part === 'nat') action = { ...action, nat: true };
    else if (tableText !== undefined) action = { ...action, table: Number(tableText) };
    else if (fields !== undefined) {
      const notes = parseNoted(fields);
      if (notes === undefined) return undefined;
      action = { ...action, ...notes };
    } else return undefined;
  }
  return action;
}

const simple: readonly [RegExp, (first: string, second: string) => Action | undefined][] = [
  [/^output:(\d+)$/, (first) => ({ kind: 'output', port: Number(first) })],
  [/^output:([A-Z_0-9]+\[.*\])$/, (first) => ({ kind: 'outputRegister', register: first })],
  [/^goto_table:(\d+)$/, (first) => ({ kind: 'goto', table: Number(first) })],
  [/^resubmit\(,(\d+)\)$/, (first) => ({ kind: 'resubmit', table: Number(first) })],
  [/^group:(\d+)$/, (first) => ({ kind: 'group', id: Number(first) })],
  [/^set_field:(.+)->([a-z_0-9]+)$/, (first, second) => ({ kind: 'set', field: second, value: first })],
  [/^move:(.+)->(.+)$/, (first, second) => ({ kind: 'move', from: first, to: second })],
  [/^ct\((.*)\)$/, (first) => parseCt(first)],
  [/^meter:(\d+)$/, (first) => ({ kind: 'meter', id: Number(first) })],
  [/^note:([0-9a-f.]+)$/, (first) => ({ kind: 'note', bytes: first })],
];

function parseAction(text: string): Action | undefined {
  for (const [pattern, make] of simple) {
    const found = pattern.exec(text);
    if (found !== null) return make(found[1] ?? '', found[2] ?? '');
  }
  return undefined;
}

/** Parses actions; undefined if one of them is not one that we write. */
export function parseActions(text: string): Action[] | undefined {
  if (text === 'drop') return [];
  const actions: Action[] = [];
  for (const part of splitTop(text)) {
    const action = parseAction(part);
    if (action === undefined) return undefined;
    actions.push(action);
  }
  return actions;
}

/** A flow that was read. `text` is its match in ovs-ofctl's syntax, for deleting it if it is not ours. */
export interface ReadFlow {
  readonly table: number;
  readonly priority: number;
  readonly cookie: number;
  readonly text: string;
  /** Undefined if it has a field or an action that we never write. */
  readonly flow: Flow | undefined;
}

function parseMatch(parts: readonly string[]): Match | undefined {
  const entries: [string, string | number][] = [];
  for (const part of parts) {
    const at = part.indexOf('=');
    const name = at < 0 ? 'proto' : part.slice(0, at);
    const value = at < 0 ? part : part.slice(at + 1);
    if (at < 0 ? !protocolNames.has(value) : !fieldNames.has(name)) return undefined;
    const isPort = name === 'in_port';
    if (isPort && !/^\d+$/.test(value)) return undefined; // LOCAL and the like
    entries.push([name, isPort ? Number(value) : value]);
  }
  return Object.fromEntries(entries);
}

function toFlow(
  read: Omit<ReadFlow, 'flow' | 'text'>,
  matchParts: readonly string[],
  actionText: string,
): Flow | undefined {
  const match = parseMatch(matchParts);
  const actions = parseActions(actionText);
  if (match === undefined || actions === undefined) return undefined;
  const { table, priority } = read;
  return { table, priority, match, actions, ...(read.cookie === cookie ? {} : { cookie: read.cookie }) };
}

/** Attributes of a flow besides its match, which no flow of ours has; `delete_strict` accepts none of them. */
const attribute =
  /^((idle_timeout|hard_timeout|importance)=.*|send_flow_rem|check_overlap|reset_counts|no_packet_counts|no_byte_counts)$/;

function parseLine(line: string): ReadFlow | undefined {
  const [, left, right] = /^(.*?),?\s*\bactions=(.*)$/.exec(line) ?? [];
  if (left === undefined || right === undefined) return undefined;
  let read = { cookie: 0, table: 0, priority: defaultPriority };
  const rest: string[] = [];
  let isOurs = true;
  for (const part of left.split(/,\s*|\s+/)) {
    const [, name, value] = /^(cookie|table|priority)=(\S+)$/.exec(part) ?? [];
    if (name !== undefined) read = { ...read, [name]: Number(value) };
    else if (attribute.test(part)) isOurs = false;
    else if (part !== '') rest.push(part);
  }
  return { ...read, text: rest.join(','), flow: isOurs ? toFlow(read, rest, right) : undefined };
}

/** All flows of a dump. Skips lines that are not flows (headers). */
export function parseFlows(dump: string): ReadFlow[] {
  const flows: ReadFlow[] = [];
  for (const line of dump.split('\n')) {
    const read = line.includes('actions=') ? parseLine(line.trim()) : undefined;
    if (read !== undefined) flows.push(read);
  }
  return flows;
}

/** All groups of a dump; `group` is undefined if it is not one that we write. */
export function parseGroups(dump: string): { readonly id: number; readonly group: Group | undefined }[] {
  const groups: { id: number; group: Group | undefined }[] = [];
  for (const line of dump.split('\n')) {
    const [, id, type, rest] = /^\s*group_id=(\d+),type=([a-z_]+)(.*)$/.exec(line) ?? [];
    if (id === undefined || rest === undefined) continue;
    const buckets = rest
      .split(/,bucket=(?:[a-z_0-9:,]*?)actions=/)
      .slice(1)
      .map(parseActions);
    const known = type === 'select' && buckets.every((bucket) => bucket !== undefined);
    const group = { id: Number(id), buckets: buckets.filter((bucket) => bucket !== undefined) };
    groups.push({ id: Number(id), group: known ? group : undefined });
  }
  return groups;
}

/** All meters of a dump; `meter` is undefined if it is not one that we write. */
export function parseMeters(dump: string): { readonly id: number; readonly meter: Meter | undefined }[] {
  return dump.split(/(?=\bmeter=)/).flatMap((text) => {
    const [, number, rest = ''] = /^meter=(\d+)([^]*)$/.exec(text) ?? [];
    if (number === undefined) return [];
    const id = Number(number);
    const [, rate, burst] =
      /^[ ,]kbps[ ,]burst[ ,]bands=\s*type=drop[ ,]rate=(\d+)[ ,]burst_size=(\d+)\s*$/.exec(rest) ?? [];
    return [{ id, meter: rate === undefined ? undefined : { id, rate: Number(rate), burst: Number(burst) } }];
  });
}
