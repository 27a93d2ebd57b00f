/** What the page of a migration's report shows: all of it, as text, and what a search leaves of it. */
import { order, type Tone } from './bands.ts';

/** A table of texts. */
export interface Sheet {
  readonly title: string;
  /** What stands before it; may be empty. */
  readonly about: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What stands there if there are no rows. */
  readonly none: string;
}

/** How a namespace leaves today and tomorrow. */
export interface Side {
  readonly namespace: string;
  readonly today: string;
  readonly tomorrow: string;
  /** `good`: as today; `unsure`: otherwise, but nothing is lost; `bad`: an address of today is lost or joined by a node's. */
  readonly tone: Exclude<Tone, 'quiet'>;
}

export interface ReportFinding {
  readonly severity: string;
  readonly code: string;
  readonly object: string;
  readonly today: string;
  readonly tomorrow: string;
  readonly action: string;
  /** Empty if nothing is lost. */
  readonly lost: string;
}

export interface ReportState {
  readonly title: string;
  readonly version: string;
  /** Severities, the worst first. */
  readonly severities: readonly string[];
  readonly incomplete: readonly string[];
  readonly options: readonly (readonly [name: string, value: string])[];
  readonly findings: readonly ReportFinding[];
  /** Empty if the target does not tell. */
  readonly sides: readonly Side[];
  readonly sheets: readonly Sheet[];
}

/** What is looked for in the report. */
export interface ReportFilter {
  readonly text: string;
  /** The severities that are not shown. */
  readonly hidden: ReadonlySet<string>;
}

const searched = new WeakMap<object, string>();

/** All texts of a row in one, in small letters; kept, since each key that is typed asks again. */
function textOf(row: object): string {
  const known = searched.get(row);
  if (known !== undefined) return known;
  const text = Object.values(row).join('\n').toLowerCase();
  searched.set(row, text);
  return text;
}

/** The rows that have the text in one of their values; all if it is empty. */
export function matching<T extends object>(rows: readonly T[], text: string): readonly T[] {
  const wanted = text.trim().toLowerCase();
  return wanted === '' ? rows : rows.filter((row) => textOf(row).includes(wanted));
}

/** The findings of one code. */
export interface FindingGroup {
  readonly severity: string;
  readonly code: string;
  readonly findings: readonly ReportFinding[];
}

/** What the filter leaves, by code, in the order in which the codes are first met. */
export function groupsOf(findings: readonly ReportFinding[], { text, hidden }: ReportFilter): readonly FindingGroup[] {
  const shown = matching(findings, text).filter(({ severity }) => !hidden.has(severity));
  return [...Map.groupBy(shown, ({ severity, code }) => `${severity} ${code}`).values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ severity: first.severity, code: first.code, findings: group }];
  });
}

/** Those that lose something first; otherwise as they were. */
export function worstFirst(sides: readonly Side[]): readonly Side[] {
  return sides.toSorted((a, b) => order[a.tone] - order[b.tone]);
}
