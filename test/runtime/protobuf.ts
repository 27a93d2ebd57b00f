/** Messages of Protocol Buffers by field number, as far as the CRI's need: strings, whole numbers, messages, lists. */

export type Value = string | number | boolean | Message | readonly Value[];
export interface Message {
  readonly [field: number]: Value;
}

function varint(value: number): Buffer {
  const bytes = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function field(number: number, value: Value): Buffer {
  if (Array.isArray(value)) return Buffer.concat(value.map((one: Value) => field(number, one)));
  if (typeof value === 'number' || typeof value === 'boolean')
    return Buffer.concat([varint(number * 8), varint(Number(value))]);
  const bytes = typeof value === 'string' ? Buffer.from(value) : encode(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** A map is a list of messages with the key as field 1 and the value as field 2. */
export function map(entries: Readonly<Record<string, string>>): readonly Message[] {
  return Object.entries(entries).map(([key, value]) => ({ 1: key, 2: value }));
}

export function encode(message: Message): Buffer {
  return Buffer.concat(Object.entries(message).map(([number, value]) => field(Number(number), value as Value)));
}

/** What was decoded: of each field all values, numbers as such and the rest as bytes. */
export type Decoded = ReadonlyMap<number, readonly (number | Buffer)[]>;

export function decode(bytes: Buffer): Decoded {
  const fields = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = next();
    const wire = key % 8;
    if (wire !== 0 && wire !== 2) throw new Error(`wire type ${wire} is not expected in an answer of the CRI`);
    const start = next();
    const value = wire === 0 ? start : bytes.subarray(at, at + start);
    if (wire === 2) at += start;
    const number = Math.floor(key / 8);
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

/** The text at a path of field numbers; of a list its first element. */
export function textAt(message: Decoded, ...path: readonly number[]): string {
  const [first = 0, ...rest] = path;
  const value = message.get(first)?.[0];
  if (value === undefined || typeof value === 'number') return '';
  return rest.length === 0 ? value.toString() : textAt(decode(value), ...rest);
}

/** The messages of a list at a field. */
export function messagesAt(message: Decoded, number: number): readonly Decoded[] {
  return (message.get(number) ?? []).flatMap((value) => (typeof value === 'number' ? [] : [decode(value)]));
}
