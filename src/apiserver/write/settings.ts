/** Settings of a write from query strings and delete bodies. */
import type { IncomingMessage } from 'node:http';
import { isJsonObject, type JsonObject } from '../../model/values/json.ts';
import { mediaType } from '../http/request.ts';
import { badRequest } from '../refusal.ts';
import { objectAt, textAt, textsAt } from '../store/object.ts';
import type { Writer } from './ownership/managers.ts';

/** The media type of server-side apply. */
export const applyType = 'application/apply-patch+yaml';

export interface WriteSettings {
  readonly dryRun: boolean;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  readonly status: boolean;
  /** Whether the new state comes from a patch, which changes the error messages. */
  readonly patch: boolean;
  /** Who writes; for an apply, managedFields is set already. */
  readonly writer: Writer;
}

export interface DeleteSettings {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

export interface WriteRequest {
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
}

function dryRunOf(query: URLSearchParams, body: JsonObject = {}): boolean {
  const given = [...query.getAll('dryRun').filter((value) => value !== ''), ...textsAt(body, 'dryRun')];
  if (given.some((value) => value !== 'All')) throw badRequest('dryRun: Unsupported value: supported values: "All"');
  return given.length > 0;
}

/** The field manager of a write: the given one, else the name of the program. */
function managerOf(query: URLSearchParams, userAgent: string | undefined): string {
  const given = query.get('fieldManager') ?? '';
  if (given.length > 128) throw badRequest('fieldManager: Too long: may not be longer than 128');
  return given === '' ? ((userAgent ?? '').split('/')[0] ?? '') : given;
}

/** The settings of a create, update or patch. */
export function writeSettings({ request, query }: WriteRequest, status: boolean): WriteSettings {
  const fieldValidation = query.get('fieldValidation') ?? 'Warn';
  if (fieldValidation !== 'Strict' && fieldValidation !== 'Warn' && fieldValidation !== 'Ignore') {
    throw badRequest(
      `fieldValidation: Unsupported value: ${JSON.stringify(fieldValidation)}: supported values: "Ignore", "Strict", "Warn"`,
    );
  }
  const isApply = mediaType(request) === applyType;
  const manager = managerOf(query, request.headers['user-agent']);
  const writer = { manager, operation: isApply ? 'Apply' : 'Update', subresource: status ? 'status' : '' } as const;
  return { dryRun: dryRunOf(query), fieldValidation, status, patch: request.method === 'PATCH', writer };
}

function graceOf(query: URLSearchParams, body: JsonObject): number | undefined {
  const given = query.get('gracePeriodSeconds') ?? body['gracePeriodSeconds'] ?? undefined;
  if (given === undefined) return undefined;
  const seconds = Number(given);
  if (!Number.isInteger(seconds) || seconds < 0)
    throw badRequest('gracePeriodSeconds must be a whole number, 0 or more');
  return seconds;
}

/** The settings of a delete, from its query and body. */
export function deleteSettings(query: URLSearchParams, body: JsonObject): DeleteSettings {
  const preconditions = isJsonObject(body['preconditions']) ? objectAt(body, 'preconditions') : {};
  return {
    dryRun: dryRunOf(query, body),
    gracePeriodSeconds: graceOf(query, body),
    uid: textAt(preconditions, 'uid'),
    resourceVersion: textAt(preconditions, 'resourceVersion'),
  };
}
