/**
 * The state in a folder: the server's identity, and a log of the objects with one line for each change, which is
 * rewritten to the present objects at each start. A last line that a crash truncated is ignored.
 */
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Certificate } from '../../io/certificate.ts';
import { replaceFile } from '../../io/state-file.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../model/values/json.ts';
import { objectAt, type StoredObject, textAt } from './object.ts';
import type { LogRecord } from './store.ts';

/** What stays the same across restarts, so that kubeconfigs stay valid. */
export interface Identity extends Certificate {
  readonly token: string;
}

/** An object in the log, and its collection. */
export interface LoggedObject {
  readonly id: string;
  readonly object: StoredObject;
}

export interface State {
  readonly objects: readonly LoggedObject[];
  /** The version of the latest change. */
  readonly version: number;
}

const changeLogName = 'objects.ndjson';
const identityName = 'identity.json';

/** The object in a line of the log; undefined if this program did not write it. */
export function asStored(value: JsonObject): StoredObject | undefined {
  const metadata = objectAt(value, 'metadata');
  const [apiVersion, kind] = [textAt(value, 'apiVersion'), textAt(value, 'kind')];
  const { name, uid, resourceVersion, creationTimestamp } = metadata;
  if (apiVersion === undefined || kind === undefined || typeof name !== 'string' || typeof uid !== 'string')
    return undefined;
  if (typeof resourceVersion !== 'string' || typeof creationTimestamp !== 'string') return undefined;
  const { namespace } = metadata;
  const scope = typeof namespace === 'string' ? { namespace } : {};
  return {
    ...value,
    apiVersion,
    kind,
    metadata: { ...metadata, name, uid, resourceVersion, creationTimestamp, ...scope },
  };
}

function parseLine(line: string): JsonObject | undefined {
  try {
    const value = parseJson(line);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined; // truncated by a crash: the change was never acknowledged
  }
}

function replay(text: string): State {
  const objects = new Map<string, LoggedObject>();
  let version = 1;
  for (const line of text.split('\n')) {
    const entry = line === '' ? undefined : parseLine(line);
    const object = entry === undefined ? undefined : asStored(objectAt(entry, 'object'));
    if (entry === undefined || object === undefined) continue;
    const id = textAt(entry, 'id') ?? '';
    const key = JSON.stringify([id, object.metadata.namespace ?? '', object.metadata.name]);
    version = Math.max(version, Number(object.metadata.resourceVersion));
    if (entry['gone'] === true) objects.delete(key);
    else objects.set(key, { id, object });
  }
  return { objects: [...objects.values()], version };
}

export class ChangeLog {
  readonly #file: number;
  readonly #lock: Server;

  constructor(path: string, lock: Server) {
    this.#file = openSync(path, 'a', 0o600);
    this.#lock = lock;
  }

  /** Writes a change before it is acknowledged. */
  note(id: string, record: LogRecord): void {
    const gone = record.type === 'DELETED' ? '"gone":true,' : '';
    writeSync(this.#file, `{"id":${JSON.stringify(id)},${gone}"object":${record.entry.text()}}\n`);
  }

  close(): void {
    closeSync(this.#file);
    this.#lock.close();
  }
}

/** Another running server uses the folder. */
export class FolderInUse extends Error {}

/** Locks the folder for this process by a socket name that ends with the process; throws FolderInUse. */
async function claim(folder: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => reject(new FolderInUse(`${folder} is used by another API server that is running`)));
    server.listen(`\0sdn-compat-data-${folder}`, resolve);
  });
  return server.unref();
}

/** Reads the state in the folder, which is created if missing, and opens its log. */
export async function openChangeLog(folder: string): Promise<{ readonly state: State; readonly changeLog: ChangeLog }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = await claim(await realpath(folder));
  const path = join(folder, changeLogName);
  const state = existsSync(path) ? replay(await readFile(path, 'utf8')) : { objects: [], version: 1 };
  const lines = state.objects.map(({ id, object }) => `${JSON.stringify({ id, object })}\n`);
  await replaceFile(path, lines.join(''));
  return { state, changeLog: new ChangeLog(path, lock) };
}

/** The identity stored in the folder; `make` creates it the first time. */
export async function keptIdentity(folder: string, make: () => Promise<Identity>): Promise<Identity> {
  const path = join(folder, identityName);
  if (existsSync(path)) {
    const value = parseLine(await readFile(path, 'utf8')) ?? {};
    const [key, certificate, token] = [textAt(value, 'key'), textAt(value, 'certificate'), textAt(value, 'token')];
    if (key !== undefined && certificate !== undefined && token !== undefined) return { key, certificate, token };
  }
  const identity = await make();
  await writeFile(path, `${JSON.stringify(identity)}\n`, { mode: 0o600 });
  return identity;
}
