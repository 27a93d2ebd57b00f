/** What is wrong with the input as such: kinds that are missing, objects that cannot be read, names without their objects. */
import {
  apiVersionOf,
  clusterNetworks,
  egressNetworkPolicies,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  nodes,
} from '../../../../api/kinds.ts';
import { type Finding, onCluster, onNetNamespace } from '../../finding.ts';
import { listText } from '../../lists.ts';
import { objectsOf, type Unread } from '../../snapshot.ts';
import type { Part } from '../../translation.ts';
import type { Context } from '../context/context.ts';

/** Without these a plan may leave out something that works today. */
const essential: readonly Kind[] = [
  hostSubnets,
  netNamespaces,
  egressNetworkPolicies,
  namespaces,
  nodes,
  clusterNetworks,
];

/** The part of the translation that says what the input lacks. */
export function inputPart(context: Context): Part {
  const { snapshot, cluster } = context;
  const unread = new Set(snapshot.unread.map(({ kind }) => kind));
  const absent = [namespaces, nodes, clusterNetworks].filter(
    (kind) => objectsOf(snapshot, kind).length === 0 && !unread.has(kind),
  );
  return {
    changes: [],
    findings: [
      ...snapshot.unread.map(unreadFinding),
      ...absent.map(absentFinding),
      ...networkFindings(context),
      ...cluster.invalidNetNamespaces.map(({ name, problems }) =>
        onNetNamespace(name, 'warning', 'NetNamespaceInvalid', [
          `${listText(problems.map(({ field, reason }) => `${field}: ${reason}`))}; it counts as absent.`,
          'Nothing is made of it.',
          'Correct the NetNamespace and plan again.',
        ]),
      ),
      ...cluster.invalidLimits.map(({ name, reason }) =>
        onCluster('Node', name, [
          'warning',
          'EgressIPConfigInvalid',
          [
            `The annotation cloud.network.openshift.io/egress-ipconfig ${reason}.`,
            'OVN-Kubernetes reads the same annotation and gives this node no egress IP.',
            'Let the cloud network config controller write it again.',
          ],
        ]),
      ),
      ...cluster.duplicates.map(({ kind, name }) =>
        onCluster(kind, name, [
          'warning',
          'DuplicateObject',
          [
            'The input has several different objects of this kind and name; one of them was used.',
            'The plan may differ from what the cluster has.',
            'Give each object once, best all of one moment.',
          ],
        ]),
      ),
      ...missingNamespaces(context),
    ],
  };
}

function unreadFinding({ kind, reason, right }: Unread): Finding {
  const isEssential = essential.includes(kind);
  return onCluster(kind.kind, '*', [
    isEssential ? 'blocker' : 'warning',
    'IncompleteInput',
    [
      `Objects of ${kind.plural} (${apiVersionOf(kind)}) could not be read: ${reason}.`,
      'The plan was made without them and is incomplete.',
      right === undefined ? 'Read them again and plan again.' : `Ask for the right to ${right} and plan again.`,
    ],
  ]);
}

function absentFinding(kind: Kind): Finding {
  return onCluster(kind.kind, '*', [
    'warning',
    'IncompleteInput',
    [
      `The input has no ${kind.kind}.`,
      'The plan could not look at them: what depends on them is taken as it should be.',
      `Add the ${kind.plural} to the input and plan again.`,
    ],
  ]);
}

function networkFindings({ snapshot, network }: Context): readonly Finding[] {
  if (network !== undefined || objectsOf(snapshot, clusterNetworks).length === 0) return [];
  return [
    onCluster(clusterNetworks.kind, 'default', [
      'warning',
      'ClusterNetworkInvalid',
      [
        'It cannot be read, so plugin, pod and service networks are not known.',
        'Isolation and overlaps were not looked at.',
        'Correct the ClusterNetwork and plan again.',
      ],
    ]),
  ];
}

function missingNamespaces({ cluster, exists, chosen }: Context): readonly Finding[] {
  return cluster.netNamespaces
    .filter(({ name }) => chosen(name) && !exists(name))
    .map(({ name, egressIPs }) => {
      const requests = egressIPs.length === 0 ? '' : ` It requests ${listText(egressIPs)}.`;
      return onNetNamespace(name, egressIPs.length === 0 ? 'info' : 'warning', 'NamespaceMissing', [
        `There is no Namespace ${name}.${requests}`,
        'Nothing is made of it: an EgressIP that selects no namespace would only hold the address.',
        `Delete NetNamespace ${name} if the namespace is gone for good.`,
      ]);
    });
}
