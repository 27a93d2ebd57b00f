/** The catalog of findings: each code with its severities and its row in docs/migrate.md. */
import { backRows } from './catalog/back.ts';
import { claimRows } from './catalog/claims.ts';
import { forthRows } from './catalog/forth.ts';
import { otherRows } from './catalog/others.ts';
import { type Row, spans } from './catalog/row.ts';

export { severities, type Severity } from './catalog/row.ts';

export const rows = { ...forthRows, ...otherRows, ...backRows, ...claimRows };

export type FindingCode = keyof typeof rows;

/** What findings of the code may say is lost; undefined if nothing. */
export function lossesOf(code: FindingCode): Row['loses'] {
  const row: Row = rows[code];
  return row.loses;
}

function isFindingCode(text: string): text is FindingCode {
  return Object.hasOwn(rows, text);
}

/** Whether a finding says that a request leads to no change, whichever nodes are Ready at the moment. */
export function isRefusal(code: FindingCode): boolean {
  const row: Row = rows[code];
  return row.isRefused === true;
}

/** Whether a finding, unless it is an info, says that nothing tells what would be planned. */
export function isUnknown(code: FindingCode): boolean {
  const row: Row = rows[code];
  return row.isUnknown === true;
}

export const findingCodes: readonly FindingCode[] = Object.keys(rows).filter(isFindingCode);

/** The rows as the table in docs/migrate.md, sorted by code. */
export function catalogTable(): string {
  const all: readonly (readonly [string, Row])[] = Object.entries(rows);
  const lines = all
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { severities: possible, about, loses }]) =>
        `| \`${code}\` | ${possible.join(', ')} | ${about} | ${loses === undefined ? '' : losesText(loses)} |\n`,
    );
  return `| code | severity | what it is about | what its namespace loses |\n|---|---|---|---|\n${lines.join('')}`;
}

function losesText({ what, spans: possible }: NonNullable<Row['loses']>): string {
  return `${what}, ${possible.map((span) => spans[span]).join(' or ')}`;
}

/** Each code in words; what to do about a finding is in the finding. */
export function findingExplanations(): readonly {
  readonly code: string;
  readonly about: string;
  readonly fix: string;
}[] {
  const all: readonly (readonly [string, Row])[] = Object.entries(rows);
  return all.map(([code, { severities: possible, about, loses }]) => {
    const lost = loses === undefined ? '' : ` What its namespace loses: ${losesText(loses)}.`;
    return {
      code,
      about: `${about.replaceAll('`', '')} (${possible.join(', ')}).${lost}`,
      fix: 'what the finding itself says under "do": it names the objects.',
    };
  });
}
