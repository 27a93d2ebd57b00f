/** The part of a NetNamespace that an agent reads; there is one for each namespace of the cluster. */
import type { NetNamespaceObject } from '../../model/objects/raw.ts';
import { multicastAnnotation, ourAnnotations } from '../../model/objects/well-known.ts';

const isRead = (key: string): boolean => key === multicastAnnotation || key.startsWith(ourAnnotations);

export function netNamespacePart({ metadata, netid, egressIPs }: NetNamespaceObject): NetNamespaceObject {
  const { name = '', uid, annotations = {} } = metadata;
  const read = Object.entries(annotations).filter(([key]) => isRead(key));
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'NetNamespace',
    metadata: {
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(read.length === 0 ? {} : { annotations: Object.fromEntries(read) }),
    },
    netname: name,
    netid,
    ...(egressIPs === undefined || egressIPs === null || egressIPs.length === 0 ? {} : { egressIPs }),
  };
}
