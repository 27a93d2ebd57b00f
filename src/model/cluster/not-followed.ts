/** What annotations ask for where OVN-Kubernetes forwards and nothing is made of them. */
import { excludedAnnotation } from '../objects/egressrules.ts';
import { listText } from '../values/list-text.ts';
import type { Cluster } from './cluster.ts';

/** One for each object with such annotations. */
export interface NotFollowedNote {
  readonly kind: 'NetNamespace' | 'ClusterNetwork';
  readonly name: string;
  readonly code: 'AnnotationNotFollowed';
  readonly message: string;
}

const code = 'AnnotationNotFollowed';
const instead =
  'OVN-Kubernetes forwards, and nothing is made of that: all traffic to the outside takes any of the egress IPs, without a limit and on the nodes that OVN-Kubernetes chooses';

/** The notes on all NetNamespaces and the ClusterNetwork. */
export function notFollowedNotes({ netNamespaces, excluded, excludedProblem }: Cluster): readonly NotFollowedNote[] {
  const onNamespaces = netNamespaces.flatMap(({ name, ours = [] }): readonly NotFollowedNote[] =>
    ours.length === 0 ? [] : [{ kind: 'NetNamespace', name, code, message: `${listText(ours)}: ${instead}` }],
  );
  if (excluded.length === 0 && excludedProblem === undefined) return onNamespaces;
  return [
    ...onNamespaces,
    { kind: 'ClusterNetwork', name: 'default', code, message: `${excludedAnnotation}: ${instead}` },
  ];
}
