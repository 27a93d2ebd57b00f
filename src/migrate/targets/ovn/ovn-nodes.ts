/**
 * Computes nodes as OVN-Kubernetes will see them, from Nodes and HostSubnets while OpenShift SDN still runs.
 * OVN-Kubernetes's own annotations are not there yet; where they are, they count.
 */
import uniqBy from 'lodash/uniqBy.js';
import type { Cluster } from '../../../model/cluster/cluster.ts';
import {
  type CloudLimits,
  egressIpConfigAnnotation,
  parseEgressIpConfig,
  unknownLimits,
} from '../../../model/objects/cloud.ts';
import type { HostSubnet } from '../../../model/objects/hostsubnet.ts';
import { type Cidr, contains, type Ip, parseCidr, parseIp } from '../../../model/values/address.ts';
import { compareText } from '../../../model/values/names.ts';
import { installConfig } from '../../kinds/configmap.ts';
import type { NodeItem } from '../../kinds/node.ts';
import type { Snapshot } from '../../snapshot.ts';
import {
  assignableLabel,
  hostCIDRsAnnotation,
  type Ifaddr,
  ifaddrsIn,
  primaryAnnotation,
} from './marks/annotations.ts';

/** A Node, or a HostSubnet whose Node is not in the snapshot. */
export interface OvnNode {
  readonly name: string;
  /** Undefined if the input has only a HostSubnet of that name. */
  readonly node: NodeItem | undefined;
  /** Whether there is a Node. If the input has no Nodes at all, every HostSubnet is assumed to have one. */
  readonly exists: boolean;
  /** Undefined if there is none or it is invalid. */
  readonly hostSubnet: HostSubnet | undefined;
  /** Whether Ready is True, or missing from the input. */
  readonly ready: boolean;
  /** Whether it has k8s.ovn.org/egress-assignable, or will: its HostSubnet has egressIPs or egressCIDRs. */
  readonly assignable: boolean;
  /** All its known addresses, from the Node, hostIP and k8s.ovn.org/host-cidrs, without `leftovers`. */
  readonly addresses: readonly Ip[];
  /** Egress IPs that SDN put on its interfaces and that its addresses include: never assigned while there. */
  readonly leftovers: readonly Ip[];
  /** Its primary network; undefined if the input does not show the prefix length. */
  readonly network: Cidr | undefined;
  /** All networks it can host egress IPs of: primary, and k8s.ovn.org/host-cidrs. Undefined if `network` is. */
  readonly networks: readonly Cidr[] | undefined;
  /** How many egress IPs the cloud lets it have; undefined means any number. */
  readonly capacity: number | undefined;
}

/** Computes the nodes, by name. `machineNetworks` are those that the admin named. */
export function ovnNodesOf(
  snapshot: Snapshot,
  cluster: Cluster,
  machineNetworks: readonly Cidr[],
): ReadonlyMap<string, OvnNode> {
  const hosts = new Map<string, HostSubnet>(cluster.hostSubnets.map((one) => [one.name, one]));
  const hostIPs = new Map([...cluster.hostSubnets, ...cluster.absent].map(({ name, hostIP }) => [name, hostIP]));
  const byName = new Map(snapshot.nodes.map((node) => [node.name, node]));
  const networks = [...machineNetworks, ...installedNetworks(snapshot)].sort(
    (a, b) => b.length - a.length || compareText(a.text, b.text),
  );
  const names = [...new Set([...byName.keys(), ...hostIPs.keys()])].sort(compareText);
  return new Map(
    names.map((name) => [
      name,
      ovnNodeOf(
        {
          name,
          node: byName.get(name),
          exists: byName.size === 0 || byName.has(name),
          hostSubnet: hosts.get(name),
          hostIP: hostIPs.get(name),
        },
        networks,
      ),
    ]),
  );
}

type NodeSource = Pick<OvnNode, 'name' | 'node' | 'exists' | 'hostSubnet'> & { readonly hostIP: Ip | undefined };

function ovnNodeOf({ hostIP, ...found }: NodeSource, machineNetworks: readonly Cidr[]): OvnNode {
  const { node, hostSubnet } = found;
  const { primary, limits, others } = annotated(node);
  const own = [hostIP, primary?.ip].filter((ip) => ip !== undefined);
  const listed = new Set(hostSubnet?.egressIPs.filter((ip) => !own.includes(ip)));
  const all = [...new Set([...own, ...nodeAddresses(node), ...others.map(({ ip }) => ip)])];
  const [main] = all;
  const holding = main === undefined ? undefined : machineNetworks.find((one) => contains(one, main));
  const network = primary?.network ?? limits.network ?? holding;
  return {
    ...found,
    ready: (node?.ready ?? 'True') === 'True',
    assignable: hasLabel(node) || wantsEgress(hostSubnet),
    addresses: all.filter((ip) => !listed.has(ip)),
    leftovers: all.filter((ip) => listed.has(ip)),
    network,
    networks:
      network === undefined ? undefined : uniqBy([network, ...others.map((one) => one.network)], ({ text }) => text),
    capacity: typeof limits.capacity === 'number' ? limits.capacity : undefined,
  };
}

/** What the annotations of a Node say: its primary address, the limits of the cloud, and its other addresses. */
interface Annotated {
  readonly primary: Ifaddr | undefined;
  readonly limits: CloudLimits;
  readonly others: readonly Ifaddr[];
}

function annotated(node: NodeItem | undefined): Annotated {
  const { annotations = {} } = node ?? {};
  const [primary] = ifaddrsIn(annotations[primaryAnnotation]);
  const limits = limitsOf(annotations[egressIpConfigAnnotation]);
  return { primary, limits, others: ifaddrsIn(annotations[hostCIDRsAnnotation]) };
}

function limitsOf(annotation: string | undefined): CloudLimits {
  const parsed = annotation === undefined ? undefined : parseEgressIpConfig(annotation);
  return parsed?.ok === true ? parsed.value : unknownLimits;
}

/** Whether the Node already has the label. */
export function hasLabel(node: NodeItem | undefined): boolean {
  return node?.labels[assignableLabel] !== undefined;
}

/** Whether the HostSubnet offers egress IPs, so that its node gets the label. */
export function wantsEgress(hostSubnet: HostSubnet | undefined): boolean {
  return hostSubnet !== undefined && hostSubnet.egressIPs.length + hostSubnet.egressCIDRs.length > 0;
}

function nodeAddresses(node: NodeItem | undefined): readonly Ip[] {
  return (node?.addresses ?? []).flatMap((text) => {
    const ip = parseIp(text);
    return ip.ok ? [ip.value] : [];
  });
}

/** The machine networks that the installer was given, from ConfigMap kube-system/cluster-config-v1. */
export function installedNetworks(snapshot: Snapshot): readonly Cidr[] {
  const found = snapshot.configMaps.find(
    ({ namespace, name }) => namespace === installConfig.namespace && name === installConfig.name,
  );
  const text = found?.data['install-config'] ?? '';
  const section = /^ {2}machineNetwork:\n((?: {2}(?: |-).*\n?)*)/m.exec(text)?.[1] ?? '';
  return [...section.matchAll(/cidr: *["']?([0-9a-fA-F.:/]+)/g)].flatMap(([, cidr = '']) => {
    const parsed = parseCidr(cidr);
    return parsed.ok ? [parsed.value] : [];
  });
}
