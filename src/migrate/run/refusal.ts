/** What it means that the API server refuses a request: for one object, or because a right is missing. */
import type { Kind } from '../../../api/kinds.ts';
import { ApiError } from '../../io/kube/error.ts';
import { Unwritable } from '../plan/unwritable.ts';
import { type ObjectRef, refText, resourceName } from '../ref.ts';

/** Answers that every object would get: no login, too many requests, no server behind the address. */
const everybodys: readonly number[] = [401, 408, 429, 502, 503, 504];

/**
 * The reason if perhaps only this object is concerned: a conflict, refused content, a field that the served schema
 * lacks (which the API server answers with 500), an object that is too large, a webhook that refuses or fails.
 */
export function ownMatter(error: unknown): string | undefined {
  if (!(error instanceof ApiError) || isMissingRight(error)) return undefined;
  if (everybodys.includes(error.code) && !isWebhooks(error)) return undefined;
  const conflicts = (error.status.details?.causes ?? []).filter(({ reason }) => reason === 'FieldManagerConflict');
  if (conflicts.length === 0) return error.message;
  return conflicts.map(({ message = '', field = '' }) => `${message}: ${field}`).join('; ');
}

/** Whether an admission webhook refused or could not be asked. It chooses status and words of its refusal itself. */
function isWebhooks({ message }: ApiError): boolean {
  return /\badmission webhook "[^"]*" denied\b|\bfailed calling webhook\b/.test(message);
}

/** Returns the error, or for a missing right one that names it. */
export function withRight(error: unknown, kind: Kind): unknown {
  return missingRight(error, kind) ?? error;
}

/** The error that ends a command at its work on the object: it names the missing right, or the object. */
export function ending(error: unknown, object: ObjectRef, kind: Kind): unknown {
  const right = missingRight(error, kind);
  if (right !== undefined || !(error instanceof Error) || error instanceof Unwritable) return right ?? error;
  return new Error(`${refText(object)}: ${error.message}; run it again to go on`, { cause: error });
}

/** An error that names the missing right, with the verb that the server refused; undefined if none is missing. */
export function missingRight(error: unknown, kind: Kind): Error | undefined {
  const verb = missingVerb(error);
  if (verb === undefined || !(error instanceof Error)) return undefined;
  return new Error(`missing right: ${verb} ${resourceName(kind)} (${error.message})`, { cause: error });
}

/** Whether a right is missing. Quotas, webhooks and terminating namespaces also answer 403. */
export function isMissingRight(error: unknown): boolean {
  return missingVerb(error) !== undefined;
}

function missingVerb(error: unknown): string | undefined {
  if (!(error instanceof ApiError) || error.code !== 403 || isWebhooks(error)) return undefined;
  return /\bcannot (\w+) resource\b/.exec(error.message)?.[1];
}
