/** Which NetworkPolicies need what is not of this node, by the matches that networkpolicy.ts makes of them. */
import { keysOf, selectsAll } from '../../model/objects/selector.ts';
import { namespaceNameLabel } from '../../model/objects/well-known.ts';
import type { NetworkPolicy, Peer, PolicyRule } from '../../model/policy/networkpolicy.ts';

/** A whole namespace as the source of packets is matched by its VNID, if no other has that. */
function isByVnid(peer: Peer, isShared: boolean): boolean {
  return peer.kind === 'block' || (selectsAll(peer.pods) && !isShared);
}

/** Peers of an egress rule are matched by address; a named port is that of each pod that listens. */
function egressNeeds({ peers, ports }: PolicyRule): boolean {
  return (ports ?? []).some(({ kind }) => kind === 'named') || (peers ?? []).some(({ kind }) => kind === 'pods');
}

/**
 * Whether the addresses or ports of pods on other nodes are needed for its flows here. `isShared` says that some
 * namespaces have the same VNID.
 */
export function needsOtherPods({ ingress = [], egress = [] }: NetworkPolicy, isShared: boolean): boolean {
  const isKnown = ({ peers }: PolicyRule): boolean => (peers ?? []).every((peer) => isByVnid(peer, isShared));
  return !ingress.every(isKnown) || egress.some(egressNeeds);
}

/** Whether it selects namespaces by labels other than that of their name, which is known without reading any. */
export function needsNamespaceLabels({ ingress = [], egress = [] }: NetworkPolicy): boolean {
  const keys = [...ingress, ...egress].flatMap(({ peers = [] }) =>
    peers.flatMap((peer) => (peer.kind === 'pods' ? keysOf(peer.namespaces ?? {}) : [])),
  );
  return keys.some((key) => key !== namespaceNameLabel);
}
