/** Results of a connectivity test: for a terminal, and as JUnit's XML for CI. */
import type { Seen } from '../../model/cluster/leaving.ts';
import { aligned } from '../aligned.ts';

/** What one pod found. */
export interface TestResult extends Seen {
  readonly namespace: string;
  /** Only with --disruptive: the longest time without an answer, in seconds; null if it did not end. */
  readonly without?: number | null;
}

const nothing = '-';

/** A row for each pod that asked. */
export function resultTable(results: readonly TestResult[]): string {
  const isTimed = results.some(({ without }) => without !== undefined);
  const secondsOf = ({ without }: TestResult): string => (typeof without === 'number' ? `${without} s` : nothing);
  const rows = results.map((one) => [
    one.namespace,
    one.node ?? nothing,
    one.address ?? nothing,
    ...(isTimed ? [secondsOf(one)] : []),
    one.expected,
    one.state === 'well' ? one.state : one.state.toUpperCase(),
    one.problem ?? '',
  ]);
  return aligned([
    ['NAMESPACE', 'NODE', 'LEFT WITH', ...(isTimed ? ['WITHOUT'] : []), 'EXPECTED', 'STATE', 'PROBLEM'],
    ...rows,
  ]);
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text in an attribute; what XML cannot hold is shown as a question mark. */
function attribute(text: string): string {
  return text.replace(/[\u0000-\u001f\ufffe\uffff]/g, '?').replace(/[&<>"]/g, (found) => entities[found] ?? found);
}

/** A test case for each pod that asked. */
export function junit(results: readonly TestResult[]): string {
  const failures = results.filter(({ state }) => state === 'wrong').length;
  const errors = results.filter(({ state }) => state === 'unknown').length;
  const cases = results.map(({ namespace, node, state, problem, expected }) => {
    const open = `  <testcase classname="${attribute(namespace)}" name="${attribute(`leaves as ${expected}, from ${node ?? 'any node'}`)}"`;
    if (state === 'well') return `${open}/>`;
    const element = state === 'wrong' ? 'failure' : 'error';
    return `${open}>\n    <${element} message="${attribute(problem ?? '')}"/>\n  </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="sdn-compat test" tests="${results.length}" failures="${failures}" errors="${errors}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}
