/** What a migration changes for somebody, reported before it happens: one finding for each object and matter. */
import { compareText } from '../../model/values/names.ts';
import type { Span } from './catalog/row.ts';
import type { Loss } from './loss.ts';
import { type FindingCode, lossesOf, rows, severities, type Severity } from './rows.ts';

export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** The object at fault; `namespace` only for namespaced kinds. */
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** What the present plugin does with it today. */
  readonly today: string;
  /** What the new plugin will do with what the plan makes of it. */
  readonly tomorrow: string;
  /** What the admin should do. */
  readonly action: string;
  /** What its namespace loses, or all if it is of none; absent if nothing. */
  readonly lost?: Loss;
}

/** A finding without what the catalog adds. If severity or span is absent, it is the first of its row. */
type Said<C extends FindingCode> = Omit<Finding, 'severity' | 'code' | 'lost'> & {
  readonly severity?: (typeof rows)[C]['severities'][number];
  /** How long the loss of the row lasts; null if nothing is lost here. */
  readonly span?: Span | null;
};

/** Names a namespaced object in a finding. */
export interface Namespaced {
  readonly namespace: string;
  readonly name: string;
}

/** Returns the function that makes findings of a code from named facts. */
export function makes<C extends FindingCode, A>(code: C, say: (facts: A) => Said<C>): (facts: A) => Finding {
  return (facts) => {
    const said = say(facts);
    const { severity = rows[code].severities[0], kind, namespace, name, today, tomorrow, action } = said;
    const loses = lossesOf(code);
    const { span = loses?.spans[0] ?? null } = said;
    return {
      severity,
      code,
      kind,
      ...(namespace === undefined ? {} : { namespace }),
      name,
      today,
      tomorrow,
      action,
      ...(loses === undefined || span === null ? {} : { lost: { what: loses.what, span } }),
    };
  };
}

/** Total order of findings: severity, code, kind, namespace, name, then the texts. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    compareText(a.code, b.code) ||
    compareText(a.kind, b.kind) ||
    compareText(a.namespace ?? '', b.namespace ?? '') ||
    compareText(a.name, b.name) ||
    compareText(a.today, b.today) ||
    compareText(a.tomorrow, b.tomorrow)
  );
}
