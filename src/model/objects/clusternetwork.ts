/** The ClusterNetwork as a value: pod and service networks, isolation mode, overlay settings. */
import { type Cidr, contains, type Ip, overlaps } from '../values/address.ts';
import { asList, asText, fieldOf } from '../values/json.ts';
import { err, ok, type Result } from '../values/result.ts';
import { type AnnotationProblem, readExcluded } from './egressrules.ts';
import { type FieldProblem, parseCidrv4, take } from './fields.ts';
import type { ClusterNetworkObject } from './raw.ts';

/** How pods are isolated from each other. */
export type IsolationMode = 'subnet' | 'multitenant' | 'networkpolicy';

/** A range of pod addresses; each node gets a subnet of it with this many host bits. */
export interface PodNetwork {
  readonly cidr: Cidr;
  readonly hostSubnetLength: number;
}

export interface ClusterNetwork {
  /** In the order in which nodes get subnets from them. */
  readonly networks: readonly [PodNetwork, ...PodNetwork[]];
  readonly serviceNetwork: Cidr;
  readonly pluginName: string;
  readonly mode: IsolationMode;
  /** UDP port. */
  readonly vxlanPort: number;
  /** MTU of a pod's interface in bytes; undefined means what the network between the nodes leaves. */
  readonly mtu: number | undefined;
  /** Networks outside that are never reached with an egress IP. */
  readonly excluded?: readonly Cidr[];
  /** Why they cannot be read: then there are none. */
  readonly excludedProblem?: AnnotationProblem;
}

/** OpenShift 4's default plugin. */
const defaultPlugin = 'redhat/openshift-ovs-networkpolicy';
/** OpenShift SDN's UDP port for VXLAN, unless ClusterNetwork says another one. */
export const defaultVxlanPort = 4789;

const modes = new Map<string, IsolationMode>([
  ['redhat/openshift-ovs-subnet', 'subnet'],
  ['redhat/openshift-ovs-multitenant', 'multitenant'],
  ['redhat/openshift-ovs-networkpolicy', 'networkpolicy'],
]);

/** Parses a ClusterNetwork and fills in defaults; the error lists every invalid field. */
export function parseClusterNetwork(raw: ClusterNetworkObject): Result<ClusterNetwork, readonly FieldProblem[]> {
  const problems: FieldProblem[] = [];
  const [first, ...more] = podNetworks(raw, problems);
  const serviceNetwork = take(parseCidrv4(asText(raw.serviceNetwork)), 'serviceNetwork', problems);
  const pluginName = raw.pluginName ?? defaultPlugin;
  const mode = modes.get(pluginName);
  if (mode === undefined) {
    problems.push({
      field: 'pluginName',
      reason: `${JSON.stringify(pluginName)} is none of ${[...modes.keys()].join(', ')}`,
    });
  }
  if (first === undefined || serviceNetwork === undefined || mode === undefined) return err(problems);
  const networks = [first, ...more] as const;
  problems.push(...overlapProblems(networks, serviceNetwork));
  if (problems.length > 0) return err(problems);
  const { vxlanPort = defaultVxlanPort, mtu } = raw;
  return ok({ networks, serviceNetwork, pluginName, mode, vxlanPort, mtu, ...excludedOf(raw) });
}

function excludedOf({ metadata }: ClusterNetworkObject): Pick<ClusterNetwork, 'excluded' | 'excludedProblem'> {
  const { excluded, problem } = readExcluded(metadata.annotations);
  return {
    ...(excluded.length === 0 ? {} : { excluded }),
    ...(problem === undefined ? {} : { excludedProblem: problem }),
  };
}

/** The pod networks, then the service network. */
export function networksOf({ networks, serviceNetwork }: ClusterNetwork): readonly Cidr[] {
  return [...networks.map(({ cidr }) => cidr), serviceNetwork];
}

/** The pod or service network that contains the address; no host may have such an address. */
export function networkAround(ip: Ip, network: ClusterNetwork): Cidr | undefined {
  return networksOf(network).find((cidr) => contains(cidr, ip));
}

/** Reads `clusterNetworks`, or `network` and `hostsubnetlength`, which are older, when that list is empty. */
function podNetworks(raw: ClusterNetworkObject, problems: FieldProblem[]): readonly PodNetwork[] {
  const older = raw.network === undefined ? [] : [{ CIDR: raw.network, hostSubnetLength: raw.hostsubnetlength ?? 9 }];
  const given = asList(raw.clusterNetworks);
  const entries = given.length > 0 ? given : older;
  if (entries.length === 0) problems.push({ field: 'clusterNetworks', reason: 'is empty' });
  return entries.flatMap((entry, index) => {
    const field = `clusterNetworks[${index}]`;
    const cidr = take(parseCidrv4(asText(fieldOf(entry, 'CIDR'))), `${field}.CIDR`, problems);
    if (cidr === undefined) return [];
    const hostSubnetLength = fieldOf(entry, 'hostSubnetLength');
    if (isInteger(hostSubnetLength) && hostSubnetLength >= 2 && hostSubnetLength <= 32 - cidr.length)
      return [{ cidr, hostSubnetLength }];
    problems.push({
      field: `${field}.hostSubnetLength`,
      reason: `${JSON.stringify(hostSubnetLength)} is not from 2 to ${32 - cidr.length}, the host bits of ${cidr.text}`,
    });
    return [];
  });
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function overlapProblems(networks: readonly PodNetwork[], serviceNetwork: Cidr): readonly FieldProblem[] {
  return networks.flatMap(({ cidr }, index) => {
    const field = `clusterNetworks[${index}].CIDR`;
    const earlier = networks.slice(0, index).find((other) => overlaps(other.cidr, cidr));
    return [
      ...(earlier === undefined ? [] : [{ field, reason: `${cidr.text} overlaps ${earlier.cidr.text}` }]),
      ...(overlaps(cidr, serviceNetwork)
        ? [{ field, reason: `${cidr.text} overlaps the service network ${serviceNetwork.text}` }]
        : []),
    ];
  });
}
