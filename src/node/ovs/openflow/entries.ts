/** Flows and groups as OpenFlow writes them (OpenFlow 1.3.5, 7.3.4), in requests and in what a switch tells of them. */
import { memoized } from '../../values/memo.ts';
import type { Flow, Group } from '../flow.ts';
import { cookie } from '../pipeline.ts';
import { decodeActions, decodeInstructions, encodeActions, encodeInstructions } from './actions.ts';
import { ByteReader, type ByteString, inOnePiece, padded, paddingOf, uint, zeros } from './bytes.ts';
import { decodeMatch, encodeMatch } from './match.ts';

/** A flow in two parts: two flows with the same key are the same flow for a switch. */
export interface FlowEntry {
  /** Table, priority and match. */
  readonly key: ByteString;
  /** Time limits, flags, cookie and instructions. */
  readonly body: ByteString;
}

/** A group; `body` has its type and buckets. */
export interface GroupEntry {
  readonly id: number;
  readonly body: ByteString;
}

const any = 0xffffffff;
const allTables = 0xff;
const flowCommand = { add: 0, deleteStrict: 4 } as const;
const groupCommand = { add: 0, modify: 1, delete: 2 } as const;
const groupType = { all: 0, select: 1 } as const;
/** Of each bucket of ours, so that all are taken as often. */
const weight = 1;

/** A match with its own header, its length, and padding that this does not count. */
function wrapped(match: ByteString): ByteString {
  return padded(uint(1, 2) + uint(4 + match.length, 2) + match);
}

/** The entry of a flow of ours, the same for the same object; throws Error if it cannot be written. */
export const flowEntry = memoized((flow: Flow): FlowEntry => ({
  key: inOnePiece(uint(flow.table, 1) + uint(flow.priority, 2) + encodeMatch(flow.match)),
  body: inOnePiece(zeros(6) + uint(0, 4) + uint(flow.cookie ?? cookie, 4) + encodeInstructions(flow.actions)),
}));

/** What is decoded; undefined where bytes end too early, too. */
function decoded<T>(decode: () => T | undefined): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

/** The flow of an entry; undefined if it has what we never write. */
export const flowOf = (entry: FlowEntry): Flow | undefined => decoded(() => decodeFlow(entry));

function decodeFlow({ key, body }: FlowEntry): Flow | undefined {
  const [first, second] = [new ByteReader(key), new ByteReader(body)];
  const [table, priority] = [first.uint(1), first.uint(2)];
  const limits = second.take(6);
  const [upper, lower] = [second.uint(4), second.uint(4)];
  const match = decodeMatch(first.take(first.left));
  const actions = decodeInstructions(second.take(second.left));
  if (/[^\0]/.test(limits) || upper !== 0 || match === undefined || actions === undefined) return undefined;
  return { table, priority, match, actions, ...(lower === cookie ? {} : { cookie: lower }) };
}

/** The bodies of messages that add a flow, or replace it, and that delete it. */
export function addFlow({ key, body }: FlowEntry): ByteString {
  const [limits, flags, ours, instructions] = [body.slice(0, 4), body.slice(4, 6), body.slice(6, 14), body.slice(14)];
  return flowMod(flowCommand.add, key, { limits, flags, cookie: ours, instructions });
}

export function deleteFlow(key: ByteString): ByteString {
  return flowMod(flowCommand.deleteStrict, key, {
    limits: zeros(4),
    flags: zeros(2),
    cookie: zeros(8),
    instructions: '',
  });
}

function flowMod(
  command: number,
  key: ByteString,
  parts: Readonly<Record<'limits' | 'flags' | 'cookie' | 'instructions', ByteString>>,
): ByteString {
  const [table, priority, match] = [key.slice(0, 1), key.slice(1, 3), key.slice(3)];
  return [
    ...[parts.cookie, zeros(8), table, uint(command, 1), parts.limits, priority],
    ...[uint(any, 4), uint(any, 4), uint(any, 4), parts.flags, zeros(2)],
    ...[wrapped(match), parts.instructions],
  ].join('');
}

/** The body of a request for all flows. */
export const allFlows: ByteString = [
  ...[uint(allTables, 1), zeros(3), uint(any, 4), uint(any, 4), zeros(4)],
  ...[zeros(8), zeros(8), wrapped('')],
].join('');

/** A flow that a switch tells of. */
export interface ReportedFlow extends FlowEntry {
  readonly packets: number;
}

/** Yields the flows in a part of the answer to `allFlows`; throws RangeError if one ends too early. */
export function* reportedFlows(part: Buffer): Generator<ReportedFlow> {
  for (let at = 0; at < part.length;) {
    const length = part.readUInt16BE(at);
    const [matchLength, end] = [part.readUInt16BE(at + 50), at + length];
    const match = at + 52;
    const instructions = at + 48 + matchLength + paddingOf(matchLength);
    if (length < 56 || matchLength < 4 || instructions > end || end > part.length)
      throw new RangeError(`a flow of ${length} bytes with a match of ${matchLength}`);
    const text = (from: number, to: number): ByteString => part.toString('latin1', from, to);
    yield {
      key: text(at + 2, at + 3) + text(at + 12, at + 14) + text(match, at + 48 + matchLength),
      body: text(at + 14, at + 20) + text(at + 24, at + 32) + text(instructions, end),
      packets: Number(part.readBigUInt64BE(at + 32)),
    };
    at = end;
  }
}

/** The entry of a group of ours. */
export const groupEntry = memoized((group: Group): GroupEntry => {
  const buckets = group.buckets.map((actions) => {
    const bytes = encodeActions(actions);
    return uint(16 + bytes.length, 2) + uint(weight, 2) + uint(any, 4) + uint(any, 4) + zeros(4) + bytes;
  });
  return { id: group.id, body: inOnePiece(uint(groupType.select, 1) + buckets.join('')) };
});

/** The group of an entry; undefined if it has what we never write. */
export const groupOf = (entry: GroupEntry): Group | undefined => decoded(() => decodeGroup(entry));

function decodeGroup({ id, body }: GroupEntry): Group | undefined {
  const reader = new ByteReader(body);
  if (reader.uint(1) !== groupType.select) return undefined;
  const buckets = [];
  while (reader.left > 0) {
    const bucket = new ByteReader(reader.take(reader.uint(2) - 2));
    if (bucket.uint(2) !== weight || bucket.uint(4) !== any || bucket.uint(4) !== any) return undefined;
    bucket.skip(4);
    const actions = decodeActions(bucket.take(bucket.left));
    if (actions === undefined) return undefined;
    buckets.push(actions);
  }
  return { id, buckets };
}

const groupMod = (command: number, type: ByteString, id: number, buckets: ByteString): ByteString =>
  uint(command, 2) + type + zeros(1) + uint(id, 4) + buckets;

/** The bodies of messages that add a group, change it, and delete it with the flows that use it. */
export const addGroup = ({ id, body }: GroupEntry): ByteString =>
  groupMod(groupCommand.add, body.slice(0, 1), id, body.slice(1));
export const modifyGroup = ({ id, body }: GroupEntry): ByteString =>
  groupMod(groupCommand.modify, body.slice(0, 1), id, body.slice(1));
export const deleteGroup = (id: number): ByteString => groupMod(groupCommand.delete, uint(groupType.all, 1), id, '');

/** Yields the groups in a part of the answer to a request for all groups; throws RangeError if one ends too early. */
export function* reportedGroups(part: Buffer): Generator<GroupEntry> {
  for (let at = 0; at < part.length;) {
    const end = at + part.readUInt16BE(at);
    if (end < at + 8 || end > part.length) throw new RangeError('a group that ends too early');
    yield {
      id: part.readUInt32BE(at + 4),
      body: part.toString('latin1', at + 2, at + 3) + part.toString('latin1', at + 8, end),
    };
    at = end;
  }
}
