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

const byte = '[0-9]{1,3}';
const octets = '[0-9a-f]{2}';
/** Whatever may be an address, in the forms in which addresses and names have them. */
const forms = {
  /** MAC addresses that are made of IPv4 addresses, by network plugins, container runtimes and a cloud. */
  mac: `\\b(?:0a:58|02:42|42:01)(?::${octets}){4}\\b`,
  /** IPv6 with IPv4 in the end. */
  mixed: `(?<![\\w:.])(?:[0-9a-f]{0,4}:){2,6}${byte}(?:\\.${byte}){3}(?!\\.?\\d)`,
  /** IPv6, perhaps behind a word and a colon. */
  colons: '(?<![\\w:])\\w*(?::\\w*){2,}(?!\\w|\\.\\d|-\\d{1,3}-\\d)',
  four: `(?<!\\d|\\d\\.)${byte}(?:\\.${byte}){3}(?:/\\d{1,2}(?!\\d))?(?!\\.?\\d)`,
  /** As in `ip-10-0-1-2`: the last four numbers of a row. A year before them makes them a date. */
  name: `(?<!\\d|\\d[-_])(?:${byte}[-_])*${byte}(?:[-_]${byte}){3}(?![-_]?\\d)`,
} as const;
const anyForm = new RegExp(
  Object.entries(forms)
    .map(([form, pattern]) => `(?<${form}>${pattern})`)
    .join('|'),
  'gi',
);
/** The end of a link-local address that is made of such a MAC address. */
const madeLinkLocal = /^(fe80::(?:858|42|4001):)([0-9a-f]{0,2})ff:fe([0-9a-f]{2}):([0-9a-f]{1,4})$/i;

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
    return text.replace(anyForm, (found, ...[mac, mixed, colons, four]: readonly (string | undefined)[]) =>
      this.#once(found, () => {
        if (mac !== undefined) return this.#mac(found);
        if (mixed !== undefined) return this.#mixed(found);
        if (colons !== undefined) return this.#colons(found);
        return four === undefined ? this.#name(found) : this.#four(found);
      }),
    );
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
    if (parts.some((part) => part > 255) || meaningful.some((one) => one.test(address))) return found;
    const number = parts.reduce((sum, part) => sum * 256 + part, 0);
    const masked = this.#bits(number);
    if (length === undefined) return dotted(masked);
    if (Number(length) > bits) return `${dotted(masked)}/${length}`;
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

  /** Four bytes in hexadecimal, which are an address. */
  #bytes(hex: readonly string[]): readonly string[] {
    const masked = this.#four(hex.map((one) => Number.parseInt(one || '0', 16)).join('.'));
    return masked.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  }

  #mac(found: string): string {
    const parts = found.split(':');
    return [...parts.slice(0, 2), ...this.#bytes(parts.slice(2))].join(':');
  }

  #mixed(found: string): string {
    const at = found.lastIndexOf(':') + 1;
    const [prefix, four] = [found.slice(0, at), found.slice(at)];
    return /^(::(ffff:)?|64:ff9b::)$/i.test(prefix) ? `${prefix}${this.#four(four)}` : this.#six(found);
  }

  #name(found: string): string {
    const parts = found.split(/[-_]/);
    const masked = this.#four(parts.slice(-4).join('.')).split('.');
    const separators = found.match(/[-_]/g) ?? [];
    return [...parts.slice(0, -4), ...masked].map((part, index) => `${part}${separators[index] ?? ''}`).join('');
  }

  /** Words before an address, and a colon behind it, are none of it. */
  #colons(found: string): string {
    const [text, rest] = /[^:]:$/.test(found) ? [found.slice(0, -1), ':'] : [found, ''];
    for (let at = 0; at >= 0 && at < text.length; at = text.indexOf(':', at) + 1 || -1) {
      const address = text.slice(at);
      if (isIPv6(address) && (at === 0 || !address.startsWith(':')))
        return `${text.slice(0, at)}${this.#six(address)}${rest}`;
    }
    return found;
  }

  #six(found: string): string {
    const [, prefix = '', first = '', second = '', last = ''] = madeLinkLocal.exec(found) ?? [];
    if (prefix !== '') {
      const end = last.padStart(4, '0');
      const [a = '', b = '', c = '', d = ''] = this.#bytes([first, second, end.slice(0, 2), end.slice(2)]);
      return `${prefix}${a}ff:fe${b}:${c}${d}`;
    }
    if (meaningful6.some((one) => one.test(found))) return found;
    // one address can be written in several ways
    const written = new URL(`http://[${found}]`).hostname;
    const hex = createHmac('sha256', this.#key).update(written).digest('hex');
    return `fd00:${[0, 4, 8, 12].map((at) => hex.slice(at, at + 4)).join(':')}::`;
  }
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
