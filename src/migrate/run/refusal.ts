/** What it means that the API server refuses a request: for one object, or because a right is missing. */
import type { Kind } from '../../../api/kinds.ts';
import { ApiError } from '../../io/kube/error.ts';
import { resourceName } from '../ref.ts';

/** The reason if only this object is concerned: a conflict, refused content, a missing namespace. */
export function ownMatter(error: unknown): string | undefined {
  if (!(error instanceof ApiError) || ![400, 403, 404, 409, 422].includes(error.code) || isMissingRight(error))
    return undefined;
  const conflicts = (error.status.details?.causes ?? []).filter(({ reason }) => reason === 'FieldManagerConflict');
  if (conflicts.length === 0) return error.message;
  return conflicts.map(({ message = '', field = '' }) => `${message}: ${field}`).join('; ');
}

/** Returns the error, or for a refusal one that names the missing right. */
export function withRight(error: unknown, verb: string, kind: Kind): unknown {
  if (!(error instanceof ApiError) || !isMissingRight(error)) return error;
  return new Error(`missing right: ${verb} ${resourceName(kind)} (${error.message})`);
}

/** Whether a right is missing. Quotas, webhooks and terminating namespaces also answer 403. */
export function isMissingRight(error: unknown): boolean {
  return error instanceof ApiError && error.code === 403 && /\bcannot \w+ resource\b/.test(error.message);
}
