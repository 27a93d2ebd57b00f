/** Who may look at the page: whoever brings the token first, by a cookie from then on. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const secret = (): string => randomBytes(24).toString('base64url');

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export class Session {
  /** Good once. */
  readonly token = secret();
  readonly #cookie = secret();
  /** Cookies do not know ports: each page has a name of its own. */
  readonly #name = `sdn-compat-${randomBytes(4).toString('hex')}`;
  #isUsed = false;

  /** The Set-Cookie header for who has the token; undefined if that is not it, or somebody had it before. */
  open(token: unknown): string | undefined {
    if (this.#isUsed || typeof token !== 'string' || !isSame(token, this.token)) return undefined;
    this.#isUsed = true;
    return `${this.#name}=${this.#cookie}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Whether a request has the cookie. */
  isOpen({ cookie = '' }: IncomingHttpHeaders): boolean {
    return cookie.split(/; */).some((one) => isSame(one, `${this.#name}=${this.#cookie}`));
  }
}
