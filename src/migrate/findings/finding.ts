/** What a migration changes for somebody, reported before it happens: one finding for each object and matter. */
import { compareText } from '../../model/names.ts';
import { type FindingCode, rows, severities, type Severity } from './rows.ts';

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
}

/** A finding without what the catalog adds. If the severity is absent, it is the first of its row. */
type Said<C extends FindingCode> = Omit<Finding, 'severity' | 'code'> & {
  readonly severity?: (typeof rows)[C]['severities'][number];
};

/** Names a namespaced object in a finding. */
export interface Namespaced {
  readonly namespace: string;
  readonly name: string;
}

/** Returns the function that makes findings of a code from named facts. */
export function makes<C extends FindingCode, A>(code: C, say: (facts: A) => Said<C>): (facts: A) => Finding {
  return (facts) => {
    const { severity = rows[code].severities[0], kind, namespace, name, today, tomorrow, action } = say(facts);
    return { severity, code, kind, ...(namespace === undefined ? {} : { namespace }), name, today, tomorrow, action };
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
