/** The agent's CNI socket: one HTTP request over a unix socket of mode 0600 attaches or detaches a pod. */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { uptime } from 'node:os';
import { dirname } from 'node:path';
import { whenAborted } from '../../io/async/when-aborted.ts';
import { asText, isRecord } from '../../model/values/json.ts';

const commands = ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS'] as const;
type CniCommand = (typeof commands)[number];

function isCommand(value: unknown): value is CniCommand {
  return commands.some((command) => command === value);
}

/** What a container runtime asks of the CNI plugin. */
export interface CniQuestion {
  readonly command: CniCommand;
  /** The name of the runtime's network. */
  readonly network: string;
  readonly sandbox: string;
  readonly netns: string;
  readonly device: string;
  readonly namespace: string;
  readonly name: string;
  /** The uid of the Pod object; '' if the runtime does not tell it. */
  readonly uid: string;
  /** For GC: the sandboxes that stay. */
  readonly valid: readonly string[];
}

/** A request of the CNI plugin. */
export interface CniRequest extends CniQuestion {
  /** When the plugin began, in milliseconds since this machine was booted. */
  readonly began: number;
}

export interface CniResult {
  readonly ip: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly mac: string;
  readonly mtu: number;
  /** The pod networks, which are reached without a gateway. */
  readonly networks: readonly string[];
}

/** Whether an answer of the agent is the result of an ADD. */
export function isResult(value: unknown): value is CniResult {
  return isRecord(value) && typeof value['ip'] === 'string' && Array.isArray(value['networks']);
}

/** Handles a request; the signal aborts if the caller leaves before the answer. */
export type CniHandler = (request: CniRequest, caller: AbortSignal) => Promise<CniResult | undefined>;

/** A GC names every pod of the machine, each by an ID of 64 characters: room for more than anybody runs on one. */
const largestBody = 4 * 1024 * 1024;

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > largestBody) throw new Error('the request is too large');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}

function parseRequest(body: unknown): CniRequest {
  const given = isRecord(body) ? body : {};
  const { command } = given;
  if (!isCommand(command)) throw new Error(`command ${JSON.stringify(command)} is none of ${commands.join(', ')}`);
  const field = (name: string): string => {
    const value = asText(given[name]);
    const needed = command === 'ADD' || (name === 'sandbox' && (command === 'DEL' || command === 'CHECK'));
    if (value === '' && needed) throw new Error(`${name} is missing`);
    return value;
  };
  return {
    command,
    network: asText(given['network']),
    sandbox: field('sandbox'),
    began: typeof given['began'] === 'number' ? given['began'] : uptime() * 1_000, // a plugin of an older version says nothing
    netns: field('netns'),
    device: field('device'),
    namespace: field('namespace'),
    name: field('name'),
    uid: asText(given['uid']),
    valid: validOf(command, given['valid']),
  };
}

/** The sandboxes that stay; a list that is missing, or odd in a part, must not end as one with fewer pods. */
function validOf(command: CniCommand, given: unknown): readonly string[] {
  if (command !== 'GC') return [];
  if (!Array.isArray(given) || given.some((one) => asText(one) === ''))
    throw new Error('valid is no list of sandboxes');
  return given.map(asText);
}

async function answer(request: IncomingMessage, response: ServerResponse, handle: CniHandler): Promise<void> {
  const reply = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const caller = new AbortController();
  response.on('close', () => {
    if (!response.writableEnded) caller.abort();
  });
  try {
    reply(200, (await handle(parseRequest(await bodyOf(request)), caller.signal)) ?? {});
  } catch (error) {
    reply(500, { error: error instanceof Error ? error.message : String(error) });
  }
}

/** Whether an agent listens at the socket, busy or not. */
export function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (found: boolean): void => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/**
 * Listens on the socket until the signal aborts; makes its folder, and replaces a socket left by a dead agent. Throws if
 * a living one has it.
 */
export async function serveCni(path: string, handle: CniHandler, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (await isServed(path)) throw new Error(`another agent answers at ${path}: end it, or give another --cni-socket`);
  await rm(path, { force: true });
  const server = createServer((request, response) => void answer(request, response, handle));
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(before);
  }
  await chmod(path, 0o600);
  whenAborted(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
