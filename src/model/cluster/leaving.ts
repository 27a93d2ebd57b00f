/** With which address pods of a namespace should leave, by the status of the cluster, and whether one did. */
import { netNamespaces } from '../../../api/kinds.ts';
import { listText } from '../values/list-text.ts';
import type { Status } from './summary.ts';

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

/** How the pods of a namespace should leave: with any egress IP that is not known to be out of use. */
export function leavingOf({ egressIPs, unread, rules = [] }: Status, namespace: string): Leaving {
  if (unread.includes(netNamespaces.kind)) return { kind: 'unknown', reason: 'NetNamespaces could not be read' };
  const rows = egressIPs.filter(({ namespaces }) => namespaces.includes(namespace));
  const [first] = rows;
  if (first === undefined) return { kind: 'node' };
  if (rules.some(({ namespaces }) => namespaces.includes(namespace)))
    return {
      kind: 'unknown',
      reason: 'it depends on the pod and the destination by its finer rules, as sdn-compat trace tells',
    };
  const reason = first.reason ?? '';
  if (first.traffic === 'dropped') return { kind: 'dropped', reason };
  if (first.traffic === 'node') return { kind: 'node' };
  if (first.traffic === 'unknown') return { kind: 'unknown', reason };
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
