/** Rules as input for `nft -f -`, which is applied as one transaction. Pure. */
import type { Rules, SetRules } from './rules.ts';

/** The table of the lab's service proxy. */
export const proxyTable = 'ip lab_services';

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

function setLines(name: string, { kind, type, elements = [] }: SetRules): string[] {
  const listed = elements.length === 0 ? [] : [`  elements = { ${elements.join(', ')} }`];
  return [`${kind} ${name} {`, `  ${type}`, ...listed, '}'];
}

/** The whole table, in an order in which each part names only what comes before it. */
function tableLines({ sets, chains }: Rules): string[] {
  // a chain at a hook can be named by no other, and must not exist without its hook
  const isNamed = (lines: readonly string[]): boolean => !lines.some((line) => line.startsWith('type '));
  const declared = [...chains].flatMap(([name, lines]) => (isNamed(lines) ? [`chain ${name} { }`] : []));
  const body = [
    ...declared,
    ...[...sets].flatMap(([name, set]) => setLines(name, set)),
    ...[...chains].flatMap(([name, lines]) => [`chain ${name} {`, ...indented(lines), '}']),
  ];
  return [`table ${proxyTable} {`, ...indented(body), '}'];
}

function gone<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): string[] {
  return [...before.keys()].filter((name) => !after.has(name));
}

/** What replaces whatever the node has. */
function replacement(after: Rules): string[] {
  return [`table ${proxyTable} { }`, `delete table ${proxyTable}`, ...tableLines(after)];
}

/**
 * What turns the rules that the node has into others; without those, whatever it has is replaced. A set whose elements
 * packets have added stays as it is, so clients keep their endpoints.
 */
export function proxyDocument(before: Rules | undefined, after: Rules): string {
  if (before === undefined) return `${replacement(after).join('\n')}\n`;
  const filled = [...before.sets].filter(([, { elements }]) => elements !== undefined);
  const lines = [
    ...[...before.chains.keys()].map((name) => `flush chain ${proxyTable} ${name}`),
    ...filled.map(([name, { kind }]) => `flush ${kind} ${proxyTable} ${name}`),
    ...tableLines(after),
    ...gone(before.chains, after.chains).map((name) => `delete chain ${proxyTable} ${name}`),
    ...gone(before.sets, after.sets).map((name) => `delete set ${proxyTable} ${name}`),
  ];
  return `${lines.join('\n')}\n`;
}
