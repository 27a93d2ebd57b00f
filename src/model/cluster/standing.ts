/** Whether all that is asked for is in use and applied, and if not, what speaks against it: one line for each. */
import type { NodeStatus } from './node-status.ts';
import type { Status, StatusRow } from './summary.ts';

/** Both empty means that all is well. */
export interface Standing {
  /** What is certainly not in use or not applied. */
  readonly wrong: readonly string[];
  /** What nobody can tell. */
  readonly unknown: readonly string[];
}

/** Objects that count as absent: what they ask for is in no row. */
const absent = new Set(['InvalidHostSubnet', 'InvalidNetNamespace', 'SubnetInSeveralHostSubnets']);

function rowText({ egressIP, namespaces, reason }: StatusRow): string {
  return `${namespaces.join(', ')}: ${egressIP}: ${reason ?? 'not in use'}`;
}

function nodeText({ node, agent }: NodeStatus): string {
  return `${node}: ${agent.reason ?? agent.state}`;
}

const silent = 'no agent has said what it applied; where another network plugin forwards, --no-agents leaves them out';

/** Seconds by which clocks may differ before a leader counts as gone. */
const skew = 30;

/** The Leases whose leader has not renewed them in time, as far as this clock tells. */
function overdue({ controllers }: Status, now: number): readonly string[] {
  return (controllers ?? []).flatMap(({ lease, leader, renewed, duration }) => {
    if (leader === null) return [`no controller holds the Lease ${lease}`];
    const age = (now - Date.parse(renewed ?? '')) / 1_000;
    return age < (duration ?? 0) + skew
      ? []
      : [`${leader}, which holds the Lease ${lease}, has not renewed it in time`];
  });
}

/**
 * What a status says as a whole, at a time in milliseconds. Egress IPs that nobody requests do not matter, nor do agents
 * where another plugin forwards: `expectsAgents` is false.
 */
export function standingOf(status: Status, now: number, expectsAgents = true): Standing {
  const { egressIPs, notes, nodes, controllers, unread } = status;
  const requested = egressIPs.filter(({ namespaces }) => namespaces.length > 0);
  const hasAgents = expectsAgents && controllers?.some(({ backend }) => backend === 'ovn') !== true;
  const agents = hasAgents ? nodes : [];
  return {
    wrong: [
      ...requested.filter(({ inUse }) => inUse === false).map(rowText),
      ...notes.filter(({ code }) => absent.has(code)).map(({ name, message }) => `${name}: ${message}`),
      ...agents.filter(({ agent }) => agent.state === 'behind').map(nodeText),
    ],
    unknown: [
      ...unread.map((kind) => `${kind} objects could not be read`),
      ...requested.filter(({ inUse }) => inUse === null).map(rowText),
      ...agents.filter(({ agent }) => agent.state === 'unknown').map(nodeText),
      ...(hasAgents && status.areAgentsSilent ? [silent] : []),
      ...overdue(status, now),
    ],
  };
}
