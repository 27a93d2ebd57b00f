/** `sdn-compat migrate addresses`: the source addresses of each namespace, for the owners of firewalls outside. */
import { readFile } from 'node:fs/promises';
import {
  type AddressTable,
  addressTable,
  type Mode,
  phases,
  seenAddresses,
  seenText,
  tableDiff,
} from '../../../migrate/addresses.ts';
import { targetNamed, wantedFor } from '../../../migrate/targets.ts';
import { isRecord } from '../../../model/values/json.ts';
import { aligned } from '../../aligned.ts';
import { Failure } from '../../fail.ts';
import { print, printAll } from '../../output.ts';
import { ownOptions, translatorOf } from '../options.ts';
import { badInput, progressLines, readSnapshot, type SourceFlags } from '../source.ts';

export interface AddressesFlags extends SourceFlags {
  readonly to: string;
  readonly output: 'table' | 'csv' | 'json';
  readonly mode: Mode;
  readonly since?: string;
}

/** Prints the table, or how it differs from an earlier one. */
export async function runAddresses(flags: AddressesFlags): Promise<void> {
  const target = targetNamed(flags.to);
  const options = { ...ownOptions(target, flags), machineNetworks: flags.machineNetwork };
  const { addressEnds } = translatorOf(target, options);
  if (addressEnds === undefined) throw new Failure(`no addresses of ${target.plugin} are known`, badInput);
  const snapshot = await readSnapshot(flags, progressLines(), { kinds: wantedFor({ target: flags.to }) });
  const { nodes, ends } = addressEnds(target.before(snapshot));
  const table = addressTable(flags.mode, nodes, ends);
  if (flags.since !== undefined) {
    const lines = tableDiff(await earlier(flags.since), table);
    print(lines.length === 0 ? 'nothing changed\n' : lines.map((line) => `${line}\n`).join(''));
  } else if (flags.output === 'json') print(`${JSON.stringify(table, null, 2)}\n`);
  else if (flags.output === 'csv') await printAll(csvOf(table));
  else print(textOf(table));
}

async function earlier(file: string): Promise<AddressTable> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isTable(value)) return value;
    throw new Error('it is no table of addresses');
  } catch (error) {
    throw new Failure(
      `--since ${file}: ${error instanceof Error ? error.message : String(error)}; it must be what \`migrate addresses -o json\` printed`,
      badInput,
    );
  }
}

function isTable(value: unknown): value is AddressTable {
  return (
    isRecord(value) &&
    Array.isArray(value['nodes']) &&
    Array.isArray(value['rows']) &&
    value['rows'].every((row) => isRecord(row) && isRecord(row['seen']))
  );
}

function textOf({ mode, nodes, rows }: AddressTable): string {
  const head = ['NAMESPACE', ...phases[mode].map((phase) => phase.toUpperCase())];
  const cells = rows.map(({ namespace, seen }) => [namespace, ...Object.values(seen).map(seenText)]);
  return `${aligned([head, ...cells])}\nany node: ${nodes.join(', ')}\nall other namespaces leave with the addresses of nodes throughout\n`;
}

/** One line for each namespace, phase and address, a namespace at a time: with many nodes all of it is large. */
function* csvOf(table: AddressTable): Generator<string> {
  yield 'namespace,phase,address\n';
  for (const { namespace, seen } of table.rows)
    yield Object.entries(seen)
      .flatMap(([phase, one]) => seenAddresses(one, table).map((address) => `${namespace},${phase},${address}\n`))
      .join('');
}
