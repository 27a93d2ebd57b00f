/** Bytes of OpenFlow messages: big-endian numbers, and padding to eight bytes. */

/**
 * Bytes as a string with one character (0 to 255) for each. Unlike a Buffer it is a value: it compares with `===`, and
 * is a key of a Map.
 */
export type ByteString = string;

export const toBuffer = (bytes: ByteString): Buffer => Buffer.from(bytes, 'latin1');

/** The bytes of an unsigned integer of at most six bytes; throws RangeError if it does not fit. */
export function uint(value: number, size: number): ByteString {
  if (!Number.isInteger(value) || value < 0 || value >= 256 ** size)
    throw new RangeError(`${value} is not an unsigned integer of ${size} bytes`);
  if (size > 4) return uint(Math.floor(value / 2 ** 32), size - 4) + uint(value % 2 ** 32, 4);
  const { fromCharCode } = String;
  if (size === 4) return fromCharCode(value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255);
  if (size === 2) return fromCharCode(value >> 8, value & 255);
  return size === 1 ? fromCharCode(value) : uint(value >> 8, size - 1) + fromCharCode(value & 255);
}

let scratch = Buffer.alloc(65_536);

/** The same bytes in one piece: a string that was put together keeps its parts, and takes several times the memory. */
export function inOnePiece(bytes: ByteString): ByteString {
  if (bytes.length > scratch.length) scratch = Buffer.alloc(bytes.length);
  return scratch.toString('latin1', 0, scratch.write(bytes, 'latin1'));
}

export const zeros = (count: number): ByteString => '\0'.repeat(count);

/** The bytes and the zeros that make their number a multiple of eight. */
export const padded = (bytes: ByteString): ByteString => bytes + zeros(paddingOf(bytes.length));

/** How many bytes are missing to a multiple of eight. */
export const paddingOf = (length: number): number => (8 - (length % 8)) % 8;

/** Reads numbers one after another; each read throws RangeError where the bytes end too early. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer | ByteString) {
    this.#bytes = typeof bytes === 'string' ? toBuffer(bytes) : bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** An unsigned integer of at most six bytes. */
  uint(size: number): number {
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  take(count: number): ByteString {
    if (count < 0 || count > this.left) throw new RangeError(`${count} bytes wanted where ${this.left} are left`);
    const taken = this.#bytes.toString('latin1', this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  skip(count: number): void {
    this.take(count);
  }
}
