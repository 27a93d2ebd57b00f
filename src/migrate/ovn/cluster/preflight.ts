/** What stands in the way of OVN-Kubernetes as a whole: networks that it uses itself, MTU, hosted control planes, hybrid overlay. */
import upperFirst from 'lodash/upperFirst.js';
import {
  clusterNetworks,
  egressNetworkPolicies,
  infrastructures,
  networkOperators,
  nodes,
} from '../../../../api/kinds.ts';
import { type Cidr, contains, overlaps, parseCidr, parseIp } from '../../../model/address.ts';
import { asList, asText, isRecord } from '../../../model/json.ts';
import { type Finding, onCluster, type Severity } from '../../finding.ts';
import { listText } from '../../lists.ts';
import { objectsOf } from '../../snapshot.ts';
import type { Part } from '../../translation.ts';
import type { Context } from '../context/context.ts';

/** A network that OVN-Kubernetes uses inside, its default, and where the operator's configuration may say otherwise. */
const internals = [
  { use: 'join', network: '100.64.0.0/16', paths: [['ipv4', 'internalJoinSubnet'], ['v4InternalSubnet']] },
  { use: 'transit', network: '100.88.0.0/16', paths: [['ipv4', 'internalTransitSwitchSubnet']] },
  { use: 'masquerade', network: '169.254.169.0/29', paths: [['gatewayConfig', 'ipv4', 'internalMasqueradeSubnet']] },
] as const;

const vxlanOverhead = 50;
const geneveOverhead = 100;

/** The part of the translation that only looks. */
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

function overlap(
  kind: string,
  name: string,
  [severity, what, { use, cidr }]: readonly [Severity, string, Internal],
): Finding {
  return onCluster(kind, name, [
    severity,
    'NetworkOverlap',
    [
      `${upperFirst(what)} works: OpenShift SDN uses no networks besides those of the ClusterNetwork.`,
      `OVN-Kubernetes uses ${cidr.text} itself (${use} network), so traffic to what shares it is lost.`,
      `Set another ${use} network in the configuration of the network operator before the switch, or move ${what}.`,
    ],
  ]);
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
      .map(([what]) => overlap(clusterNetworks.kind, 'default', ['blocker', what, internal])),
    ...[...machineNetworks.values()]
      .filter(({ cidr }) => overlaps(cidr, internal.cidr))
      .map(({ name, cidr }) => overlap(nodes.kind, name, ['blocker', `the machine network ${cidr.text}`, internal])),
  ];
}

function addressOverlaps({ egress, machines }: Context, internal: Internal): readonly Finding[] {
  const hosts = [...machines.values()].flatMap(({ name, node, addresses, networks }) =>
    // a known network was looked at as a whole
    networks === undefined
      ? addresses
          .filter((ip) => contains(internal.cidr, ip))
          .map((ip) =>
            overlap(node === undefined ? 'HostSubnet' : nodes.kind, name, [
              'blocker',
              `the node's address ${ip}`,
              internal,
            ]),
          )
      : [],
  );
  const requested = egress.groups.flatMap(({ members, egressIPs }) => {
    const inside = egressIPs.filter((ip) => contains(internal.cidr, ip));
    return inside.length === 0
      ? []
      : [overlap('NetNamespace', members[0]?.name ?? '', ['blocker', `egress IP ${listText(inside)}`, internal])];
  });
  return [...hosts, ...requested];
}

/** Policies that name a part of the network: there is something outside that uses it. */
function policyOverlaps({ snapshot, chosen }: Context, internal: Internal): readonly Finding[] {
  return objectsOf(snapshot, egressNetworkPolicies).flatMap((policy) => {
    const { namespace = '', name = '' } = policy.metadata;
    const inside = chosen(namespace) ? selectorsOf(policy).filter((text) => isInside(text, internal.cidr)) : [];
    return inside.length === 0
      ? []
      : [
          {
            ...overlap(egressNetworkPolicies.kind, name, ['warning', `the destination ${listText(inside)}`, internal]),
            namespace,
          },
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
  const today =
    mtu === undefined
      ? `Pods have an MTU ${vxlanOverhead} bytes below that of the network between the nodes.`
      : `Pods have an MTU of ${mtu} bytes, ${vxlanOverhead} below that of the network between the nodes.`;
  const least = geneveOverhead - vxlanOverhead;
  return [
    onCluster(clusterNetworks.kind, 'default', [
      'info',
      'ClusterMTU',
      [
        today,
        `OVN-Kubernetes needs ${geneveOverhead} bytes, so the MTU falls by ${least}${mtu === undefined ? '' : ` to ${mtu - least}`}, unless the network between the nodes carries more.`,
        `Check that no program needs packets that large, and set spec.migration.mtu of the network operator to match.`,
      ],
    ]),
    ...tooLargeMTU(context, mtu),
  ];
}

/** The MTU that the operator is to give pods, against that between the nodes: what spec.migration.mtu says it will be, or what OpenShift SDN's tells. */
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
    return [
      onCluster(networkOperators.kind, 'cluster', [
        typeof planned === 'number' ? 'blocker' : 'warning',
        'ClusterMTU',
        [
          `The network between the nodes has an MTU of ${between} bytes${typeof planned === 'number' ? ' (spec.migration.mtu.machine.to)' : `, as far as OpenShift SDN's MTU of ${mtu} tells`}.`,
          `${field} is ${value}: with the ${geneveOverhead} bytes of OVN-Kubernetes packets are too large for it, and get lost.`,
          `Set ${field} to ${between - geneveOverhead} or less, or raise the MTU between the nodes with spec.migration.mtu.machine.`,
        ],
      ]),
    ];
  });
}

function hostedFindings({ snapshot }: Context): readonly Finding[] {
  const isHosted = objectsOf(snapshot, infrastructures).some(
    (one) => at(one, ['status', 'controlPlaneTopology']) === 'External',
  );
  if (!isHosted) return [];
  return [
    onCluster(infrastructures.kind, 'cluster', [
      'blocker',
      'HostedControlPlane',
      [
        'The control plane is hosted by another cluster (controlPlaneTopology is External), which also sets the network plugin.',
        "The plugin cannot be switched from within this cluster: the vendor's live migration refuses it.",
        'Make a new hosted cluster with OVN-Kubernetes and move the workloads there.',
      ],
    ]),
  ];
}

function hybridFindings(context: Context): readonly Finding[] {
  const texts = (today: string) =>
    [
      'warning',
      'HybridOverlay',
      [
        today,
        'OVN-Kubernetes runs a hybrid overlay over VXLAN beside Geneve: it takes UDP port 4789 of OpenShift SDN, and its hosts leave by no egress IP.',
        'Plan the hybrid overlay apart from this migration, and check its network and port for overlaps.',
      ],
    ] as const;
  const hybrid = at(ovnConfig(context), ['hybridOverlayConfig']);
  const windows = objectsOf(context.snapshot, nodes).filter(
    ({ metadata }) =>
      metadata.labels?.['kubernetes.io/os'] === 'windows' ||
      Object.keys(metadata.annotations ?? {}).some((key) => key.startsWith('k8s.ovn.org/hybrid-overlay')),
  );
  return [
    ...(hybrid === undefined
      ? []
      : [
          onCluster(
            networkOperators.kind,
            'cluster',
            texts('The network operator is configured with a hybrid overlay, which OpenShift SDN has not.'),
          ),
        ]),
    ...windows.map(({ metadata: { name = '' } }) =>
      onCluster(nodes.kind, name, texts(`Node ${name} is one for a hybrid overlay; OpenShift SDN does not serve it.`)),
    ),
  ];
}

/** The configuration of the network operator. */
function networkOperator({ snapshot }: Context): unknown {
  return objectsOf(snapshot, networkOperators).find(({ metadata }) => metadata.name === 'cluster');
}

function ovnConfig(context: Context): unknown {
  return at(networkOperator(context), ['spec', 'defaultNetwork', 'ovnKubernetesConfig']);
}

/** The value that the keys lead to. */
function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce((inner, key) => (isRecord(inner) ? inner[key] : undefined), value);
}
