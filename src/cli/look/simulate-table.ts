/** Formats the report of a simulation as aligned text. */
import { isatty } from 'node:tty';
import { createColors } from 'picocolors';
import type { EgressIPRow, NamespaceRow, NodeRow, SimulationReport } from '../../model/simulation/report.ts';
import { aligned } from '../aligned.ts';

type Cells = readonly string[];

const nothing = '-';

/** Tables of egress IPs, namespaces and nodes, before and after, then what changes, then notes. */
export function reportTable(report: SimulationReport, color = isatty(1)): string {
  const paint = createColors(color);
  const sections = [
    table(['EGRESS IP', 'NAMESPACES', 'BEFORE', 'AFTER', ''], egressIPRows(report)),
    table(['NAMESPACE', 'VNID', 'BEFORE', 'AFTER', 'REASONS'], namespaceRows(report)),
    table(
      ['NODE', 'ADDRESS', 'BEFORE', 'AFTER', 'EGRESS IPS BEFORE', 'AFTER', 'CAPACITY', 'ASSIGNED'],
      nodeRows(report),
    ),
    summary(report),
    report.notes.map(({ kind, name, code, message }) => `${kind} ${name}: ${code}: ${message}`),
  ];
  const painted = sections
    .filter((section) => section.length > 0)
    .map(([head = '', ...rows]) => [paint.bold(head), ...rows].join('\n'));
  return `${painted.join('\n\n')}\n`;
}

function egressIPRows({ before, after }: SimulationReport): readonly Cells[] {
  const was = new Map(before.egressIPs.map((row) => [row.egressIP, row]));
  const is = new Map(after.egressIPs.map((row) => [row.egressIP, row]));
  const all = [...after.egressIPs, ...before.egressIPs.filter(({ egressIP }) => !is.has(egressIP))];
  return all.map(({ egressIP, namespaces }) => {
    const [from, to] = [place(was.get(egressIP)), place(is.get(egressIP))];
    return [egressIP, namespaces.join(',') || nothing, from, to, from === to ? '' : 'changes'];
  });
}

function place(row: EgressIPRow | undefined): string {
  if (row === undefined || row.node === null) return nothing;
  return row.online === false ? `${row.node} (offline)` : row.node;
}

function namespaceRows({ before, after }: SimulationReport): readonly Cells[] {
  const was = new Map(before.namespaces.map((row) => [row.namespace, row]));
  return after.namespaces.map((row) => {
    const reasons = row.reasons.map(({ code, text }) => `${code}: ${text}`).join('; ');
    return [row.namespace, String(row.vnid), stateText(was.get(row.namespace)), stateText(row), reasons];
  });
}

function stateText(row: NamespaceRow | undefined): string {
  if (row === undefined) return nothing;
  const ruled = row.rules === undefined ? '' : ` (${row.rules})`;
  if (row.state !== 'via') return `${row.state}${ruled}`;
  return `via ${row.hops.map(({ egressIP, node }) => `${egressIP} on ${node}`).join(', ')}${ruled}`;
}

function nodeRows({ before, after }: SimulationReport): readonly Cells[] {
  const was = new Map(before.nodes.map((row) => [row.node, row]));
  return after.nodes.map((row) => {
    const old = was.get(row.node);
    const loads = [old === undefined ? nothing : String(old.load), String(row.load)];
    const capacity = row.capacity === null ? nothing : String(row.capacity);
    return [
      row.node,
      row.nodeIP,
      health(old),
      health(row),
      ...loads,
      capacity,
      row.automatic ? 'automatically' : 'by hand',
    ];
  });
}

function health(row: NodeRow | undefined): string {
  if (row === undefined) return nothing;
  return row.online ? 'online' : 'offline';
}

function summary({ moves, drops, recovers }: SimulationReport): readonly string[] {
  const lines = moves.map(({ egressIP, from, to }) => `  ${egressIP}: ${from ?? 'nowhere'} -> ${to ?? 'nowhere'}`);
  return [
    `${moves.length} egress IPs change their node${moves.length > 0 ? ':' : ''}`,
    ...lines,
    ...named('namespaces that are dropped now', drops),
    ...named('namespaces that are no longer dropped', recovers),
  ];
}

/** Above this number, names are only counted; the other outputs have all. */
const mostNames = 20;

function named(what: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const rest = names.length > mostNames ? ` and ${names.length - mostNames} more` : '';
  return [`${what}: ${names.slice(0, mostNames).join(', ')}${rest}`];
}

/** The rows under their headings with aligned columns; nothing if there are no rows. */
function table(head: Cells, rows: readonly Cells[]): readonly string[] {
  return rows.length === 0
    ? []
    : aligned([head, ...rows])
        .trimEnd()
        .split('\n');
}
