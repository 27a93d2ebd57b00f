/** OpenFlow messages (OpenFlow 1.3.5, 7.1): a header of eight bytes, then a body. */
import { ByteReader, type ByteString, uint, zeros } from './bytes.ts';

export const version = 4;
/** OpenFlow 1.3's name, for messages to people. */
export const versionName = 'OpenFlow 1.3';

export const messageType = {
  hello: 0,
  error: 1,
  echoRequest: 2,
  echoReply: 3,
  experimenter: 4,
  setConfig: 9,
  flowMod: 14,
  groupMod: 15,
  multipartRequest: 18,
  multipartReply: 19,
  barrierRequest: 20,
  barrierReply: 21,
  meterMod: 29,
} as const;

/** The number of the Open Networking Foundation, for its extensions of OpenFlow 1.3. */
export const onf = 0x4f4e4600;

const headerLength = 8;
/** What the length of a message may be at most, since its header has two bytes for that. */
export const longest = 0xffff;

/** A message that was received. */
export interface Message {
  readonly version: number;
  readonly type: number;
  /** The transaction: an answer has its request's. */
  readonly xid: number;
  readonly body: Buffer;
}

/** The bytes of a message; throws RangeError if it is too long for OpenFlow. */
export function encodeMessage(type: number, xid: number, body: ByteString = ''): ByteString {
  const length = headerLength + body.length;
  if (length > longest) throw new RangeError(`a message of ${length} bytes; OpenFlow has at most ${longest}`);
  return uint(version, 1) + uint(type, 1) + uint(length, 2) + uint(xid, 4) + body;
}

/** Says that we speak this version alone. */
export function hello(xid: number): ByteString {
  const versions = uint(2 ** version, 4);
  return encodeMessage(messageType.hello, xid, uint(1, 2) + uint(4 + versions.length, 2) + versions);
}

/** Cuts a stream into messages. */
export class Splitter {
  #rest: Buffer = Buffer.alloc(0);

  /** The messages that end in this chunk; throws Error if what comes is not OpenFlow. */
  add(chunk: Buffer): Message[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Message[] = [];
    while (bytes.length >= headerLength) {
      const length = bytes.readUInt16BE(2);
      if (length < headerLength) throw new Error(`a message of ${length} bytes, which is not OpenFlow`);
      if (bytes.length < length) break;
      messages.push({
        version: bytes.readUInt8(0),
        type: bytes.readUInt8(1),
        xid: bytes.readUInt32BE(4),
        body: bytes.subarray(headerLength, length),
      });
      bytes = bytes.subarray(length);
    }
    this.#rest = bytes;
    return messages;
  }
}

/**
 * How a switch treats fragments of IP packets: with `match`, of Open vSwitch's own, they have their addresses, and ports
 * only where those are (ovs-ofctl(8), set-frags).
 */
export const fragments = { match: uint(3, 2) } as const;

/** The kinds of multipart messages that we use. */
export const multipart = { flows: 1, groups: 7, meters: 10, meterFeatures: 11, experimenter: 0xffff } as const;

/** The body of a multipart request. */
export const multipartBody = (kind: number, body: ByteString = ''): ByteString => uint(kind, 2) + zeros(6) + body;

/** A part of the answer to a multipart request; throws RangeError if it ends too early. */
export function readPart(body: Buffer): { readonly kind: number; readonly isLast: boolean; readonly rest: Buffer } {
  const reader = new ByteReader(body);
  const kind = reader.uint(2);
  const isLast = (reader.uint(2) & 1) === 0;
  return { kind, isLast, rest: body.subarray(8) };
}
