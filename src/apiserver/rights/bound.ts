/**
 * Tokens that a ServiceAccount is given for a time, as JSON Web Tokens: what they say is signed, so the server keeps none
 * of them, and one from before a restart is still good.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isJsonObject, jsonIn, type JsonObject } from '../../model/values/json.ts';
import { objectAt, textAt, textsAt } from '../store/object.ts';

/** What a token says. */
export interface Bound {
  readonly namespace: string;
  readonly name: string;
  /** The uid of the ServiceAccount: with another one of its name the token is worth nothing. */
  readonly uid: string;
  /** For whom it is meant. */
  readonly audiences: readonly string[];
  /** In seconds since 1970. */
  readonly expires: number;
}

/** Whom a token is meant for if nothing else was asked for: the API server. */
export const ownAudience = 'https://kubernetes.default.svc';

/** The limits of Kubernetes for the lifetime in seconds, and what it is by default. */
export const lifetime = { shortest: 600, byDefault: 3_600, longest: 2 ** 32 } as const;

const claim = 'kubernetes.io';
const encoded = (value: JsonObject): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signature(key: string, text: string): Buffer {
  return createHmac('sha256', `tokens of service accounts: ${key}`).update(text).digest();
}

/** The token that says this. */
export function makeBound(key: string, { namespace, name, uid, audiences, expires }: Bound): string {
  const claims = {
    iss: ownAudience,
    sub: `system:serviceaccount:${namespace}:${name}`,
    aud: audiences,
    exp: expires,
    [claim]: { namespace, serviceaccount: { name, uid } },
  };
  const text = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
  return `${text}.${signature(key, text).toString('base64url')}`;
}

/** What the token says; undefined if it was not made with this key, or is over. */
export function readBound(key: string, token: string, now: Date): Bound | undefined {
  const [head = '', body = '', given = ''] = token.split('.');
  const [wanted, got] = [signature(key, `${head}.${body}`), Buffer.from(given, 'base64url')];
  if (wanted.length !== got.length || !timingSafeEqual(wanted, got)) return undefined;
  const claims = jsonIn(Buffer.from(body, 'base64url').toString());
  if (!isJsonObject(claims)) return undefined;
  const expires = Number(claims['exp']);
  if (!(now.getTime() < expires * 1_000)) return undefined;
  const about = objectAt(claims, claim);
  const account = objectAt(about, 'serviceaccount');
  return {
    namespace: textAt(about, 'namespace') ?? '',
    name: textAt(account, 'name') ?? '',
    uid: textAt(account, 'uid') ?? '',
    audiences: textsAt(claims, 'aud'),
    expires,
  };
}
