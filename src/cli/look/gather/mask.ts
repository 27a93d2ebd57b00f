/**
 * Addresses as others may see them. Each address becomes another one, the same everywhere, and two that share so many
 * leading bits share as many afterwards: networks, ranges and routes still fit their addresses, so what is masked can
 * still be simulated and traced. The key is thrown away: nobody can turn it back.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';

/** Prefixes that tell nothing, and mean something: this host, loopback, link-local, multicast, netmasks. */
const meaningful: readonly RegExp[] = [/^0\./, /^127\./, /^169\.254\./, /^2(2[4-9]|[345]\d)\./];
const meaningful6: readonly RegExp[] = [/^::1?$/, /^fe[89ab]/i, /^ff/i];

const ipv4 = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?(?![\d.]*\d)/g;
/** The addresses that Open vSwitch and this program make of IPv4 addresses. */
const madeMac = /\b0a:58((?::[0-9a-f]{2}){4})\b/gi;
const ipv6 = /(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi;

const bits = 32;
/** The first bits stay: they say whether it is a private address, and mean something by themselves. */
const kept = 8;

export class Mask {
  readonly #key: Uint8Array;
  readonly #known = new Map<string, string>();

  constructor(key: Uint8Array = randomBytes(32)) {
    this.#key = key;
  }

  /** The text with all addresses in it masked. */
  text(text: string): string {
    return text
      .replace(ipv4, (found) => this.#once(found, () => this.#four(found)))
      .replace(madeMac, (found, tail: string) => this.#once(found, () => this.#mac(tail)))
      .replace(ipv6, (found) => (isIPv6(found) ? this.#once(found, () => this.#six(found)) : found));
  }

  #once(found: string, make: () => string): string {
    const known = this.#known.get(found);
    if (known !== undefined) return known;
    const made = make();
    this.#known.set(found, made);
    return made;
  }

  #four(found: string): string {
    const [address = '', length] = found.split('/');
    const parts = address.split('.').map(Number);
    const isKept = parts.some((part) => part > 255) || meaningful.some((one) => one.test(address));
    if (isKept || (length !== undefined && Number(length) > bits)) return found;
    const number = parts.reduce((sum, part) => sum * 256 + part, 0);
    const masked = this.#bits(number);
    if (length === undefined) return dotted(masked);
    const hosts = 2 ** (bits - Number(length));
    // a network stays one; an address with the length of its network stays an address
    return `${dotted(number % hosts === 0 ? masked - (masked % hosts) : masked)}/${length}`;
  }

  /** Each bit is turned or not as the bits before it say. */
  #bits(number: number): number {
    let masked = Math.floor(number / 2 ** (bits - kept));
    for (let bit = kept; bit < bits; bit++) {
      const prefix = Math.floor(number / 2 ** (bits - bit));
      const own = Math.floor(number / 2 ** (bits - 1 - bit)) % 2;
      masked = masked * 2 + (own ^ this.#turn(bit, prefix));
    }
    return masked;
  }

  #turn(bit: number, prefix: number): number {
    return (createHmac('sha256', this.#key).update(`${bit} ${prefix}`).digest()[0] ?? 0) & 1;
  }

  #mac(tail: string): string {
    const parts = tail
      .slice(1)
      .split(':')
      .map((part) => Number.parseInt(part, 16));
    const masked = this.#four(parts.join('.')).split('.');
    return `0a:58:${masked.map((part) => Number(part).toString(16).padStart(2, '0')).join(':')}`;
  }

  #six(found: string): string {
    if (meaningful6.some((one) => one.test(found))) return found;
    const hex = createHmac('sha256', this.#key).update(found.toLowerCase()).digest('hex');
    return `fd00:${[0, 4, 8, 12].map((at) => hex.slice(at, at + 4)).join(':')}::`;
  }
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
