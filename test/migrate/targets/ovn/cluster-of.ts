/** Nodes, HostSubnets and namespaces of one network, 192.168.7.0/24, as most clusters have them. */
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { make } from '../../snapshots.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The annotation that tells the prefix length of a node's address. */
export function primary(ip: string, length = 24): Readonly<Record<string, string>> {
  return { 'k8s.ovn.org/node-primary-ifaddr': JSON.stringify({ ipv4: `${ip}/${length}` }) };
}

/** Node and HostSubnet `nN` at 192.168.7.1N, which lists or offers these. */
export function worker(
  number: number,
  fields: Fields = {},
  { annotations = {}, ...metadata }: { readonly annotations?: Fields; readonly labels?: Fields } = {},
): readonly KubeObject[] {
  const ip = `192.168.7.1${number}`;
  return [
    make.node(`n${number}`, ip, { annotations: { ...primary(ip), ...annotations }, ...metadata }),
    make.hostSubnet(`n${number}`, ip, fields),
  ];
}

/** A Node that is not Ready, with its HostSubnet. */
export function downWorker(number: number, fields: Fields = {}): readonly KubeObject[] {
  const ip = `192.168.7.1${number}`;
  const status = {
    addresses: [{ type: 'InternalIP', address: ip }],
    conditions: [{ type: 'Ready', status: 'False' }],
  };
  return [
    make.any('v1', 'Node', { name: `n${number}`, annotations: primary(ip) }, { status }),
    make.hostSubnet(`n${number}`, ip, fields),
  ];
}

/** A namespace that requests these, with its Namespace. */
export function project(name: string, netid: number, egressIPs: readonly string[] = []): readonly KubeObject[] {
  return [make.namespace(name), make.netNamespace(name, netid, { egressIPs })];
}

/** An EgressIP of OVN-Kubernetes, with the node of each address that is assigned. */
export function egressIP(
  name: string,
  egressIPs: readonly string[],
  namespaceSelector: object = {},
  assigned: Readonly<Record<string, string>> = {},
): KubeObject {
  const items = Object.entries(assigned).map(([ip, node]) => ({ egressIP: ip, node }));
  return make.any(
    'k8s.ovn.org/v1',
    'EgressIP',
    { name },
    { spec: { egressIPs, namespaceSelector }, status: { items } },
  );
}

/** A selector that names these namespaces. */
export function byName(...values: readonly string[]): object {
  return { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }] };
}

/** What a cloud lets a node have. */
export function capacity(count: number): { readonly annotations: Fields } {
  const config = [{ interface: 'eth0', capacity: { ipv4: count } }];
  return { annotations: { 'cloud.network.openshift.io/egress-ipconfig': JSON.stringify(config) } };
}

export const assignable = { 'k8s.ovn.org/egress-assignable': '' } as const;
export const [first, second, third] = ['192.168.7.101', '192.168.7.102', '192.168.7.103'] as const;
