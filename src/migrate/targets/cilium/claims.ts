/** What Cilium's policies say of addresses. Pure. */
import { ciliumEgressGatewayPolicies } from '../../../../api/kinds.ts';
import type { KubeObject, LabelSelectorObject } from '../../../model/objects/raw.ts';
import { namespaceNameLabel } from '../../../model/objects/well-known.ts';
import { fieldOf } from '../../../model/values/json.ts';
import type { Claim, ClaimedAddress, Claims } from '../../claims.ts';
import { addressUnknown } from '../../findings/claims.ts';
import { listAt, selectorAt, textAt, textsAt } from '../../kinds/item.ts';
import { objectRef } from '../../ref.ts';
import {
  addressesRead,
  fieldsRead,
  podsRead,
  type Read,
  removalsOf,
  type Selecting,
  selectingIn,
} from '../../requests/claiming.ts';
import { objectsOf, type Snapshot } from '../../snapshot.ts';
import { gatewaysIn } from './gateways.ts';
import { podNamespaceLabel } from './objects.ts';

/** Beginning of the keys by which policies select the labels of pods' namespaces. */
const namespaceLabelPrefix = 'io.cilium.k8s.namespace.labels.';

const everything = '0.0.0.0/0';

/** Reads policies. */
export function claims(snapshot: Snapshot): Claims {
  const select = selectingIn(snapshot);
  const read = objectsOf(snapshot, ciliumEgressGatewayPolicies).map((policy) => claimOf(policy, select));
  return {
    claims: read.map(({ value }) => value),
    findings: read.flatMap(({ findings }) => findings),
    removals: removalsOf(snapshot, [ciliumEgressGatewayPolicies]),
  };
}

function claimOf(policy: KubeObject, select: Selecting): Read<Claim> {
  const selectors = listAt(policy, 'spec', 'selectors').map(selectorsOf);
  const namespaces = select.namespaces(
    policy,
    selectors.map(({ ofNamespaces }) => ofNamespaces),
  );
  const read = gatewaysIn(policy).map((gateway) => addressOf(policy, gateway, select));
  return {
    value: { object: policy, namespaces: namespaces.value, addresses: read.flatMap(({ value }) => value) },
    findings: [
      ...read.flatMap(({ findings }) => findings),
      ...namespaces.findings,
      // one of them says it
      ...selectors.flatMap(({ ofPods }) => podsRead(policy, ofPods)).slice(0, 1),
      ...fieldsRead(policy, unknownFields(policy)),
    ],
  };
}

/** Of the nodes that the gateway selects Cilium takes the first by name. */
function addressOf(policy: KubeObject, gateway: unknown, select: Selecting): Read<readonly ClaimedAddress[]> {
  const text = textAt(gateway, 'egressIP');
  const via = textAt(gateway, 'interface');
  const nodes = select.nodes(selectorAt(gateway, 'nodeSelector') ?? {}).slice(0, 1);
  if (text === '') {
    const where = nodes[0] === undefined ? 'a node that is not there' : `node ${nodes[0]}`;
    const why = `Pods leave with the first address of ${via === '' ? 'the interface of the default route' : `interface ${via}`} of ${where}, which no object shows`;
    return { value: [], findings: [addressUnknown({ ...objectRef(policy), why })] };
  }
  const { value, findings } = addressesRead(policy, [text]);
  return { value: value.map((ip) => ({ ip, nodes })), findings };
}

/** The labels of pods that stand for their namespace and its labels, and the other ones. */
function selectorsOf(one: unknown): {
  readonly ofNamespaces: LabelSelectorObject;
  readonly ofPods: LabelSelectorObject;
} {
  const own = selectorAt(one, 'namespaceSelector') ?? {};
  const { matchLabels = {}, matchExpressions = [] } = selectorAt(one, 'podSelector') ?? {};
  const labels = Object.entries(matchLabels).map(([key, value]) => ({ key: namespaceKey(key), given: key, value }));
  const expressions = matchExpressions.map((expression) => ({ key: namespaceKey(expression.key), expression }));
  return {
    ofNamespaces: {
      matchLabels: {
        ...own.matchLabels,
        ...Object.fromEntries(labels.flatMap(({ key, value }) => (key === undefined ? [] : [[key, value]]))),
      },
      matchExpressions: [
        ...(own.matchExpressions ?? []),
        ...expressions.flatMap(({ key, expression }) => (key === undefined ? [] : [{ ...expression, key }])),
      ],
    },
    ofPods: {
      matchLabels: Object.fromEntries(
        labels.flatMap(({ key, given, value }) => (key === undefined ? [[given, value]] : [])),
      ),
      matchExpressions: expressions.flatMap(({ key, expression }) => (key === undefined ? [expression] : [])),
    },
  };
}

/** The key of the Namespace's label for which that of a pod stands; undefined if it is the pod's own. */
function namespaceKey(given: string): string | undefined {
  const key = given.replace(/^(k8s|any):/, '');
  if (key === podNamespaceLabel) return namespaceNameLabel;
  return key.startsWith(namespaceLabelPrefix) ? key.slice(namespaceLabelPrefix.length) : undefined;
}

function unknownFields(policy: KubeObject) {
  const some = textsAt(policy, 'spec', 'destinationCIDRs').filter((cidr) => !cidr.includes(':'));
  return [
    {
      field: 'spec.destinationCIDRs',
      isUsed: !some.includes(everything),
      tomorrow: 'All traffic to the outside takes the address, to whichever destination.',
    },
    {
      field: 'spec.excludedCIDRs',
      isUsed: textsAt(policy, 'spec', 'excludedCIDRs').length > 0,
      tomorrow: 'Traffic to these destinations takes the address too.',
    },
    {
      field: 'spec.selectors[].nodeSelector',
      isUsed: listAt(policy, 'spec', 'selectors').some((one) => fieldOf(one, 'nodeSelector') !== undefined),
      tomorrow: 'Pods of all nodes leave with the address.',
    },
  ];
}
