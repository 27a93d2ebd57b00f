/** Finds what conflicts with OVN-Kubernetes: its internal networks, MTU, hosted control planes, hybrid overlay. */
import {
  clusterNetworks,
  egressNetworkPolicies,
  infrastructures,
  networkOperators,
  nodes,
} from '../../../../api/kinds.ts';
import { type Cidr, contains, overlaps, parseCidr, parseIp } from '../../../model/address.ts';
import { asList, asText, isRecord } from '../../../model/json.ts';
import { listText } from '../../../model/list-text.ts';
import type { Finding } from '../../findings/finding.ts';
import { clusterMTU, hostedControlPlane, hybridOverlay, mtuTooLarge, networkOverlap } from '../../findings/network.ts';
import { objectsOf } from '../../snapshot.ts';
import type { Part } from '../../translation.ts';
import type { Context } from '../context/context.ts';

/** A network inside OVN-Kubernetes, its default, and where the operator's configuration may override it. */
const internals = [
  { use: 'join', network: '100.64.0.0/16', paths: [['ipv4', 'internalJoinSubnet'], ['v4InternalSubnet']] },
  { use: 'transit', network: '100.88.0.0/16', paths: [['ipv4', 'internalTransitSwitchSubnet']] },
  { use: 'masquerade', network: '169.254.169.0/29', paths: [['gatewayConfig', 'ipv4', 'internalMasqueradeSubnet']] },
] as const;

const vxlanOverhead = 50;
const geneveOverhead = 100;

/** Makes findings, and no changes. */
export function preflightPart(context: Context): Part {
  return {
    changes: [],
    findings: [
      ...overlapFindings(context),
      ...mtuFindings(context),
      ...hostedFindings(context),
      ...hybridFindings(context),
    ],
  };
}

interface Internal {
  readonly use: string;
  readonly cidr: Cidr;
}

function overlapFindings(context: Context): readonly Finding[] {
  const used = internals.flatMap(({ use, network, paths }): readonly Internal[] => {
    const configured = paths.map((path) => asText(at(ovnConfig(context), path))).find((text) => text !== '');
    const cidr = parseCidr(configured ?? network);
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

function networkOverlaps({ network, machines }: Context, internal: Internal): readonly Finding[] {
  const own =
    network === undefined
      ? []
      : [
          ...network.networks.map(({ cidr }) => [`the cluster network ${cidr.text}`, cidr] as const),
          [`the service network ${network.serviceNetwork.text}`, network.serviceNetwork] as const,
        ];
  const machineNetworks = new Map(
    [...machines.values()].flatMap(({ name, networks = [] }) =>
      networks.map((cidr) => [cidr.text, { name, cidr }] as const),
    ),
  );
  return [
    ...own
      .filter(([, cidr]) => overlaps(cidr, internal.cidr))
      .map(([what]) => overlap(internal, { kind: clusterNetworks.kind, name: 'default', severity: 'blocker', what })),
    ...[...machineNetworks.values()]
      .filter(({ cidr }) => overlaps(cidr, internal.cidr))
      .map(({ name, cidr }) =>
        overlap(internal, { kind: nodes.kind, name, severity: 'blocker', what: `the machine network ${cidr.text}` }),
      ),
  ];
}

function addressOverlaps({ egress, machines }: Context, internal: Internal): readonly Finding[] {
  const hosts = [...machines.values()].flatMap(({ name, node, addresses, networks }) =>
    // a known network was checked as a whole
    networks === undefined
      ? addresses
          .filter((ip) => contains(internal.cidr, ip))
          .map((ip) =>
            overlap(internal, {
              kind: node === undefined ? 'HostSubnet' : nodes.kind,
              name,
              severity: 'blocker',
              what: `the node's address ${ip}`,
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
            severity: 'blocker',
            what: `egress IP ${listText(inside)}`,
          }),
        ];
  });
  return [...hosts, ...requested];
}

/** Findings on policies that name a part of the network: something outside uses it. */
function policyOverlaps({ snapshot, chosen }: Context, internal: Internal): readonly Finding[] {
  return objectsOf(snapshot, egressNetworkPolicies).flatMap((policy) => {
    const { namespace = '', name = '' } = policy.metadata;
    const inside = chosen(namespace) ? selectorsOf(policy).filter((text) => isInside(text, internal.cidr)) : [];
    return inside.length === 0
      ? []
      : [
          overlap(internal, {
            kind: egressNetworkPolicies.kind,
            namespace,
            name,
            severity: 'warning',
            what: `the destination ${listText(inside)}`,
          }),
        ];
  });
}

function selectorsOf(policy: unknown): readonly string[] {
  const spec = isRecord(policy) ? policy['spec'] : undefined;
  return asList(isRecord(spec) ? spec['egress'] : undefined).map((rule) => asText(at(rule, ['to', 'cidrSelector'])));
}

function isInside(text: string, outer: Cidr): boolean {
  const cidr = parseCidr(text);
  const ip = parseIp(text.split('/')[0] ?? '');
  return ip.ok && contains(outer, ip.value) && (!cidr.ok || cidr.value.length >= outer.length);
}

function mtuFindings(context: Context): readonly Finding[] {
  if (context.network === undefined) return [];
  const { mtu } = context.network;
  return [clusterMTU({ mtu, vxlan: vxlanOverhead, geneve: geneveOverhead }), ...tooLargeMTU(context, mtu)];
}

/** Compares the MTU that pods will get with that between nodes, from spec.migration.mtu or OpenShift SDN's. */
function tooLargeMTU(context: Context, mtu: number | undefined): readonly Finding[] {
  const operator = networkOperator(context);
  const wanted = [
    ['migration', 'mtu', 'network', 'to'],
    ['defaultNetwork', 'ovnKubernetesConfig', 'mtu'],
  ].map((path) => ({ field: `spec.${path.join('.')}`, value: at(operator, ['spec', ...path]) }));
  const planned = at(operator, ['spec', 'migration', 'mtu', 'machine', 'to']);
  const between = typeof planned === 'number' ? planned : mtu === undefined ? undefined : mtu + vxlanOverhead;
  return wanted.flatMap(({ field, value }) => {
    if (between === undefined || typeof value !== 'number' || value + geneveOverhead <= between) return [];
    const isSet = typeof planned === 'number';
    return [mtuTooLarge({ field, value, between, isSet, mtu, geneve: geneveOverhead })];
  });
}

function hostedFindings({ snapshot }: Context): readonly Finding[] {
  const isHosted = objectsOf(snapshot, infrastructures).some(
    (one) => at(one, ['status', 'controlPlaneTopology']) === 'External',
  );
  return isHosted ? [hostedControlPlane(undefined)] : [];
}

function hybridFindings(context: Context): readonly Finding[] {
  const hybrid = at(ovnConfig(context), ['hybridOverlayConfig']);
  const windows = objectsOf(context.snapshot, nodes).filter(
    ({ metadata }) =>
      metadata.labels?.['kubernetes.io/os'] === 'windows' ||
      Object.keys(metadata.annotations ?? {}).some((key) => key.startsWith('k8s.ovn.org/hybrid-overlay')),
  );
  return [
    ...(hybrid === undefined ? [] : [hybridOverlay({})]),
    ...windows.map(({ metadata: { name = '' } }) => hybridOverlay({ node: name })),
  ];
}

/** The configuration of the network operator. */
function networkOperator({ snapshot }: Context): unknown {
  return objectsOf(snapshot, networkOperators).find(({ metadata }) => metadata.name === 'cluster');
}

function ovnConfig(context: Context): unknown {
  return at(networkOperator(context), ['spec', 'defaultNetwork', 'ovnKubernetesConfig']);
}

/** The value at the path. */
function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce((inner, key) => (isRecord(inner) ? inner[key] : undefined), value);
}
