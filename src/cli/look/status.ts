/** `sdn-compat status`: every egress IP, who requests it, where it is, and why it is not in use. */
import { hostSubnets, netNamespaces } from '../../../api/kinds.ts';
import { clusterFromServer } from '../../io/input/cluster.ts';
import { openKube } from '../../io/kube/config.ts';
import { createLogger } from '../../io/log.ts';
import { type Status, statusOf } from '../../model/cluster/summary.ts';
import { print, report } from '../output.ts';

export interface StatusFlags {
  readonly kubeconfig?: string;
  readonly output: 'table' | 'json' | 'yaml';
}

const headings = ['EGRESS IP', 'NAMESPACE', 'VNID', 'TRAFFIC', 'NODE', 'REASON'] as const;
const footer =
  "Not covered by egress IPs: pods on the host's network, answers to connections from outside, and traffic that a Service rewrote (node address).";

/** Formats the status as aligned columns. */
export function statusTable({ egressIPs, notes, unread }: Status): string {
  const rows = egressIPs.map(({ egressIP, namespaces, vnid, traffic, node, reason }) => [
    egressIP,
    namespaces.join(',') || '-',
    vnid === null ? '-' : String(vnid),
    traffic,
    node ?? '-',
    reason ?? '',
  ]);
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd();
  const said = notes.map(({ kind, name, code, message }) => `${kind} ${name}: ${code}: ${message}`);
  const isWhole = ![hostSubnets, netNamespaces].some(({ kind }) => unread.includes(kind));
  const none = isWhole
    ? 'no egress IP is requested or listed'
    : 'no egress IP is known: see above what could not be read';
  const body = rows.length === 0 ? [none] : [line(headings), ...rows.map(line)];
  return [...body, ...(said.length === 0 ? [] : ['', ...said]), '', footer, ''].join('\n');
}

/** Reads the cluster and prints its status. */
export async function runStatus({ kubeconfig, output }: StatusFlags): Promise<void> {
  const logger = createLogger({ level: 'warn', name: 'sdn-compat-status' });
  const client = await openKube({
    logger,
    userAgent: 'sdn-compat-status',
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
  const { cluster, unread, ...reports } = await clusterFromServer(client).finally(() => client.close());
  for (const line of unread.values()) report(`${line}\n`);
  const status = statusOf(cluster, reports, new Set([...unread.keys()].map(({ kind }) => kind)));
  if (output === 'json') print(`${JSON.stringify(status, null, 2)}\n`);
  else if (output === 'yaml') print((await import('js-yaml')).dump(status, { noRefs: true, lineWidth: -1 }));
  else print(statusTable(status));
}
