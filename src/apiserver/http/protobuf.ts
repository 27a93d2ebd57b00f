/**
 * Parses the only supported protobuf body: a Namespace, which `kubectl create namespace` sends in this form. Field
 * numbers are Kubernetes'.
 */
import type { JsonObject } from '../../model/values/json.ts';
import { badRequest, unsupportedMediaType } from '../refusal.ts';

export const protobufType = 'application/vnd.kubernetes.protobuf';

const magic = Buffer.from('k8s\0');

/** A message: the values of length-delimited fields by number; other fields are skipped. */
type Message = ReadonlyMap<number, readonly Buffer[]>;

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) break;
      this.#at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw badRequest('the protobuf body is cut off');
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw badRequest('the protobuf body is cut off');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

function readMessage(bytes: Buffer): Message {
  const reader = new Reader(bytes);
  const fields = new Map<number, Buffer[]>();
  while (!reader.done) {
    const tag = reader.varint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        reader.varint();
        break;
      case 1:
        reader.take(8);
        break;
      case 2:
        fields.set(field, [...(fields.get(field) ?? []), reader.take(reader.varint())]);
        break;
      case 5:
        reader.take(4);
        break;
      default:
        throw badRequest('the protobuf body is malformed');
    }
  }
  return fields;
}

function textOf(message: Message, field: number): string {
  return message.get(field)?.at(-1)?.toString() ?? '';
}

function messageOf(message: Message, field: number): Message {
  return readMessage(message.get(field)?.at(-1) ?? Buffer.alloc(0));
}

function mapOf(message: Message, field: number): JsonObject {
  return Object.fromEntries(
    (message.get(field) ?? []).map(readMessage).map((entry) => [textOf(entry, 1), textOf(entry, 2)]),
  );
}

/** Parses the body; throws a 415 if it is not a Namespace. */
export function parseProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, magic.length).equals(magic))
    throw badRequest('the protobuf body does not begin as Kubernetes has it');
  const envelope = readMessage(body.subarray(magic.length));
  const type = messageOf(envelope, 1);
  const [apiVersion, kind] = [textOf(type, 1), textOf(type, 2)];
  if (apiVersion !== 'v1' || kind !== 'Namespace') {
    throw unsupportedMediaType(
      `protobuf is read for v1 Namespace only, not for ${apiVersion} ${kind}: send application/json`,
    );
  }
  const metadata = messageOf(messageOf(envelope, 2), 1);
  const given = { name: textOf(metadata, 1), generateName: textOf(metadata, 2) };
  return {
    apiVersion,
    kind,
    metadata: {
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '')),
      labels: mapOf(metadata, 11),
      annotations: mapOf(metadata, 12),
      finalizers: (metadata.get(14) ?? []).map(String),
    },
  };
}
