/** Errors that may be over at the next try. */
import { ApiError } from '../../io/kube/error.ts';
import { fieldOf } from '../../model/values/json.ts';
import { Failure } from '../fail.ts';

/** Whether the next try may succeed: no connection, or a server with its own trouble, as while a cluster changes. */
export function mayPass(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof Failure) return false;
  const cause = error.cause ?? error;
  if (cause instanceof ApiError) return cause.code === 429 || cause.code >= 500;
  return typeof fieldOf(cause, 'code') === 'string';
}
