/**
 * Makes NetworkPolicies that let pods reach each other exactly as the multitenant plugin does: from namespaces of the
 * same VNID, to and from those of VNID 0, and from everything that is not a pod.
 */
import isEqual from 'lodash/isEqual.js';
import { apiVersionOf, netNamespaces, networkPolicies } from '../../../../../api/kinds.ts';
import type { NetworkPolicyObject, PolicyPeerObject } from '../../../../model/objects/raw.ts';
import { namespaceNameLabel } from '../../../../model/objects/well-known.ts';
import { compareText } from '../../../../model/values/names.ts';
import type { Finding } from '../../../findings/finding.ts';
import { isolationJoined, multitenantIsolation, networkPolicyEnforced } from '../../../findings/network.ts';
import { type ObjectRef, refNamed } from '../../../ref.ts';
import type { Change, Part } from '../../../translation.ts';
import { existing } from '../conflicts.ts';
import type { Context } from '../context.ts';
import { isolationPolicy } from '../marks/origin.ts';

/** A NetworkPolicy that isolates its namespace. */
export type IsolationPolicy = NetworkPolicyObject & { readonly spec: NonNullable<NetworkPolicyObject['spec']> };

/** Label of the namespace that represents the host network of all nodes (OpenShift documentation, network policy). */
const hostNetworkLabel = 'policy-group.network.openshift.io/host-network';

interface Admitted {
  /** The namespaces whose pods may connect, sorted by name. */
  readonly from: readonly string[];
  readonly podNetworks: readonly string[];
}

/** Plans isolation. Empty unless the plugin is multitenant, except for findings on policies that take effect. */
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
      multitenantIsolation({ policy: isolationPolicy, count: isolated.length, isOpenShift: context.isOpenShift }),
      ...joinedFindings(context),
      ...ignored,
      ...made.flatMap((object) => existing(context.snapshot, object)),
    ],
  };
}

/** Names of all existing namespaces, sorted. */
function namesOf({ namespaces, cluster }: Context): readonly string[] {
  const names: readonly string[] =
    namespaces === undefined ? cluster.netNamespaces.map(({ name }) => name) : [...namespaces.keys()];
  return names.toSorted(compareText);
}

/** The existing namespaces of the same VNID. A namespace without a VNID is alone, as it will be when it gets one. */
function peersOf(context: Context, name: string): readonly string[] {
  const vnid = context.vnidOf(name);
  return vnid === undefined ? [name] : context.namespacesOf(vnid).filter(context.exists);
}

function policyOf(namespace: string, { from, podNetworks }: Admitted): IsolationPolicy {
  return {
    apiVersion: apiVersionOf(networkPolicies),
    kind: networkPolicies.kind,
    metadata: { name: isolationPolicy, namespace },
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [
            { namespaceSelector: { matchExpressions: [{ key: namespaceNameLabel, operator: 'In', values: from }] } },
            { namespaceSelector: { matchLabels: { [hostNetworkLabel]: '' } } },
            { ipBlock: { cidr: '0.0.0.0/0', except: podNetworks } },
          ],
        },
      ],
    },
  };
}

/** The namespaces that the policy admits, if its spec is one that this translation makes; else undefined. */
export function admittedBy({ metadata, spec }: NetworkPolicyObject): readonly string[] | undefined {
  const [rule] = spec?.ingress ?? [];
  const [namespaces, , outside] = rule?.from ?? [];
  const from = namespaces?.namespaceSelector?.matchExpressions?.[0]?.values ?? [];
  const like = policyOf(metadata.namespace ?? '', { from, podNetworks: exceptIn(outside) });
  return isEqual(spec, like.spec) ? from : undefined;
}

function exceptIn(peer: PolicyPeerObject | undefined): readonly string[] {
  return peer?.ipBlock?.except ?? [];
}

function netNamespaceOf({ vnidOf }: Context, name: string): readonly ObjectRef[] {
  return vnidOf(name) === undefined ? [] : [refNamed(netNamespaces, name)];
}

function joinedFindings(context: Context): readonly Finding[] {
  const groups = Map.groupBy(context.cluster.netNamespaces, ({ vnid }) => vnid);
  return [...groups.keys()].flatMap((vnid): readonly Finding[] => {
    const namespaces = context.namespacesOf(vnid).filter(context.exists);
    if (vnid === 0 || namespaces.length < 2 || !namespaces.some(context.chosen)) return [];
    return [isolationJoined({ policy: isolationPolicy, namespaces, vnid })];
  });
}

function ignoredPolicies({ snapshot, chosen }: Context): readonly Finding[] {
  return snapshot.networkPolicies
    .filter(({ namespace, name }) => name !== isolationPolicy && chosen(namespace))
    .map(({ namespace, name }) => networkPolicyEnforced({ namespace, name }));
}
