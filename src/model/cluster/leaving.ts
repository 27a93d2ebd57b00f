/** With which address pods of a namespace should leave, by the status of the cluster, and whether one did. */
import { netNamespaces } from '../../../api/kinds.ts';
import { type Choice, choiceFor } from '../egress/rules.ts';
import type { EgressRules, OutsidePacket } from '../objects/egressrules.ts';
import { parseIpv4 } from '../objects/fields.ts';
import { listText } from '../values/list-text.ts';
import type { Status, StatusRow } from './summary.ts';

/** How pods of a namespace should leave. */
export type Leaving =
  | { readonly kind: 'egressIP'; readonly addresses: readonly string[] }
  /** With the address of their node. */
  | { readonly kind: 'node' }
  | { readonly kind: 'dropped'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** What a pod saw: the address that the server told it and the pod's node, or why there is none. */
export type Sight =
  | { readonly address: string; readonly node: string }
  /** `isSilent`: the pod ran, and got no answer. */
  | { readonly problem: string; readonly isSilent?: boolean };

/** One pod's result. */
export interface Seen {
  readonly state: 'well' | 'wrong' | 'unknown';
  readonly address: string | null;
  /** The node of the pod; null if it is not known. */
  readonly node: string | null;
  readonly expected: string;
  /** What is wrong or not known; null if it is well. */
  readonly problem: string | null;
}

/** The packet to a web server at an IPv4 address; undefined if the URL has a name, which pods may resolve otherwise. */
export function packetTo(url: URL): OutsidePacket | undefined {
  const destination = parseIpv4(url.hostname);
  if (!destination.ok) return undefined;
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { destination: destination.value, protocol: 'tcp', port };
}

const dependsOn = (what: string): Leaving => ({
  kind: 'unknown',
  reason: `it depends on the ${what} by its finer rules, as sdn-compat trace tells`,
});

/** With which egress IP alone a packet should leave. */
function leavingBy(only: string, rows: readonly StatusRow[]): Leaving {
  const row = rows.find(({ egressIP }) => egressIP === only);
  if (row === undefined)
    return { kind: 'dropped', reason: `destination-ips names ${only}, which its namespace does not request` };
  if (row.inUse === false) return { kind: 'dropped', reason: row.reason ?? `${only} is not in use` };
  return { kind: 'egressIP', addresses: [only] };
}

/**
 * How the pods of a namespace should leave: with any egress IP that is not known to be out of use. Finer rules decide by
 * the packet; without one nobody can tell what they say. `rulesOf` are the rules of a VNID.
 */
export function leavingOf(
  { egressIPs, unread, rules = [] }: Status,
  namespace: string,
  to?: { readonly packet: OutsidePacket | undefined; readonly rulesOf: (vnid: number) => EgressRules | undefined },
): Leaving {
  if (unread.includes(netNamespaces.kind)) return { kind: 'unknown', reason: 'NetNamespaces could not be read' };
  const rows = egressIPs.filter(({ namespaces }) => namespaces.includes(namespace));
  const [first] = rows;
  if (first === undefined) return { kind: 'node' };
  const isRuled = rules.some(({ namespaces }) => namespaces.includes(namespace));
  if (!isRuled) return leavingAs(rows, first);
  if (to?.packet === undefined) return dependsOn('pod and the destination');
  const own = to.rulesOf(first.vnid ?? -1);
  if (own?.podSelector !== undefined) return dependsOn('labels of the pod');
  const choice = choiceFor(own, to.packet);
  return choice.kind === 'node' ? { kind: 'node' } : leavingAs(rows, first, choice);
}

/** How what takes an egress IP should leave. */
function leavingAs(rows: readonly StatusRow[], first: StatusRow, choice?: Choice): Leaving {
  const reason = first.reason ?? '';
  if (first.traffic === 'dropped') return { kind: 'dropped', reason };
  if (first.traffic === 'node') return { kind: 'node' };
  if (first.traffic === 'unknown') return { kind: 'unknown', reason };
  if (choice?.kind === 'only') return leavingBy(choice.egressIP, rows);
  return { kind: 'egressIP', addresses: rows.filter(({ inUse }) => inUse !== false).map(({ egressIP }) => egressIP) };
}

function expectedText(leaving: Leaving): string {
  switch (leaving.kind) {
    case 'egressIP':
      return listText(leaving.addresses);
    case 'node':
      return 'the address of its node';
    case 'dropped':
      return 'nothing leaves';
    case 'unknown':
      return 'not known';
  }
}

function stateOf(leaving: Leaving, seen: Sight, nodeIP: string | undefined): Pick<Seen, 'state' | 'problem'> {
  const well = { state: 'well', problem: null } as const;
  const wrong = (problem: string) => ({ state: 'wrong', problem }) as const;
  const unknown = (problem: string) => ({ state: 'unknown', problem }) as const;
  if (leaving.kind === 'unknown') return unknown(`it is not known how it should leave: ${leaving.reason}`);
  if ('problem' in seen) {
    if (seen.isSilent !== true) return unknown(seen.problem);
    return leaving.kind === 'dropped' ? well : wrong(seen.problem);
  }
  switch (leaving.kind) {
    case 'egressIP':
      return leaving.addresses.includes(seen.address) ? well : wrong(`it left with ${seen.address}`);
    case 'node':
      if (nodeIP === undefined) return unknown(`it left with ${seen.address}; the address of its node is not known`);
      return nodeIP === seen.address ? well : wrong(`it left with ${seen.address}; its node has ${nodeIP}`);
    case 'dropped':
      return wrong(`it left with ${seen.address}, but should be dropped: ${leaving.reason}`);
  }
}

/** Whether a pod left as it should; `nodeIP` is the address of its node, if it is known. */
export function judge(leaving: Leaving, seen: Sight, nodeIP: string | undefined): Seen {
  const [address, node] = 'problem' in seen ? [null, null] : [seen.address, seen.node];
  return { ...stateOf(leaving, seen, nodeIP), address, node, expected: expectedText(leaving) };
}
