/** What became of requested egress IPs between two looks at a cluster, and why. */
import type { NodeStatus } from './node-status.ts';
import type { Status, StatusRow } from './summary.ts';

/** An egress IP that is in use elsewhere than before. */
export interface Move {
  /** When it was seen, as ISO 8601. */
  readonly at: string;
  readonly egressIP: string;
  readonly namespaces: readonly string[];
  /** Null: it was not in use. */
  readonly from: string | null;
  /** Null: it is not in use. */
  readonly to: string | null;
  readonly cause: string;
}

type Looked = Pick<Status, 'egressIPs' | 'nodes'>;

const isAsked = ({ namespaces }: StatusRow): boolean => namespaces.length > 0;

/** Where a request is in use, or may be. */
const placeOf = (row: StatusRow | undefined): string | null =>
  row === undefined || row.inUse === false ? null : row.node;

function requestsOf({ egressIPs }: Looked): ReadonlyMap<string, StatusRow> {
  const rows = new Map<string, StatusRow>();
  // of several requests for one address the one that may use it counts
  for (const row of egressIPs)
    if (isAsked(row) && placeOf(rows.get(row.egressIP)) === null) rows.set(row.egressIP, row);
  return rows;
}

const healthOf = ({ nodes }: Looked, name: string): NodeStatus | undefined => nodes.find(({ node }) => node === name);

interface Change {
  readonly row: StatusRow | undefined;
  readonly was: StatusRow | undefined;
  readonly from: string | null;
  readonly to: string | null;
}

/** What happened to the node that had it; undefined if nothing did. */
function lostBy(from: string, before: Looked, after: Looked): string | undefined {
  const host = healthOf(after, from);
  if (host === undefined) return `there is no HostSubnet ${from} any more`;
  const wentOffline = host.health === 'offline' && healthOf(before, from)?.health !== 'offline';
  return wentOffline ? `${from} went offline` : undefined;
}

/** Why a node has it now. */
function foundBy(to: string, { row, was, from }: Change, before: Looked): string {
  if (was === undefined) return `${row?.namespaces.join(', ') ?? ''} requests it now`;
  if (from !== null) return `HostSubnet ${to} lists it, ${from} no longer`;
  if (was.node !== to) return `HostSubnet ${to} lists it now`;
  return healthOf(before, to)?.health === 'offline'
    ? `${to} is online again`
    : `HostSubnet ${to} lists it, and its agent carries it now`;
}

function causeOf(change: Change, before: Looked, after: Looked): string {
  const { row, from, to } = change;
  if (row === undefined) return 'nobody requests it any more';
  const lost = from === null ? undefined : lostBy(from, before, after);
  return lost ?? (to === null ? (row.reason ?? 'no node has it') : foundBy(to, change, before));
}

/** The requested egress IPs that are in use elsewhere than before, or no longer, or now, in the order of the rows. */
export function movesBetween(before: Looked, after: Looked, at: string): readonly Move[] {
  const [old, now] = [requestsOf(before), requestsOf(after)];
  return [...new Set([...now.keys(), ...old.keys()])].flatMap((egressIP): readonly Move[] => {
    const [row, was] = [now.get(egressIP), old.get(egressIP)];
    const [from, to] = [placeOf(was), placeOf(row)];
    if (from === to) return [];
    const cause = causeOf({ row, was, from, to }, before, after);
    return [{ at, egressIP, namespaces: (row ?? was)?.namespaces ?? [], from, to, cause }];
  });
}
