/** Error answers of an API server, as Errors. */
import { isRecord } from '../../model/values/json.ts';

/** The `Status` object of a failed request: the fields that we read. */
export interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

/** A request that the API server refused; the message is the server's own. */
export class ApiError extends Error {
  /** HTTP status. */
  readonly code: number;
  /**
   * Kubernetes' machine-readable reason, such as `Conflict`, `NotFound` or `Invalid`; empty if the answer was not a
   * Status.
   */
  readonly reason: string;
  readonly status: Status;

  constructor(code: number, status: Status) {
    super(status.message ?? `the server answered ${code}`);
    this.name = 'ApiError';
    this.code = code;
    this.reason = status.reason ?? '';
    this.status = status;
  }
}

function isStatus(value: unknown): value is Status {
  return isRecord(value) && value['kind'] === 'Status';
}

/** The error for an answer with a failure code. `body` is its text: a Status, or anything that a proxy wrote. */
export function apiError(code: number, body: string): ApiError {
  try {
    const value: unknown = JSON.parse(body);
    if (isStatus(value)) return new ApiError(code, value);
  } catch {
    // not JSON but a proxy's page; its first words are reported below
  }
  const words = body
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
  return new ApiError(code, { message: `the server answered ${code}${words === '' ? '' : `: ${words}`}` });
}

/** The error in a stream of events, whose object should be a Status. */
export function statusError(status: unknown): ApiError {
  const code = isRecord(status) && typeof status['code'] === 'number' ? status['code'] : 500;
  return apiError(code, JSON.stringify(status));
}

function has(error: unknown, code: number, reason?: string): boolean {
  return error instanceof ApiError && error.code === code && (reason === undefined || error.reason === reason);
}

/** Whether a write was refused because the object has changed, or because its fields belong to another manager. */
export function isConflict(error: unknown): boolean {
  return has(error, 409, 'Conflict');
}

/**
 * The error of a JSON patch with tests, named: Kubernetes answers a failed one with 422 and nothing about what failed.
 * `what` is the object in words. Other errors are returned as they are.
 */
export function patchRefusal(error: unknown, what: string): unknown {
  if (!(error instanceof ApiError) || error.code !== 422) return error;
  if (!error.message.startsWith('the server rejected our request due to an error in our request')) return error;
  return new ApiError(error.code, { ...error.status, message: `${what} has changed since it was read; try again` });
}

/** Whether the object, kind or namespace does not exist. */
export function isNotFound(error: unknown): boolean {
  return has(error, 404);
}

/** Whether the user may not do this. */
export function isForbidden(error: unknown): boolean {
  return has(error, 403);
}

/** Whether the object to create already exists. */
export function isAlreadyExists(error: unknown): boolean {
  return has(error, 409, 'AlreadyExists');
}

/** Whether a list or watch asked for a version that the server no longer has; list again. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone');
}

/** Whether the same request would be refused again: missing right, missing namespace, invalid object. */
export function isRefused(error: unknown): boolean {
  return (
    error instanceof ApiError && error.code >= 400 && error.code < 500 && ![401, 408, 409, 429].includes(error.code)
  );
}

/** Whether a write was refused because the namespace is being deleted. */
export function isNamespaceEnding(error: unknown): boolean {
  if (!(error instanceof ApiError) || error.code !== 403) return false;
  return error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true;
}

/** The server has not reached the requested version: it was restored from a backup, or is a different one. */
export function isTooLarge(error: unknown): boolean {
  const causes = error instanceof ApiError ? error.status.details?.causes : undefined;
  return causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') === true;
}

/**
 * Whether the server may have been replaced since: the connection broke, or it or something before it failed. After a
 * restore of etcd its version may have passed ours again when we are back, and what came in between would be missed.
 */
export function isCutOff(error: unknown): boolean {
  return !(error instanceof ApiError) || error.code >= 500;
}

/** An unusable kubeconfig. The message has its name and the reason, and nothing of its content, which may be secret. */
export class KubeConfigError extends Error {
  constructor(file: string | undefined, cause: unknown) {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n'); // later lines quote the file
    super(`${file ?? 'the kubeconfig'} cannot be used: ${reason}`);
    this.name = 'KubeConfigError';
  }
}
