/**
 * Whether a bearer token may read /metrics: the API server says who has the token (TokenReview), and whether they may
 * (SubjectAccessReview). Only its clear yes is one.
 */
import { subjectAccessReviews, tokenReviews } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { fieldOf, isRecord } from '../../model/values/json.ts';
import type { KubeClient } from '../kube/client.ts';

/** `unauthenticated`: nobody's token. `unknown`: the API server gave no answer. */
export type Verdict = 'allowed' | 'forbidden' | 'unauthenticated' | 'unknown';

/** Who has a token, in the fields that TokenReview answers and SubjectAccessReview asks for. */
export interface TokenUser {
  readonly user: string;
  readonly groups?: unknown;
  readonly uid?: unknown;
  readonly extra?: unknown;
}

/** The token of an Authorization header. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header?.trim() ?? '')?.[1];
}

/** Who has the token, by the answer to a TokenReview; undefined if it is nobody's. */
export function userOf(review: unknown): TokenUser | undefined {
  const user = fieldOf(review, 'status', 'user');
  if (fieldOf(review, 'status', 'authenticated') !== true || !isRecord(user)) return undefined;
  const { username, groups, uid, extra } = user;
  return typeof username === 'string' && username !== '' ? { user: username, groups, uid, extra } : undefined;
}

/** Whether the answer to a SubjectAccessReview is yes. */
export function isAllowed(review: unknown): boolean {
  return fieldOf(review, 'status', 'allowed') === true && fieldOf(review, 'status', 'denied') !== true;
}

interface Review extends KubeObject {
  readonly spec?: object;
}

/** How long the API server may take for each answer, in milliseconds. */
const patience = 5_000;

/** Asks the API server; throws if it gives no answer. */
export async function reviewed(client: KubeClient, token: string): Promise<Exclude<Verdict, 'unknown'>> {
  const ask = async (kind: typeof tokenReviews, spec: object): Promise<Review> => {
    const signal = AbortSignal.timeout(patience);
    return client.create<Review>(kind, { metadata: {}, spec }, { signal }).catch((error: unknown) => {
      throw signal.aborted ? new Error(`no answer within ${patience / 1000} s`) : error;
    });
  };
  const user = userOf(await ask(tokenReviews, { token }));
  if (user === undefined) return 'unauthenticated';
  const nonResourceAttributes = { path: '/metrics', verb: 'get' };
  return isAllowed(await ask(subjectAccessReviews, { ...user, nonResourceAttributes })) ? 'allowed' : 'forbidden';
}
