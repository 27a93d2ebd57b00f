/** The CNI plugin: asks the node's agent over its socket and prints the result for CNI. */
import { readFileSync } from 'node:fs';
import { isRecord } from '../../model/values/json.ts';
import { askAgent } from './client.ts';
import { type CniError, errorCode, parseCall, renderError, renderResult, supportedVersions } from './protocol.ts';
import { isResult } from './server.ts';

async function read(stream: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Whether nobody listens at the agent's socket, it does not exist, or the agent ended before it answered. */
function isUnreachable(error: unknown): boolean {
  return isRecord(error) && ['ENOENT', 'ECONNREFUSED', 'ECONNRESET'].some((code) => error['code'] === code);
}

function errorOf(command: string, socket: string, error: unknown): CniError {
  const msg = error instanceof Error ? error.message : String(error);
  if (command === 'STATUS')
    return { code: errorCode.notAvailable, msg: 'the agent of this node is not ready', details: msg };
  if (!isUnreachable(error)) return { code: errorCode.refused, msg };
  return { code: errorCode.tryAgainLater, msg: `the agent of this node does not answer at ${socket}`, details: msg };
}

/**
 * When the kernel started this process, in milliseconds since this machine was booted, to a hundredth of a second: field
 * 22 of /proc/PID/stat, in ticks of user space, of which every architecture has a hundred a second.
 */
function begunAt(): number {
  const afterName = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1) ?? '';
  return Number(afterName.split(' ')[19]) * 10;
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function fail(cniVersion: string, error: CniError): void {
  print(renderError(cniVersion, error));
  process.exitCode = 1;
}

/** Answers one call of CNI: its parameters are in the environment and on standard input, its result on the output. */
export async function runPlugin(): Promise<void> {
  const call = parseCall(process.env, await read(process.stdin));
  if (!call.ok) fail('1.1.0', call.error);
  else if (call.value.kind === 'version') print({ cniVersion: call.value.cniVersion, supportedVersions });
  else {
    const { cniVersion, socket, request } = call.value;
    try {
      const answer: unknown = await askAgent(socket, { ...request, began: begunAt() });
      if (request.command === 'ADD' && isResult(answer)) print(renderResult(cniVersion, answer, request));
    } catch (error) {
      fail(cniVersion, errorOf(request.command, socket, error));
    }
  }
}
