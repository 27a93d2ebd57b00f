/** Egress IPs whose connections stay on the node that had them, for users: as the agents of these nodes say. */
import type { EgressState } from '../egress/state.ts';
import { compareText } from '../values/names.ts';
import type { Cluster } from './cluster.ts';
import type { AgentReport } from './node-status.ts';

/** An egress IP that moved, and the node that its connections still leave by. */
export interface DrainRow {
  readonly egressIP: string;
  readonly namespaces: readonly string[];
  readonly vnid: number;
  /** The node that had it. */
  readonly from: string;
  /** The node that has it now; null if none has. */
  readonly to: string | null;
  /** When it ends at the latest, by the clock of the agent there. */
  readonly until: string;
}

/** The drains that agents tell of, and whose egress IPs are still requested, in order of VNID and egress IP. */
export function drainRows(
  { netNamespaces }: Pick<Cluster, 'netNamespaces'>,
  state: EgressState,
  agents: ReadonlyMap<string, AgentReport> = new Map(),
): readonly DrainRow[] {
  const told = Map.groupBy(
    [...agents].flatMap(([from, { draining = new Map<string, string>() }]) =>
      [...draining].map(([egressIP, until]) => ({ egressIP, from, until })),
    ),
    ({ egressIP }) => egressIP,
  );
  if (told.size === 0) return [];
  const assigned = new Map<string, string>([...state.assigned].map(([ip, { node }]) => [ip, node]));
  return [...state.requests].flatMap(([vnid, requests]) => {
    const found = requests.flatMap((ip) => told.get(ip) ?? []);
    if (found.length === 0) return [];
    const holders = netNamespaces.filter((one) => one.vnid === vnid).map(({ name }) => name);
    const namespaces = holders.sort(compareText);
    return found
      .sort((a, b) => compareText(a.egressIP, b.egressIP) || compareText(a.from, b.from))
      .map(({ egressIP, from, until }): DrainRow => {
        const to = assigned.get(egressIP) ?? null;
        return { egressIP, namespaces, vnid, from, to, until };
      });
  });
}
