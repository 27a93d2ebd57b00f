/** `sdn-compat migrate predict`: predicts where OVN-Kubernetes may assign egress IPs. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { problemText } from '../../../io/input/manifests.ts';
import { type PredictedLine, predictLine } from '../../../migrate/targets/ovn/placement/predict-file.ts';
import { aligned } from '../../aligned.ts';
import { Failure } from '../../fail.ts';
import { print } from '../../output.ts';
import { badInput } from '../source.ts';

export interface PredictFlags {
  readonly filename: string;
  readonly output: 'ndjson' | 'table';
}

/** Predicts line by line and prints each result at once. */
export async function runPredict({ filename, output }: PredictFlags): Promise<void> {
  const input = filename === '-' ? process.stdin : createReadStream(filename);
  const broken = new Promise<never>((_, reject) => input.once('error', reject));
  broken.catch(() => undefined);
  const lines = createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]();
  for (let line = 1; ; line++) {
    const next = await Promise.race([lines.next(), broken]).catch((error: unknown) =>
      refuse(filename, undefined, '', textOf(error)),
    );
    if (next.done === true) return;
    if (next.value.trim() === '') continue;
    const predicted = predictLine(parsed(next.value, filename, line));
    if (!predicted.ok) refuse(filename, line, predicted.error.field, predicted.error.reason);
    print(output === 'ndjson' ? `${JSON.stringify(predicted.value)}\n` : tableOf(predicted.value));
  }
}

function parsed(text: string, file: string, line: number): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    return refuse(file, line, '', textOf(error));
  }
}

function refuse(file: string, line: number | undefined, field: string, reason: string): never {
  throw new Failure(problemText({ file, line, field, reason }), badInput);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function tableOf({ name, allowed, assignedCount }: PredictedLine): string {
  const rows = Object.entries(allowed).map(([ip, nodes]) => [
    `  ${ip}`,
    nodes.map((node) => node ?? 'unassigned').join(', '),
  ]);
  return `${name}: ${assignedCount.join(' or ')} of ${rows.length} assigned\n${aligned(rows)}`;
}
