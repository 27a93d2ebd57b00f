/**
 * NetworkPolicies that let pods reach each other exactly as the multitenant plugin does (spec: VNIDs, table 80): from
 * the namespaces of the same VNID, to and from those of VNID 0, and from all that is no pod.
 */
import { apiVersionOf, networkPolicies } from '../../../../api/kinds.ts';
import { compareText } from '../../../model/names.ts';
import type { NetworkPolicyObject } from '../../../model/objects.ts';
import type { Finding } from '../../finding.ts';
import { type ObjectRef } from '../../ref.ts';
import { objectsOf } from '../../snapshot.ts';
import type { Change, Part } from '../../translation.ts';
import { existing } from '../context/conflicts.ts';
import type { Context } from '../context/context.ts';

type IsolationPolicy = NetworkPolicyObject & { readonly spec: NonNullable<NetworkPolicyObject['spec']> };

/** Name of the NetworkPolicies that stand for VNIDs. */
export const policyName = 'openshift-sdn-isolation';
const nameLabel = 'kubernetes.io/metadata.name';
/** Of the namespace that stands for the host network of all nodes (OpenShift documentation, network policy). */
const hostNetworkLabel = 'policy-group.network.openshift.io/host-network';

interface Reach {
  /** The namespaces whose pods may come in, in order of name. */
  readonly from: readonly string[];
  readonly podNetworks: readonly string[];
}

/** The part of the translation that is about isolation; empty unless the plugin is multitenant, but for policies that begin to hold. */
export function isolationPart(context: Context): Part {
  const mode = context.network?.mode;
  const ignored = mode === 'multitenant' || mode === 'subnet' ? ignoredPolicies(context) : [];
  if (mode !== 'multitenant') return { changes: [], findings: ignored };
  const names = namesOf(context);
  const globals = names.filter((name) => context.vnidOf(name) === 0);
  const podNetworks = context.network?.networks.map(({ cidr }) => cidr.text) ?? [];
  const isolated = names.filter((name) => context.vnidOf(name) !== 0 && context.chosen(name));
  const made = isolated.map((name) =>
    policyOf(name, { from: [...peersOf(context, name), ...globals].sort(compareText), podNetworks }),
  );
  return {
    changes: made.map((object): Change => ({
      action: 'apply',
      step: 'network-policies',
      object,
      from: netNamespaceOf(context, object.metadata.namespace ?? ''),
    })),
    findings: [
      modeFinding(isolated.length),
      ...joinedFindings(context),
      ...ignored,
      ...made.flatMap((object) => existing(context.snapshot, object)),
    ],
  };
}

/** All namespaces that exist, in order of name. */
function namesOf({ namespaces, cluster }: Context): readonly string[] {
  const names: readonly string[] =
    namespaces === undefined ? cluster.netNamespaces.map(({ name }) => name) : [...namespaces.keys()];
  return names.toSorted(compareText);
}

/** The existing namespaces of the same VNID; a namespace without one is alone, as it will be when it gets one. */
function peersOf(context: Context, name: string): readonly string[] {
  const vnid = context.vnidOf(name);
  return vnid === undefined ? [name] : context.namespacesOf(vnid).filter(context.exists);
}

function policyOf(namespace: string, { from, podNetworks }: Reach): IsolationPolicy {
  return {
    apiVersion: apiVersionOf(networkPolicies),
    kind: networkPolicies.kind,
    metadata: { name: policyName, namespace },
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [
            { namespaceSelector: { matchExpressions: [{ key: nameLabel, operator: 'In', values: from }] } },
            { namespaceSelector: { matchLabels: { [hostNetworkLabel]: '' } } },
            { ipBlock: { cidr: '0.0.0.0/0', except: podNetworks } },
          ],
        },
      ],
    },
  };
}

function netNamespaceOf({ vnidOf }: Context, name: string): readonly ObjectRef[] {
  return vnidOf(name) === undefined ? [] : [{ apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', name }];
}

function modeFinding(count: number): Finding {
  return {
    severity: 'warning',
    code: 'MultitenantIsolation',
    kind: 'ClusterNetwork',
    name: 'default',
    today: 'The multitenant plugin isolates each namespace, or group of joined ones, by its VNID.',
    tomorrow: `${count} namespace${count === 1 ? ' gets' : 's get'} the NetworkPolicy ${policyName}, which gives the same reachability between pods. A namespace created later has none.`,
    action: `The vendor's live migration refuses this plugin: use the offline one. Add the policy to the template for new projects.`,
  };
}

function joinedFindings(context: Context): readonly Finding[] {
  const groups = Map.groupBy(context.cluster.netNamespaces, ({ vnid }) => vnid);
  return [...groups.keys()].flatMap((vnid): readonly Finding[] => {
    const [name, ...others] = context.namespacesOf(vnid).filter(context.exists);
    if (vnid === 0 || name === undefined || others.length === 0 || ![name, ...others].some(context.chosen)) return [];
    return [
      {
        severity: 'info',
        code: 'JoinedNamespaces',
        kind: 'NetNamespace',
        name,
        today: `Pods of ${[name, ...others].join(', ')} reach one another: the namespaces share VNID ${vnid}.`,
        tomorrow: `Their NetworkPolicies ${policyName} name one another.`,
        action: 'Nothing. To join or isolate namespaces later, change the lists in these NetworkPolicies.',
      },
    ];
  });
}

function ignoredPolicies({ snapshot, chosen }: Context): readonly Finding[] {
  const others = objectsOf(snapshot, networkPolicies).filter(
    ({ metadata }) => metadata.name !== policyName && chosen(metadata.namespace ?? ''),
  );
  return others.map(({ metadata }) => ({
    severity: 'warning',
    code: 'NetworkPolicyEnforced',
    kind: networkPolicies.kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    today: 'The network plugin ignores NetworkPolicies.',
    tomorrow:
      'It holds from the first minute: what it allows is added to what other policies of these pods allow, and its egress rules cut what they do not name.',
    action: 'Read it, and delete it if it was never meant to hold.',
  }));
}
