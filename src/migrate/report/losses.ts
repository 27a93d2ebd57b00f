/**
 * What each namespace loses by a migration and for how long, from the findings and the tables of source addresses.
 * Pure.
 */
import { listText } from '../../model/values/list-text.ts';
import { compareText } from '../../model/values/names.ts';
import type { AddressRow, AddressTable, LeavesWith } from '../addresses.ts';
import type { Finding } from '../findings/finding.ts';
import { spanText } from '../findings/loss.ts';
import { refText } from '../ref.ts';

export interface LossRow {
  /** The object that the finding is on if it is of no namespace; empty if all namespaces lose it. */
  readonly namespace: string;
  readonly what: string;
  readonly howLong: string;
  /** The code of the finding that says more; empty if the table of addresses does. */
  readonly code: string;
}

/** One row for each loss, those of all namespaces first, then by namespace. `tables`: one for each way to switch. */
export function lossRows(findings: readonly Finding[], tables: readonly AddressTable[]): readonly LossRow[] {
  const said = findings.flatMap((finding): readonly LossRow[] =>
    finding.lost === undefined
      ? []
      : [
          {
            namespace: namespaceOf(finding),
            what: finding.lost.what,
            howLong: spanText(finding.lost),
            code: finding.code,
          },
        ],
  );
  const all = [...addressLosses(tables), ...said];
  const distinct = new Map(all.map((row) => [Object.values(row).join('\n'), row]));
  return [...distinct.values()].sort(
    (a, b) =>
      compareText(a.namespace, b.namespace) ||
      compareText(a.code, b.code) ||
      compareText(a.what, b.what) ||
      compareText(a.howLong, b.howLong),
  );
}

/** Kinds whose objects have the name of their namespace, and kinds that concern all namespaces. */
const named: readonly string[] = ['NetNamespace', 'Namespace'];
const general: readonly string[] = ['ClusterNetwork', 'Network', 'HostSubnet'];

function namespaceOf(finding: Finding): string {
  const { kind, namespace, name } = finding;
  if (namespace !== undefined) return namespace;
  if (named.includes(kind)) return name;
  return general.includes(kind) ? '' : refText(finding).trimEnd();
}

/** In which phases a namespace does not leave with the egress IPs that it has today. */
function addressLosses(tables: readonly AddressTable[]): readonly LossRow[] {
  const rows = tables.flatMap(({ mode, rows: all }) => all.map((row) => ({ mode, row })));
  return [...Map.groupBy(rows, ({ row }) => row.namespace)].flatMap(([namespace, group]): readonly LossRow[] => {
    const [own, ways] = [ownOf(group[0]?.row.seen), group.map(({ mode, row }) => [mode, phasesWithout(row)] as const)];
    const texts = ways.flatMap(([mode, without]) => (without.length === 0 ? [] : [`${mode}: ${without.join(', ')}`]));
    return own.length === 0 || texts.length === 0
      ? []
      : [{ namespace, what: `egress IP ${listText(own)}`, howLong: texts.join('; '), code: '' }];
  });
}

function ownOf(seen: AddressRow['seen'] | undefined): readonly string[] {
  return seen?.['today']?.egressIPs ?? [];
}

function phasesWithout({ seen }: AddressRow): readonly string[] {
  const own = ownOf(seen);
  const lacks = ({ egressIPs }: LeavesWith): boolean => own.some((ip) => !egressIPs.includes(ip));
  return Object.entries(seen).flatMap(([phase, one]) => (lacks(one) ? [phase] : []));
}
