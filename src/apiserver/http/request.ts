/** Parses requests: the resource in the path, the query, the body as JSON. */
import type { IncomingMessage } from 'node:http';
import { load } from 'js-yaml';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../model/values/json.ts';
import { syntaxError } from '../json-errors.ts';
import { badRequest, Refusal, unsupportedMediaType } from '../refusal.ts';

/** The largest accepted body in bytes: Kubernetes' limit. */
const largestBody = 3 * 1024 * 1024;
/** The deepest accepted nesting. */
const deepest = 500;

/** The resource in a path under /api or /apis. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly plural: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Splits a path into decoded parts; rejects a part that is not valid text. */
export function pathParts(path: string): readonly string[] {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map((part) => decodeURIComponent(part));
  } catch {
    throw badRequest('the path is not valid UTF-8');
  }
}

/** Splits `namespaces/NS/pods/x` into NS and the rest; `namespaces/x/status` is a namespace itself. */
function splitNamespace(rest: readonly string[]): {
  readonly namespace: string | undefined;
  readonly rest: readonly string[];
} {
  const [first, namespace, third] = rest;
  if (first !== 'namespaces' || third === undefined || third === 'status' || third === 'finalize')
    return { namespace: undefined, rest };
  return { namespace, rest: rest.slice(2) };
}

/** The resource in the parts; undefined for other paths, including discovery. */
export function parseResourcePath(parts: readonly string[]): ResourcePath | undefined {
  const [root] = parts;
  if (root !== 'api' && root !== 'apis') return undefined;
  const at = root === 'api' ? 1 : 2;
  const version = parts[at];
  const { namespace, rest } = splitNamespace(parts.slice(at + 1));
  const [plural, name, subresource, ...more] = rest;
  if (version === undefined || plural === undefined || more.length > 0) return undefined;
  return { group: root === 'api' ? '' : (parts[1] ?? ''), version, namespace, plural, name, subresource };
}

function refuseDepth(text: string): void {
  if (text.length < 2 * deepest) return;
  let depth = 0;
  let inText = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (inText) {
      if (character === '\\') index += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > deepest) throw badRequest('json parse error: exceeded max depth');
  }
}

function tooLarge(): Refusal {
  return new Refusal(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${String(largestBody)}`, {
    details: {},
  });
}

/** Reads the whole body; rejects one that is too large with 413. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > largestBody) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    request.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size <= largestBody) pieces.push(piece);
      else {
        request.pause();
        reject(tooLarge());
      }
    });
    request.on('end', () =>
      resolve(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)),
    );
    request.on('error', reject);
    request.on('close', () => reject(badRequest('the request ended early')));
  });
}

function decodeText(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw badRequest('the body is not valid UTF-8');
  }
}

/** Parses a JSON body. */
export function parseJsonBody(body: Buffer): Json {
  const text = decodeText(body);
  refuseDepth(text);
  try {
    return parseJson(text);
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${syntaxError(error, text)}`);
  }
}

function parseYamlBody(body: Buffer): Json {
  const text = decodeText(body);
  if (text.trimStart().startsWith('{')) return parseJsonBody(body);
  try {
    return parseJson(JSON.stringify(load(text, { maxAliases: 0, maxDepth: deepest })));
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : ''}`);
  }
}

/** The media type of a request, without parameters. */
export function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** Parses a body of this media type as an object. */
export function parseObject(body: Buffer, type: string): JsonObject {
  let value: Json;
  if (type === 'application/json') value = parseJsonBody(body);
  else if (type === 'application/yaml' || type === 'application/apply-patch+yaml') value = parseYamlBody(body);
  else
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml`,
    );
  if (!isJsonObject(value)) throw badRequest('the body is not an object');
  return value;
}
