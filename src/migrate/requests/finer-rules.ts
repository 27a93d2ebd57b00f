/** Finer rules of namespaces and of the cluster, of which no target gets anything: all traffic takes the egress IPs. */
import { clusterNetworks as networkKind, netNamespaces as netNamespaceKind } from '../../../api/kinds.ts';
import { drainAnnotation } from '../../model/objects/drain.ts';
import { bandwidthAnnotation, excludedAnnotation, ruleAnnotations } from '../../model/objects/egressrules.ts';
import { placementAnnotations } from '../../model/objects/placement.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import type { Finding } from '../findings/finding.ts';
import { bandwidthLost, drainLost, finerRulesLost, placementLost } from '../findings/requests.ts';
import type { Snapshot } from '../snapshot.ts';

const aboutTraffic = [...Object.values(ruleAnnotations), excludedAnnotation];
const aboutNodes = Object.values(placementAnnotations);
const aboutMoves = [drainAnnotation];

const given = ({ metadata }: KubeObject, names: readonly string[]): readonly string[] =>
  names.filter((name) => metadata.annotations?.[name] !== undefined);

/** One for each chosen NetNamespace with such annotations, and one for the ClusterNetwork. */
export function finerRulesFindings(
  { netNamespaces, clusterNetworks }: Pick<Snapshot, 'netNamespaces' | 'clusterNetworks'>,
  chosen: (namespace: string) => boolean,
  plugin: string,
): readonly Finding[] {
  const on = (kind: string, objects: readonly KubeObject[]): readonly Finding[] =>
    objects.flatMap((object) => {
      const { name = '' } = object.metadata;
      const [traffic, placed] = [given(object, aboutTraffic), given(object, aboutNodes)];
      const limited = given(object, [bandwidthAnnotation]);
      const moving = given(object, aboutMoves);
      return [
        ...(traffic.length === 0 ? [] : [finerRulesLost({ kind, name, plugin, annotations: traffic })]),
        ...(limited.length === 0 ? [] : [bandwidthLost({ kind, name, plugin, annotations: limited })]),
        ...(placed.length === 0 ? [] : [placementLost({ kind, name, plugin, annotations: placed })]),
        ...(moving.length === 0 ? [] : [drainLost({ kind, name, plugin, annotations: moving })]),
      ];
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
