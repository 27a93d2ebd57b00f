/** The content of a plan's report for people, of limited length, for Markdown and HTML. All lists have an order. */
import upperFirst from 'lodash/upperFirst.js';
import { listText } from '../../model/values/list-text.ts';
import { compareText } from '../../model/values/names.ts';
import { type AddressEnds, type AddressTable, addressTable, type Mode, modes, phases, seenText } from '../addresses.ts';
import { type Finding } from '../findings/finding.ts';
import { lossText } from '../findings/loss.ts';
import { type FindingCode, severities, type Severity } from '../findings/rows.ts';
import type { Plan } from '../plan/plan.ts';
import { refText } from '../ref.ts';
import type { TargetWords } from '../target.ts';
import { targetNamed } from '../targets.ts';
import { type LossRow, lossRows } from './losses.ts';
import { headings } from './words.ts';

/** The first findings of one code, and how many there are. */
export interface CodeSection {
  readonly severity: Severity;
  readonly code: FindingCode;
  readonly findings: readonly Finding[];
  readonly count: number;
}

/** An egress IP, with the nodes it has today and those it may get. */
export interface PlacementRow {
  readonly egressIP: string;
  readonly today: string;
  readonly allowed: string;
}

export interface Report {
  readonly target: string;
  readonly words: TargetWords;
  readonly options: readonly (readonly [string, string])[];
  readonly incomplete: readonly string[];
  readonly counts: string;
  readonly steps: readonly { readonly name: string; readonly description: string; readonly changes: string }[];
  readonly sections: readonly CodeSection[];
  readonly placement: readonly PlacementRow[];
  readonly placementCount: number;
  /** How many egress IPs will be assigned; empty if unknown. */
  readonly assigned: string;
  /** Which source addresses the outside sees; undefined if that is not known. */
  readonly addresses: readonly AddressView[] | undefined;
  /** What namespaces lose; a namespace is empty if all do. */
  readonly losses: Cut<LossRow>;
  /** Node addresses that the outside must accept while there are no egress IPs. */
  readonly nodeAddresses: readonly string[];
}

/** Rows of one table that a report for paper shows. All are in findings.json and placement.json. */
const fewRows = 200;
const longestList = 8;

/** The first rows of a table, and how many there are. */
export interface Cut<T> {
  readonly shown: readonly T[];
  readonly count: number;
}

/** The table of addresses of one way to switch. */
export interface AddressView {
  readonly mode: Mode;
  readonly head: readonly string[];
  readonly rows: Cut<readonly string[]>;
}

interface ReportInput {
  readonly plan: Plan;
  readonly assignedCount: readonly number[];
  readonly nodeAddresses: readonly string[];
  readonly addresses: AddressEnds | undefined;
}

/** Makes the report of a plan, with at most that many rows of each table. */
export function reportOf(
  { plan, assignedCount, nodeAddresses, addresses }: ReportInput,
  most: number = fewRows,
): Report {
  const tables =
    addresses === undefined ? [] : modes.map((mode) => addressTable(mode, addresses.nodes, addresses.ends));
  const groups = [...Map.groupBy(plan.findings, ({ severity, code }) => `${severity} ${code}`).values()];
  return {
    target: plan.target,
    words: targetNamed(plan.target).words,
    options: Object.entries(plan.options).flatMap(([name, value]) => optionRow(name, value)),
    incomplete: plan.incomplete,
    counts: countsText(plan.findings),
    steps: plan.steps.map(({ name, description, changes }) => ({
      name,
      description,
      changes: changesText(changes.map(({ action }) => action)),
    })),
    sections: groups
      .flatMap((findings) => {
        const [first] = findings;
        return first === undefined
          ? []
          : [{ severity: first.severity, code: first.code, findings: findings.slice(0, most), count: findings.length }];
      })
      .sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity) || compareText(a.code, b.code)),
    placement: [...plan.placement]
      .slice(0, most)
      .map(([egressIP, { today, allowed }]) => ({ egressIP, today: shortList(today), allowed: shortList(allowed) })),
    placementCount: plan.placement.size,
    assigned: plan.placement.size === 0 ? '' : assignedText(assignedCount, plan.placement.size),
    nodeAddresses,
    addresses: addresses === undefined ? undefined : tables.map((table) => addressView(table, most)),
    losses: cut(lossRows(plan.findings, tables), most),
  };
}

function cut<T>(all: readonly T[], most: number): Cut<T> {
  return { shown: all.slice(0, most), count: all.length };
}

function addressView({ mode, rows }: AddressTable, most: number): AddressView {
  const view = rows.map(({ namespace, seen }) => [namespace, ...Object.values(seen).map(seenText)]);
  return { mode, head: ['Namespace', ...phases[mode].map(upperFirst)], rows: cut(view, most) };
}

/** The table of a section: the column of losses only if something is lost. */
export function findingTable({ findings }: CodeSection): {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const losing = findings.some(({ lost }) => lost !== undefined);
  return {
    head: ['Object', 'Today', 'Tomorrow', 'Do', ...(losing ? ['Lost'] : [])],
    rows: findings.map((one) => [
      subjectOf(one),
      one.today,
      one.tomorrow,
      one.action,
      ...(losing ? [one.lost === undefined ? 'nothing' : lossText(one.lost)] : []),
    ]),
  };
}

/** The option as a row if it was chosen: neither false nor an empty list. */
function optionRow(name: string, value: unknown): readonly (readonly [string, string])[] {
  const text = Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' || value === false ? [] : [[name, text]];
}

/** `1 blocker, 2 warnings, 3 infos`. */
export function countsText(findings: readonly Finding[]): string {
  return severities
    .map((severity) => {
      const count = findings.filter((one) => one.severity === severity).length;
      return `${count} ${severity}${count === 1 ? '' : 's'}`;
    })
    .join(', ');
}

/** The object of a finding, for one cell. */
export function subjectOf(finding: Finding): string {
  return refText(finding).trimEnd();
}

function shortList(names: readonly string[]): string {
  return names.length === 0 ? 'nowhere' : listText(names, longestList);
}

function assignedText(counts: readonly number[], all: number): string {
  const [least, most] = [counts[0] ?? 0, counts.at(-1) ?? 0];
  return least === most ? `${least} of ${all}` : `${least} to ${most} of ${all}, by chance`;
}

function changesText(actions: readonly string[]): string {
  if (actions.length === 0) return 'none';
  return ['apply', 'delete', 'clear']
    .flatMap((action) => {
      const count = actions.filter((one) => one === action).length;
      return count === 0 ? [] : [`${count} to ${action}`];
    })
    .join(', ');
}

/** The heading of a table of addresses. */
export function addressTitle(mode: Mode): string {
  return mode === 'live' ? "In the vendor's live migration" : 'In an offline migration';
}

export const lossHead: readonly string[] = ['Namespace', 'Loses', 'For how long', 'Finding'];

/** A row of the table of losses. */
export function lossCells({ namespace, what, howLong, code }: LossRow): readonly string[] {
  return [namespace === '' ? headings.everyNamespace : namespace, what, howLong, code];
}
