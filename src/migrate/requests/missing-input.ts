/** Reports problems with the input itself: missing kinds, objects that cannot be read, names without their objects. */
import {
  apiVersionOf,
  clusterNetworks,
  egressNetworkPolicies,
  hostSubnets,
  type Kind,
  namespaces as namespaceKind,
  netNamespaces,
  nodes,
} from '../../../api/kinds.ts';
import type { Cluster } from '../../model/cluster/cluster.ts';
import type { ClusterNetwork } from '../../model/objects/clusternetwork.ts';
import type { Finding } from '../findings/finding.ts';
import {
  clusterNetworkInvalid,
  clusterUnknown,
  duplicateObjects,
  egressIPConfigInvalid,
  fileUnread,
  kindAbsent,
  kindMissing,
  kindUnread,
  namespaceMissing,
  netNamespaceInvalid,
} from '../findings/input.ts';
import { clusterUID, objectsOf, type Snapshot, type Unread } from '../snapshot.ts';
import type { Part } from '../translation.ts';
import type { Scope } from './scope.ts';

/** Without these a plan may leave out something that works today. */
const essential: readonly Kind[] = [
  hostSubnets,
  netNamespaces,
  egressNetworkPolicies,
  namespaceKind,
  nodes,
  clusterNetworks,
];

/** What the input gave. */
interface Input extends Scope {
  readonly snapshot: Snapshot;
  readonly cluster: Cluster;
  /** The ClusterNetwork `default`; undefined if it is absent or cannot be read. */
  readonly network: ClusterNetwork | undefined;
}

/** Reports what the input lacks. */
export function inputPart(context: Input): Part {
  const { snapshot, cluster } = context;
  const unread = new Set(snapshot.unread.map(({ kind }) => kind));
  const absent = [namespaceKind, nodes, clusterNetworks].filter(
    (kind) => objectsOf(snapshot, kind).length === 0 && !unread.has(kind),
  );
  return {
    changes: [],
    findings: [
      ...snapshot.unread.map(unreadFinding),
      ...snapshot.unreadFiles.map(fileUnread),
      ...absent.map(kindAbsent),
      ...snapshot.missing.map((kind) => kindMissing({ ...kind, isFatal: kind !== egressNetworkPolicies })),
      ...(clusterUID(snapshot) === undefined ? [clusterUnknown(undefined)] : []),
      ...networkFindings(context),
      ...cluster.invalidNetNamespaces.map(({ name, problems }) =>
        netNamespaceInvalid({ name, problems: problems.map(({ field, reason }) => `${field}: ${reason}`) }),
      ),
      ...cluster.invalidLimits.map(egressIPConfigInvalid),
      ...duplicateFindings(context),
      ...missingNamespaces(context),
    ],
  };
}

/** One finding for each kind. */
function duplicateFindings({ snapshot, cluster }: Input): readonly Finding[] {
  const all = [
    ...cluster.duplicates,
    ...snapshot.duplicates.map(({ object: { kind, namespace, name } }) => ({
      kind,
      name: namespace === undefined ? name : `${namespace}/${name}`,
    })),
  ];
  return [...Map.groupBy<string, { readonly kind: string; readonly name: string }>(all, ({ kind }) => kind)].map(
    ([kind, group]) => duplicateObjects({ kind, names: group.map(({ name }) => name) }),
  );
}

function unreadFinding({ kind, reason, right }: Unread): Finding {
  const { kind: name, plural } = kind;
  const isEssential = essential.includes(kind);
  return kindUnread({ kind: name, plural, apiVersion: apiVersionOf(kind), reason, right, isEssential });
}

function networkFindings({ snapshot, network }: Input): readonly Finding[] {
  if (network !== undefined || snapshot.clusterNetworks.length === 0) return [];
  return [clusterNetworkInvalid(undefined)];
}

function missingNamespaces({ cluster, namespaces, exists, chosen }: Input): readonly Finding[] {
  return cluster.netNamespaces
    .filter(({ name }) => chosen(name) && !exists(name))
    .map(({ name, egressIPs }) => namespaceMissing({ name, egressIPs, isTerminating: namespaces?.has(name) === true }));
}
