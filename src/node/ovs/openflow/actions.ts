/** Actions and instructions as OpenFlow writes them (OpenFlow 1.3.5, 7.2.4), with those of Open vSwitch's own. */
import type { Action } from '../flow.ts';
import { vnidToCtMark } from '../render.ts';
import { ByteReader, type ByteString, paddingOf, toBuffer, uint, zeros } from './bytes.ts';
import { decodeField, encodeField, isFieldName } from './fields.ts';
import { offsetAndBits, parsePart, type Part, printPart } from './registers.ts';

const standard = { output: 0, group: 22, setField: 25, experimenter: 0xffff } as const;
const nicira = 0x00002320;
/** Open vSwitch's own actions (ovs-actions(7)). */
const own = { move: 6, note: 8, resubmit: 14, outputRegister: 15, ct: 35, nat: 36 } as const;
const instructions = { goto: 1, apply: 4, meter: 6 } as const;
/** The `table` of a ct after which the packet does not go on. */
const noTable = 0xff;
/** The port of a resubmit that leaves the packet with its own (OFPP_IN_PORT in two bytes). */
const sameInPort = 0xfff8;
/** How much of a packet goes to a controller, where that is the output; only there it counts. */
const wholePacket = 0xffff;

type Ct = Extract<Action, { kind: 'ct' }>;

/** An action: its type and its length, with padding, before the body. */
function whole(type: number, body: ByteString): ByteString {
  const rest = body + zeros(paddingOf(4 + body.length));
  return uint(type, 2) + uint(4 + rest.length, 2) + rest;
}
const ownAction = (type: number, body: ByteString): ByteString =>
  whole(standard.experimenter, uint(nicira, 4) + uint(type, 2) + body);

function encodeSet(field: string, value: string): ByteString {
  if (!isFieldName(field)) throw new Error(`${field} is not a field that flows here set`);
  return whole(standard.setField, encodeField(field, value));
}

function encodeMove(from: Part, to: Part): ByteString {
  if (from.bits !== to.bits) throw new Error(`a move of ${from.bits} bits into ${to.bits}`);
  const sizes = uint(from.bits, 2) + uint(from.offset, 2) + uint(to.offset, 2);
  return ownAction(own.move, sizes + from.header + to.header);
}

/** The move that `vnidToCtMark` is in text: from register 1 into the lower bits of ct_mark. */
const vnidMove = /^move:(.*)->(.*)$/.exec(vnidToCtMark)?.slice(1) ?? [];
const encodeVnidMove = (): ByteString => encodeMove(parsePart(vnidMove[0] ?? ''), parsePart(vnidMove[1] ?? ''));

function encodeCt({ commit, table, nat, mark, vnid, label }: Ct): ByteString {
  const nested = [
    nat === true ? ownAction(own.nat, zeros(6)) : '',
    mark === undefined ? '' : encodeSet('ct_mark', String(mark)),
    vnid === true ? encodeVnidMove() : '',
    label === undefined ? '' : encodeSet('ct_label', String(label)),
  ];
  const head = uint(commit ? 1 : 0, 2) + zeros(4 + 2) + uint(table ?? noTable, 1) + zeros(3 + 2);
  return ownAction(own.ct, head + nested.join(''));
}

function encodeNote(text: string): ByteString {
  const bytes = text.split('.').map((byte) => uint(Number.parseInt(byte, 16), 1));
  return ownAction(own.note, bytes.join(''));
}

function encodeAction(action: Exclude<Action, { kind: 'goto' | 'meter' }>): ByteString {
  switch (action.kind) {
    case 'output':
      return whole(standard.output, uint(action.port, 4) + zeros(2 + 6));
    case 'outputRegister': {
      const part = parsePart(action.register);
      return ownAction(own.outputRegister, offsetAndBits(part) + part.header + uint(wholePacket, 2) + zeros(6));
    }
    case 'group':
      return whole(standard.group, uint(action.id, 4));
    case 'resubmit':
      return ownAction(own.resubmit, uint(sameInPort, 2) + uint(action.table, 1) + zeros(3));
    case 'set':
      return encodeSet(action.field, action.value);
    case 'move':
      return encodeMove(parsePart(action.from), parsePart(action.to));
    case 'ct':
      return encodeCt(action);
    case 'note':
      return encodeNote(action.bytes);
  }
}

/** The actions or instructions of these bytes, which have the same head. Throws RangeError if they end too early. */
function* each(bytes: ByteString): Generator<{ readonly type: number; readonly body: ByteReader }> {
  const reader = new ByteReader(bytes);
  while (reader.left > 0) {
    const [type, length] = [reader.uint(2), reader.uint(2)];
    yield { type, body: new ByteReader(reader.take(length - 4)) };
  }
}

/** The bytes of a bucket's actions; throws Error if one goes to a table or meters, which a bucket cannot. */
export function encodeActions(actions: readonly Action[]): ByteString {
  return actions
    .map((action) => {
      if (action.kind === 'goto') throw new Error('only the last action of a flow goes to a table');
      if (action.kind === 'meter') throw new Error('only the first action of a flow meters');
      return encodeAction(action);
    })
    .join('');
}

/** The bytes of a flow's instructions: its meter, its actions, then the table where the packet goes on. */
export function encodeInstructions(actions: readonly Action[]): ByteString {
  const [first, last] = [actions.at(0), actions.at(-1)];
  const applied = encodeActions(actions.slice(first?.kind === 'meter' ? 1 : 0, last?.kind === 'goto' ? -1 : undefined));
  const meter = first?.kind === 'meter' ? uint(instructions.meter, 2) + uint(8, 2) + uint(first.id, 4) : '';
  const apply = applied === '' ? '' : uint(instructions.apply, 2) + uint(8 + applied.length, 2) + zeros(4) + applied;
  const goto = last?.kind === 'goto' ? uint(instructions.goto, 2) + uint(8, 2) + uint(last.table, 1) + zeros(3) : '';
  return meter + apply + goto;
}

function decodeSet(body: ByteReader): Action | undefined {
  const found = decodeField(body);
  return found === undefined ? undefined : { kind: 'set', field: found[0], value: found[1] };
}

function decodeMove(body: ByteReader): Action | undefined {
  const [bits, source, destination] = [body.uint(2), body.uint(2), body.uint(2)];
  const from = printPart({ header: body.take(4), offset: source, bits });
  const to = printPart({ header: body.take(4), offset: destination, bits });
  return from === undefined || to === undefined ? undefined : { kind: 'move', from, to };
}

function decodeOutputRegister(body: ByteReader): Action | undefined {
  const packed = body.uint(2);
  const register = printPart({ header: body.take(4), offset: packed >> 6, bits: (packed & 63) + 1 });
  return register === undefined || body.uint(2) !== wholePacket ? undefined : { kind: 'outputRegister', register };
}

/** What a ct does besides tracking, in the order in which we write it. */
function decodeNested(bytes: ByteString): Partial<Ct> | undefined {
  const found: { -readonly [K in keyof Ct]?: Ct[K] } = {};
  for (const { type, body } of each(bytes)) {
    const nested = type === standard.experimenter ? decodeOwn(body, true) : decodeStandard(type, body);
    if (nested === 'nat') found.nat = true;
    else if (nested === undefined) return undefined;
    else if (nested.kind === 'move' && `move:${nested.from}->${nested.to}` === vnidToCtMark) found.vnid = true;
    else if (nested.kind === 'set' && nested.field === 'ct_mark') found.mark = Number(nested.value);
    else if (nested.kind === 'set' && nested.field === 'ct_label') found.label = Number(nested.value);
    else return undefined;
  }
  return found;
}

function decodeCt(body: ByteReader): Action | undefined {
  const flags = body.uint(2);
  const [zone, table, rest] = [body.take(6), body.uint(1), body.take(5)];
  if (flags > 1 || /[^\0]/.test(zone + rest)) return undefined;
  const nested = decodeNested(body.take(body.left));
  if (nested === undefined) return undefined;
  const decoded: Ct = { kind: 'ct', commit: flags === 1, ...(table === noTable ? {} : { table }), ...nested };
  return decoded;
}

function decodeResubmit(body: ByteReader): Action | undefined {
  return body.uint(2) === sameInPort ? { kind: 'resubmit', table: body.uint(1) } : undefined;
}

function decodeNote(body: ByteReader): Action {
  const bytes = Array.from(toBuffer(body.take(body.left)), (byte) => byte.toString(16).padStart(2, '0'));
  return { kind: 'note', bytes: bytes.join('.') };
}

function decodeStandard(type: number, body: ByteReader): Action | undefined {
  switch (type) {
    case standard.output:
      return { kind: 'output', port: body.uint(4) };
    case standard.group:
      return { kind: 'group', id: body.uint(4) };
    case standard.setField:
      return decodeSet(body);
    default:
      return undefined;
  }
}

function decodeOwn(body: ByteReader, isInCt: boolean): Action | 'nat' | undefined {
  if (body.uint(4) !== nicira) return undefined;
  switch (body.uint(2)) {
    case own.move:
      return decodeMove(body);
    case own.note:
      return decodeNote(body);
    case own.resubmit:
      return decodeResubmit(body);
    case own.outputRegister:
      return decodeOutputRegister(body);
    case own.ct:
      return decodeCt(body);
    case own.nat:
      return isInCt && !/[^\0]/.test(body.take(body.left)) ? 'nat' : undefined;
    default:
      return undefined;
  }
}

/** The actions of these bytes; undefined if we never write such. Throws RangeError if they end too early. */
export function decodeActions(bytes: ByteString): Action[] | undefined {
  const actions: Action[] = [];
  for (const { type, body } of each(bytes)) {
    const action = type === standard.experimenter ? decodeOwn(body, false) : decodeStandard(type, body);
    if (action === undefined || action === 'nat') return undefined;
    actions.push(action);
  }
  return actions;
}

/** The actions of a flow with these instructions; undefined if we never write such. */
export function decodeInstructions(bytes: ByteString): Action[] | undefined {
  const actions: Action[] = [];
  for (const { type, body } of each(bytes)) {
    if (type === instructions.meter) actions.push({ kind: 'meter', id: body.uint(4) });
    else if (type === instructions.goto) actions.push({ kind: 'goto', table: body.uint(1) });
    else if (type === instructions.apply) {
      body.skip(4);
      const applied = decodeActions(body.take(body.left));
      if (applied === undefined) return undefined;
      actions.push(...applied);
    } else return undefined;
  }
  return actions;
}
