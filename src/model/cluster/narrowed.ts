/** The part of a status that a user asks for. */
import type { Status } from './summary.ts';

/** What is left in; undefined means all. */
export interface Narrowing {
  readonly namespaces?: ReadonlySet<string> | undefined;
  readonly node?: string | undefined;
}

type Said = 'rules' | 'bandwidths' | 'drains' | 'placements';

/** What annotations say of these VNIDs, without lists that are empty. */
function ofVnids(
  { rules = [], bandwidths = [], drains = [], placements = [] }: { readonly [K in Said]: Status[K] | undefined },
  vnids: ReadonlySet<number | null>,
): Pick<Status, Said> {
  const left = {
    rules: rules.filter(({ vnid }) => vnids.has(vnid)),
    bandwidths: bandwidths.filter(({ vnid }) => vnids.has(vnid)),
    drains: drains.filter(({ vnid }) => vnids.has(vnid)),
    placements: placements.filter(({ vnid }) => vnids.has(vnid)),
  };
  return {
    ...(left.rules.length === 0 ? {} : { rules: left.rules }),
    ...(left.bandwidths.length === 0 ? {} : { bandwidths: left.bandwidths }),
    ...(left.drains.length === 0 ? {} : { drains: left.drains }),
    ...(left.placements.length === 0 ? {} : { placements: left.placements }),
  };
}

/**
 * The rows of namespaces or of a node, the nodes that these name, and the notes on either. All agents count for a
 * namespace, because its pods may be on any node: those that have not applied the objects stay.
 */
export function narrowed(status: Status, { namespaces, node }: Narrowing): Status {
  if (namespaces === undefined && node === undefined) return status;
  const egressIPs = status.egressIPs.filter(
    (row) =>
      (namespaces === undefined || row.namespaces.some((name) => namespaces.has(name))) &&
      (node === undefined || row.node === node),
  );
  const named = new Set([...egressIPs.flatMap((row) => row.node ?? []), ...(node === undefined ? [] : [node])]);
  const isLate = (state: string): boolean => node === undefined && state !== 'applied' && state !== 'none';
  const vnids = new Set(egressIPs.map(({ vnid }) => vnid));
  const { rules, bandwidths, drains, placements, pools, requests, ...others } = status;
  const asking = (requests ?? []).filter(({ namespace }) => namespaces?.has(namespace) === true);
  return {
    ...others,
    egressIPs,
    ...ofVnids({ rules, bandwidths, drains, placements }, vnids),
    ...(pools === undefined || asking.length === 0 ? {} : { pools, requests: asking }),
    nodes: status.nodes.filter((one) => named.has(one.node) || isLate(one.agent.state)),
    notes: status.notes.filter(({ kind, name }) =>
      kind === 'NetNamespace' ? namespaces?.has(name) === true : node !== undefined && name === node,
    ),
  };
}

/** The rows and nodes that are not well. */
export function problemsOf(status: Status): Status {
  return {
    ...status,
    egressIPs: status.egressIPs.filter(({ inUse, namespaces }) => inUse !== true && namespaces.length > 0),
    nodes: status.nodes.filter(
      ({ health, agent }) => health !== 'online' || agent.state === 'behind' || agent.state === 'unknown',
    ),
  };
}
