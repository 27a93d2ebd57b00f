/**
 * What agents say that they applied is a fingerprint of objects with their addresses: where those are masked, it must
 * be the one of the masked objects, or every node would look as if it were behind.
 */
import { clusterNetworks, hostSubnets, netNamespaces, nodes } from '../../../../api/kinds.ts';
import { objectsOf, type Snapshot } from '../../../migrate/snapshot.ts';
import { clusterOf } from '../../../model/cluster/cluster.ts';
import { fingerprintOf } from '../../../model/egress/fingerprint.ts';
import { clusterNetworkShape, hostSubnetShape, netNamespaceShape, objectShape } from '../../../model/objects/shapes.ts';
import type { Result } from '../../../model/values/result.ts';

type Shape<T> = (value: unknown) => Result<T, unknown>;

/** The fingerprint of the snapshot's objects after `change` of their text. */
function fingerprint(snapshot: Snapshot, change: (text: string) => string): string {
  const of = <T>(kind: typeof nodes, shape: Shape<T>): readonly T[] =>
    objectsOf(snapshot, kind).flatMap((object) => {
      const shaped = shape(JSON.parse(change(JSON.stringify(object))));
      return shaped.ok ? [shaped.value] : [];
    });
  const raw = {
    hostSubnets: of(hostSubnets, hostSubnetShape),
    netNamespaces: of(netNamespaces, netNamespaceShape),
    nodes: of(nodes, objectShape),
    clusterNetworks: of(clusterNetworks, clusterNetworkShape),
  };
  return fingerprintOf(clusterOf(raw, new Set()));
}

/** Masks a text, in which the fingerprint of the snapshot becomes the one of what is masked. */
export function maskedWith(snapshot: Snapshot, mask: (text: string) => string): (text: string) => string {
  const [real, masked] = [fingerprint(snapshot, (text) => text), fingerprint(snapshot, mask)];
  return (text) => mask(text).replaceAll(real, masked);
}
