/** What an API server answered instead of what was asked for, as an Error. */
import { isRecord } from '../../model/json.ts';

/** The `Status` object of a failed request, as far as this project reads it. */
export interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

/** A request that the API server refused; the message is the server's own. */
export class ApiError extends Error {
  /** HTTP status. */
  readonly code: number;
  /** Kubernetes' machine-readable reason: `Conflict`, `NotFound`, `Invalid`; empty when the answer was no Status. */
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

/** The error that an answer with a failure code means; `body` is its text, a Status or anything a proxy wrote. */
export function apiError(code: number, body: string): ApiError {
  try {
    const value: unknown = JSON.parse(body);
    if (isStatus(value)) return new ApiError(code, value);
  } catch {
    // not JSON: a proxy's page, told by its first words below
  }
  const words = body
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
  return new ApiError(code, { message: `the server answered ${code}${words === '' ? '' : `: ${words}`}` });
}

function has(error: unknown, code: number, reason?: string): boolean {
  return error instanceof ApiError && error.code === code && (reason === undefined || error.reason === reason);
}

/** Whether a write was refused because the object had changed meanwhile, or its fields belong to another manager. */
export function isConflict(error: unknown): boolean {
  return has(error, 409, 'Conflict');
}

/** Whether there is no such object, kind or namespace. */
export function isNotFound(error: unknown): boolean {
  return has(error, 404);
}

/** Whether the object to create is there already. */
export function isAlreadyExists(error: unknown): boolean {
  return has(error, 409, 'AlreadyExists');
}

/** Whether a list or watch asked for a version the server no longer has; reading must start afresh. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone');
}

/** Whether the same request would be refused again: no right, no such namespace, an invalid object. */
export function isRefused(error: unknown): boolean {
  return (
    error instanceof ApiError && error.code >= 400 && error.code < 500 && ![401, 408, 409, 429].includes(error.code)
  );
}

/** A kubeconfig that cannot be used, with its name and why; nothing of what is in it, which may be secret. */
export class KubeConfigError extends Error {
  constructor(file: string | undefined, cause: unknown) {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n'); // further lines quote the file
    super(`${file ?? 'the kubeconfig'} cannot be used: ${reason}`);
    this.name = 'KubeConfigError';
  }
}
