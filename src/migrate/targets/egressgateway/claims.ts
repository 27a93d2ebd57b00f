/** What EgressGateway's policies say of addresses. Pure. */
import { egressClusterPolicies, egressGateways, namespacedEgressPolicies } from '../../../../api/kinds.ts';
import type { KubeObject, LabelSelectorObject } from '../../../model/objects/raw.ts';
import { namespaceNameLabel } from '../../../model/objects/well-known.ts';
import { parseIp } from '../../../model/values/address.ts';
import { fieldOf } from '../../../model/values/json.ts';
import type { Claim, Claims } from '../../claims.ts';
import { poolLost } from '../../findings/claims.ts';
import type { Finding } from '../../findings/finding.ts';
import { listAt, selectorAt, textAt, textsAt } from '../../kinds/item.ts';
import { objectRef } from '../../ref.ts';
import {
  addressesRead,
  fieldsRead,
  givenByPool,
  podsRead,
  type Read,
  removalsOf,
  type Selecting,
  selectingIn,
} from '../../requests/claiming.ts';
import { objectsOf, type Snapshot } from '../../snapshot.ts';
import { nobodysLabel } from './objects.ts';
import { poolOf } from './pool.ts';

const policyKinds = [egressClusterPolicies, namespacedEgressPolicies];

/** Reads policies and their gateways. */
export function claims(snapshot: Snapshot): Claims {
  const select = selectingIn(snapshot);
  const gateways = objectsOf(snapshot, egressGateways);
  const read = policyKinds
    .flatMap((kind) => objectsOf(snapshot, kind))
    .map((policy) => claimOf(policy, select, gatewayOf(policy, gateways)));
  const all = read.map(({ value }) => value);
  const taken = new Set<string>(all.flatMap(({ addresses }) => addresses.map(({ ip }) => ip)));
  return {
    claims: all,
    findings: [
      ...read.flatMap(({ findings }) => findings),
      ...gateways.flatMap((gateway) => poolFindings(gateway, taken)),
    ],
    removals: removalsOf(snapshot, [...policyKinds, egressGateways]),
  };
}

/** The gateway that the policy names, else that for all. */
function gatewayOf(policy: KubeObject, gateways: readonly KubeObject[]): KubeObject | undefined {
  const name = textAt(policy, 'spec', 'egressGatewayName');
  return gateways.find((one) =>
    name === '' ? fieldOf(one, 'spec', 'clusterDefault') === true : one.metadata.name === name,
  );
}

interface Address {
  /** What the policy itself asks for. */
  readonly wanted: readonly string[];
  /** What it has, of the gateway's pool. */
  readonly given: string;
  readonly usesNodes: boolean;
}

function addressOf(policy: KubeObject, gateway: KubeObject | undefined): Address {
  return {
    wanted: ['ipv4', 'ipv6'].map((field) => textAt(policy, 'spec', 'egressIP', field)).filter(Boolean),
    given: textAt(policy, 'status', 'eip', 'ipv4') || textAt(gateway, 'spec', 'ippools', 'ipv4DefaultEIP'),
    usesNodes: fieldOf(policy, 'spec', 'egressIP', 'useNodeIP') === true,
  };
}

function claimOf(policy: KubeObject, select: Selecting, gateway: KubeObject | undefined): Read<Claim> {
  const address = addressOf(policy, gateway);
  const { wanted, given, usesNodes } = address;
  const texts = wanted.length > 0 ? wanted : [given].filter(Boolean);
  const ips = addressesRead(policy, usesNodes ? [] : texts);
  const namespaces = namespacesOf(policy, select);
  const selector = selectorAt(gateway, 'spec', 'nodeSelector', 'selector');
  const nodes = selector === undefined ? [textAt(policy, 'status', 'node')].filter(Boolean) : select.nodes(selector);
  return {
    value: { object: policy, namespaces: namespaces.value, addresses: ips.value.map((ip) => ({ ip, nodes })) },
    findings: [
      ...ips.findings,
      ...namespaces.findings,
      ...podsRead(policy, podSelectorOf(policy)),
      ...fromPool(policy, address),
      ...fieldsRead(policy, unknownFields(policy)),
    ],
  };
}

function fromPool(policy: KubeObject, { wanted, given, usesNodes }: Address): readonly Finding[] {
  if (usesNodes || wanted.length > 0) return [];
  return [givenByPool(policy, given, `EgressGateway ${textAt(policy, 'spec', 'egressGatewayName') || 'for all'}`)];
}

/** Pods by their subnets are of no namespace in particular. */
function namespacesOf(policy: KubeObject, select: Selecting): Read<readonly string[]> {
  if (textsAt(policy, 'spec', 'appliedTo', 'podSubnet').length > 0) return { value: [], findings: [] };
  const { namespace } = policy.metadata;
  const selector: LabelSelectorObject =
    namespace === undefined
      ? (selectorAt(policy, 'spec', 'appliedTo', 'namespaceSelector') ?? {})
      : { matchLabels: { [namespaceNameLabel]: namespace } };
  return select.namespaces(policy, [selector]);
}

/** Without the label that nobody has, which stands for all pods. */
function podSelectorOf(policy: KubeObject): LabelSelectorObject {
  const selector = selectorAt(policy, 'spec', 'appliedTo', 'podSelector') ?? {};
  const matchExpressions = (selector.matchExpressions ?? []).filter(
    ({ key, operator }) => key !== nobodysLabel || operator !== 'DoesNotExist',
  );
  return { ...selector, matchExpressions };
}

function unknownFields(policy: KubeObject) {
  return [
    {
      field: 'spec.destSubnet',
      isUsed: listAt(policy, 'spec', 'destSubnet').length > 0,
      tomorrow: 'All traffic to the outside takes the address, to whichever destination.',
    },
    {
      field: 'spec.priority',
      isUsed: (fieldOf(policy, 'spec', 'priority') ?? 0) !== 0,
      tomorrow: 'The addresses of all policies for a namespace are requested, in the order of their names.',
    },
    {
      field: 'spec.egressIP.useNodeIP',
      isUsed: fieldOf(policy, 'spec', 'egressIP', 'useNodeIP') === true,
      tomorrow: 'Nothing is requested: pods leave with the address of the node that they run on.',
    },
    {
      field: 'spec.appliedTo.podSubnet',
      isUsed: listAt(policy, 'spec', 'appliedTo', 'podSubnet').length > 0,
      tomorrow: 'Nothing is made of it: pods have addresses of a node, not of a namespace.',
    },
  ];
}

function poolFindings(gateway: KubeObject, taken: ReadonlySet<string>): readonly Finding[] {
  const entries = [...poolOf(gateway), ...textsAt(gateway, 'spec', 'ippools', 'ipv6')];
  const left = entries.filter((entry) => {
    const ip = parseIp(entry);
    return !ip.ok || !taken.has(ip.value);
  });
  return [
    ...(left.length === 0 ? [] : [poolLost({ ...objectRef(gateway), entries: left })]),
    ...fieldsRead(gateway, [
      {
        field: 'spec.clusterDefault',
        isUsed: fieldOf(gateway, 'spec', 'clusterDefault') === true,
        tomorrow: 'Namespaces that come later request their addresses themselves.',
      },
    ]),
  ];
}
