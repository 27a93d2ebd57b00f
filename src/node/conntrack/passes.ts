/**
 * Computes how to delete stale connections with few passes over the kernel's table. Each `conntrack -D` scans the whole
 * table, so the cost is the number of passes, and that has a limit. What the passes leave is dropped and marked by nft
 * with its next packet, and all that is marked ends in one pass.
 */
import { type Ip, ipNumber } from '../../model/values/address.ts';
import { type OwnedSource, type Selection, selectionArgs } from './affected.ts';
import type { Connection } from './connection.ts';

/** A connection, and whether it must end. */
export interface Judged {
  readonly connection: Connection;
  readonly stale: boolean;
}

/** The most passes for one look at the table. */
export const mostPasses = 8;

type Argv = readonly string[];

/** What a pass deletes: the arguments that select it, and how many connections. */
interface Pass {
  readonly argv: Argv;
  readonly count: number;
}

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
const distinctions = [byAnswerer, byDestination, byPorts] as const;

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

const under = (argv: Argv, passes: readonly Pass[]): Pass[] =>
  passes.map((pass) => ({ ...pass, argv: [...argv, ...pass.argv] }));

/** One pass if all are stale, none if none is; undefined if some are. */
function alike(all: readonly Judged[]): Pass[] | undefined {
  const count = all.reduce((sum, { stale }) => sum + (stale ? 1 : 0), 0);
  if (count === 0) return [];
  return count === all.length ? [{ argv: [], count }] : undefined;
}

/** Splits the group further until stale connections are separate. Those that no property separates end together. */
function split(all: readonly Judged[], [next, ...more]: readonly Distinction[]): Pass[] {
  const passes = alike(all);
  if (passes !== undefined) return passes;
  if (next === undefined) return [{ argv: [], count: all.length }];
  return groups(all, next).flatMap(([argv, group]) => under(argv, split(group, more)));
}

const addressBits = 32;

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
}

/** The networks of sources that contain stale connections, each as large as possible without one that stays. */
function bySource(all: readonly Judged[], first: number, length: number): Pass[] {
  const argv = length === 0 ? [] : ['-s', `${textOf(first)}/${length}`];
  const passes = alike(all);
  if (passes !== undefined) return under(argv, passes);
  if (length === addressBits) return under(argv, split(all, distinctions));
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

/** The same for the connections with one mark; conntrack accepts each option once. */
function withinMark(all: readonly Judged[], selection: Selection | undefined): Pass[] {
  const passes = alike(all);
  if (passes !== undefined) return passes;
  if (selection !== undefined && 'source' in selection) return split(all, [byTranslation, ...distinctions]);
  if (selection !== undefined && 'translated' in selection) return bySource(all, 0, 0);
  return groups(all, byTranslation).flatMap(([translated, group]) => under(translated, bySource(group, 0, 0)));
}

/**
 * The arguments of each `conntrack` call. They delete stale connections and none of the others: all of them if `most`
 * passes are enough, else those that end most. If only a selection of the table is known, no pass goes beyond it.
 */
export function deletionPasses(all: readonly Judged[], selection?: Selection, most = mostPasses): string[][] {
  const within = selection === undefined || 'mark' in selection ? [] : selectionArgs(selection);
  return groups(all, byMark)
    .flatMap(([mark, ofMark]) => under([...mark, ...within], withinMark(ofMark, selection)))
    .toSorted((one, other) => other.count - one.count)
    .slice(0, most)
    .map(({ argv }) => ['-D', '-f', 'ipv4', ...argv]);
}

/** The arguments that delete an owner's connections with one source. */
export function passOver({ mark, translated }: OwnedSource): string[] {
  return ['-D', '-f', 'ipv4', '--mark', String(mark), '-q', translated];
}
