/** Finds what conflicts with OVN-Kubernetes: its internal networks, hosted control planes, hybrid overlay. */
import { clusterNetworks, egressNetworkPolicies, nodes } from '../../../../../api/kinds.ts';
import { type Cidr, contains, overlaps, parseCidr, parseIp } from '../../../../model/values/address.ts';
import type { Finding } from '../../../findings/finding.ts';
import { hostedControlPlane, hybridOverlay, networkOverlap } from '../../../findings/network.ts';
import {
  budgetAllowsNothing,
  converterOn,
  nodeNetworkConfigured,
  webhookFailsClosed,
} from '../../../findings/obstacles.ts';
import { convertedFeatures } from '../../../kinds/network.ts';
import type { Part } from '../../../translation.ts';
import type { Context } from '../context.ts';
import { hasNoSubnet } from '../marks/annotations.ts';
import { networkOperator } from './operator.ts';

/** The networks inside OVN-Kubernetes, and their defaults. */
const internals = [
  { use: 'join', network: '100.64.0.0/16' },
  { use: 'transit', network: '100.88.0.0/16' },
  { use: 'masquerade', network: '169.254.169.0/29' },
] as const;

/** Makes findings, and no changes. */
export function preflightPart(context: Context): Part {
  return {
    changes: [],
    findings: [
      ...overlapFindings(context),
      ...hostedFindings(context),
      ...hybridFindings(context),
      ...converterFindings(context),
      ...obstacleFindings(context),
    ],
  };
}

interface Internal {
  readonly use: string;
  readonly cidr: Cidr;
}

function overlapFindings(context: Context): readonly Finding[] {
  const configured = networkOperator(context.snapshot)?.internal;
  const used = internals.flatMap(({ use, network }): readonly Internal[] => {
    const own = configured?.[use] ?? '';
    const cidr = parseCidr(own === '' ? network : own);
    return cidr.ok ? [{ use, cidr: cidr.value }] : [];
  });
  return used.flatMap((internal) => [
    ...networkOverlaps(context, internal),
    ...addressOverlaps(context, internal),
    ...policyOverlaps(context, internal),
  ]);
}

/** What overlaps a network of OVN-Kubernetes. */
type Shared = Omit<Parameters<typeof networkOverlap>[0], 'use' | 'network'>;

function overlap({ use, cidr }: Internal, shared: Shared): Finding {
  return networkOverlap({ ...shared, use, network: cidr.text });
}

function networkOverlaps({ network, ovnNodes }: Context, internal: Internal): readonly Finding[] {
  const own =
    network === undefined
      ? []
      : [
          ...network.networks.map(({ cidr }) => ({ kind: 'cluster-network', cidr }) as const),
          { kind: 'service-network', cidr: network.serviceNetwork } as const,
        ];
  const machineNetworks = new Map(
    [...ovnNodes.values()].flatMap(({ name, networks = [] }) =>
      networks.map((cidr) => [cidr.text, { name, cidr }] as const),
    ),
  );
  return [
    ...own
      .filter(({ cidr }) => overlaps(cidr, internal.cidr))
      .map(({ kind, cidr }) =>
        overlap(internal, { kind: clusterNetworks.kind, name: 'default', inside: { kind, cidr: cidr.text } }),
      ),
    ...[...machineNetworks.values()]
      .filter(({ cidr }) => overlaps(cidr, internal.cidr))
      .map(({ name, cidr }) =>
        overlap(internal, { kind: nodes.kind, name, inside: { kind: 'machine-network', cidr: cidr.text } }),
      ),
  ];
}

function addressOverlaps({ egress, ovnNodes }: Context, internal: Internal): readonly Finding[] {
  const hosts = [...ovnNodes.values()].flatMap(({ name, node, addresses, networks }) =>
    // a known network was checked as a whole
    networks === undefined
      ? addresses
          .filter((ip) => contains(internal.cidr, ip))
          .map((ip) =>
            overlap(internal, {
              kind: node === undefined ? 'HostSubnet' : nodes.kind,
              name,
              inside: { kind: 'node-address', ip },
            }),
          )
      : [],
  );
  const requested = egress.groups.flatMap(({ members, egressIPs }) => {
    const inside = egressIPs.filter((ip) => contains(internal.cidr, ip));
    return inside.length === 0
      ? []
      : [
          overlap(internal, {
            kind: 'NetNamespace',
            name: members[0]?.name ?? '',
            inside: { kind: 'egress-ips', ips: inside },
          }),
        ];
  });
  return [...hosts, ...requested];
}

/** Findings on policies that name a part of the network: something outside uses it. */
function policyOverlaps({ snapshot, chosen }: Context, internal: Internal): readonly Finding[] {
  return snapshot.egressPolicies.flatMap(({ namespace, name, rules }) => {
    const texts = chosen(namespace) ? (rules ?? []).map(({ cidrSelector }) => cidrSelector) : [];
    const inside = texts.filter((text) => isInside(text, internal.cidr));
    return inside.length === 0
      ? []
      : [
          overlap(internal, {
            kind: egressNetworkPolicies.kind,
            namespace,
            name,
            inside: { kind: 'destinations', cidrs: inside },
          }),
        ];
  });
}

function isInside(text: string, outer: Cidr): boolean {
  const cidr = parseCidr(text);
  const ip = parseIp(text.split('/')[0] ?? '');
  return ip.ok && contains(outer, ip.value) && (!cidr.ok || cidr.value.length >= outer.length);
}

function hostedFindings({ snapshot }: Context): readonly Finding[] {
  const isHosted = snapshot.infrastructures.some(({ controlPlaneTopology }) => controlPlaneTopology === 'External');
  return isHosted ? [hostedControlPlane(undefined)] : [];
}

function hybridFindings(context: Context): readonly Finding[] {
  const windows = context.snapshot.nodes.filter(({ object }) => hasNoSubnet(object));
  return [
    ...(networkOperator(context.snapshot)?.hasHybridOverlay === true ? [hybridOverlay({})] : []),
    ...windows.map(({ name }) => hybridOverlay({ node: name })),
  ];
}

/** The vendor's converter empties HostSubnets and makes objects of its own, on some releases before the switch. */
function converterFindings(context: Context): readonly Finding[] {
  const operator = networkOperator(context.snapshot);
  if (operator === undefined) return [];
  const { converts = convertedFeatures, networkType = '' } = operator.migration ?? {};
  return converts.length === 0 ? [] : [converterOn({ features: converts, isOn: networkType === 'OVNKubernetes' })];
}

/** What may stall the reboots of all nodes. */
function obstacleFindings({ snapshot }: Context): readonly Finding[] {
  return [
    ...snapshot.webhooks
      .filter(({ failClosed }) => failClosed.length > 0)
      .map(({ kind, name, failClosed }) => webhookFailsClosed({ kind, name, webhooks: failClosed })),
    ...snapshot.budgets
      .filter(({ allowed, pods }) => allowed === 0 && pods > 0)
      .map(({ namespace, name, pods }) => budgetAllowsNothing({ namespace, name, pods })),
    ...snapshot.nodeNetworks
      .filter(({ interfaces }) => interfaces.length > 0)
      .map(({ name, interfaces }) => nodeNetworkConfigured({ name, interfaces })),
  ];
}
