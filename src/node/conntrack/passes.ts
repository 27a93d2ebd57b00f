/**
 * Computes how to delete stale connections with as few passes over the kernel's table as possible. Each `conntrack -D`
 * scans the whole table, so the cost is the number of kinds of connections, not their number.
 */
import { type Ip, ipNumber } from '../../model/address.ts';
import { type OwnedSource, type Selection, selectionArgs } from './affected.ts';
import type { Connection } from './connection.ts';

/** A connection, and whether it must end. */
export interface Judged {
  readonly connection: Connection;
  readonly stale: boolean;
}

type Argv = readonly string[];
/** A distinguishing property: the value, and the arguments that select it. */
type Distinction = (connection: Connection) => { readonly value: string; readonly argv: Argv };

const byMark: Distinction = ({ mark }) => ({ value: String(mark), argv: ['--mark', String(mark)] });
const byTranslation: Distinction = ({ translated }) => ({ value: translated, argv: ['-q', translated] });
const byAnswerer: Distinction = ({ answerer }) => ({ value: answerer, argv: ['-r', answerer] });
const byDestination: Distinction = ({ destination }) => ({ value: destination, argv: ['-d', destination] });
const byPorts: Distinction = ({ protocol, sourcePort, destinationPort }) => ({
  value: [protocol, sourcePort, destinationPort].join(' '),
  argv: [
    '-p',
    protocol,
    ...(sourcePort === undefined || destinationPort === undefined
      ? []
      : ['--sport', sourcePort, '--dport', destinationPort]),
  ],
});

function groups(all: readonly Judged[], distinction: Distinction): readonly (readonly [Argv, readonly Judged[]])[] {
  const found = new Map<string, [Argv, Judged[]]>();
  for (const judged of all) {
    const { value, argv } = distinction(judged.connection);
    const group = found.get(value);
    if (group === undefined) found.set(value, [argv, [judged]]);
    else group[1].push(judged);
  }
  return [...found.values()];
}

/** Splits the group further until stale connections are separate. Those that no property separates end together. */
function split(all: readonly Judged[], [next, ...more]: readonly Distinction[]): Argv[] {
  if (!all.some(({ stale }) => stale)) return [];
  if (next === undefined || all.every(({ stale }) => stale)) return [[]];
  return groups(all, next).flatMap(([argv, group]) => split(group, more).map((rest) => [...argv, ...rest]));
}

const addressBits = 32;

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
}

/** The networks of sources that contain stale connections, each as large as possible without one that stays. */
function bySource(all: readonly Judged[], first: number, length: number): Argv[] {
  if (!all.some(({ stale }) => stale)) return [];
  const argv = length === 0 ? [] : ['-s', `${textOf(first)}/${length}`];
  if (all.every(({ stale }) => stale)) return [argv];
  if (length === addressBits) return split(all, [byAnswerer, byDestination, byPorts]).map((rest) => [...argv, ...rest]);
  const middle = first + 2 ** (addressBits - length - 1);
  const isLower = ({ connection }: Judged): boolean => numberOf(connection.source) < middle;
  return [
    ...bySource(all.filter(isLower), first, length + 1),
    ...bySource(
      all.filter((one) => !isLower(one)),
      middle,
      length + 1,
    ),
  ];
}

const numberOf = (ip: Ip): number => Number(ipNumber(ip));

/** The same for the connections with one mark. */
function withinMark(all: readonly Judged[], selection: Selection | undefined): Argv[] {
  if (!all.some(({ stale }) => stale)) return [];
  if (all.every(({ stale }) => stale)) return [[]];
  if (selection !== undefined && 'source' in selection) return split(all, [byTranslation, byAnswerer, byDestination, byPorts]);
  if (selection !== undefined && 'translated' in selection) return bySource(all, 0, 0);
  return groups(all, byTranslation).flatMap(([translated, group]) =>
    bySource(group, 0, 0).map((rest) => [...translated, ...rest]),
  );
}

/**
 * The arguments of each `conntrack` call; together they delete the stale connections and none of the others. If only a
 * selection of the table is known, no pass goes beyond it.
 */
export function deletionPasses(all: readonly Judged[], selection?: Selection): string[][] {
  const within = selection === undefined || 'mark' in selection ? [] : selectionArgs(selection);
  return groups(all, byMark).flatMap(([mark, ofMark]) =>
    withinMark(ofMark, selection).map((rest) => ['-D', '-f', 'ipv4', ...mark, ...within, ...rest]),
  );
}

/** The arguments that delete an owner's connections with one source. */
export function passOver({ mark, translated }: OwnedSource): string[] {
  return ['-D', '-f', 'ipv4', '--mark', String(mark), '-q', translated];
}
