/** Finer rules of namespaces and of the cluster, of which no target gets anything: all traffic takes the egress IPs. */
import { clusterNetworks as networkKind, netNamespaces as netNamespaceKind } from '../../../api/kinds.ts';
import { excludedAnnotation, ruleAnnotations } from '../../model/objects/egressrules.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import type { Finding } from '../findings/finding.ts';
import { finerRulesLost } from '../findings/requests.ts';
import type { Snapshot } from '../snapshot.ts';

const read = [...Object.values(ruleAnnotations), excludedAnnotation];

const given = ({ metadata }: KubeObject): readonly string[] =>
  read.filter((name) => metadata.annotations?.[name] !== undefined);

/** One for each chosen NetNamespace with such annotations, and one for the ClusterNetwork. */
export function finerRulesFindings(
  { netNamespaces, clusterNetworks }: Pick<Snapshot, 'netNamespaces' | 'clusterNetworks'>,
  chosen: (namespace: string) => boolean,
  plugin: string,
): readonly Finding[] {
  const on = (kind: string, objects: readonly KubeObject[]): readonly Finding[] =>
    objects.flatMap((object) => {
      const annotations = given(object);
      const { name = '' } = object.metadata;
      return annotations.length === 0 ? [] : [finerRulesLost({ kind, name, plugin, annotations })];
    });
  return [
    ...on(
      netNamespaceKind.kind,
      netNamespaces.filter(({ metadata }) => chosen(metadata.name ?? '')),
    ),
    ...on(
      networkKind.kind,
      clusterNetworks.filter(({ metadata }) => metadata.name === 'default'),
    ),
  ];
}
