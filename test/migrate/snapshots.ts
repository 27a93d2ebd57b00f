/** Snapshots for tests, from objects written short. */
import { makeSnapshot } from '../../src/migrate/input/make-snapshot.ts';
import { type Snapshot } from '../../src/migrate/snapshot.ts';
import { type Context, contextOf } from '../../src/migrate/targets/ovn/context.ts';
import type { TranslateOptions } from '../../src/migrate/targets/ovn/options.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The options of a plan that leads to OVN-Kubernetes, if nothing is chosen. */
export const options: TranslateOptions = {
  only: [],
  namespaces: [],
  prefix: 'egressip',
  keepClosed: false,
  allowAPIServer: false,
  denyAPIServer: false,
  keepPlacement: true,
  machineNetworks: [],
};

export function snapshotOf(objects: readonly KubeObject[]): Snapshot {
  return makeSnapshot(Map.groupBy(objects, ({ apiVersion, kind }) => `${apiVersion ?? ''}/${kind ?? ''}`));
}

export function contextFrom(objects: readonly KubeObject[], changes: Partial<TranslateOptions> = {}): Context {
  return contextOf(snapshotOf(objects), { ...options, ...changes });
}

const sdn = 'network.openshift.io/v1';
const object = (apiVersion: string, kind: string, metadata: Fields, fields: Fields): KubeObject => ({
  apiVersion,
  kind,
  metadata,
  ...fields,
});

export const make = {
  namespace: (name: string, metadata: Fields = {}) =>
    object('v1', 'Namespace', { name, labels: { 'kubernetes.io/metadata.name': name }, ...metadata }, {}),
  netNamespace: (name: string, netid: number, fields: Fields = {}, metadata: Fields = {}) =>
    object(sdn, 'NetNamespace', { name, ...metadata }, { netname: name, netid, ...fields }),
  hostSubnet: (name: string, hostIP: string, fields: Fields = {}) =>
    object(
      sdn,
      'HostSubnet',
      { name },
      { host: name, hostIP, subnet: `10.128.${hostIP.split('.')[3]}.0/24`, ...fields },
    ),
  node: (name: string, ip: string, metadata: Fields = {}) =>
    object(
      'v1',
      'Node',
      { name, ...metadata },
      { status: { addresses: [{ type: 'InternalIP', address: ip }], conditions: [{ type: 'Ready', status: 'True' }] } },
    ),
  clusterNetwork: (pluginName = 'redhat/openshift-ovs-networkpolicy') =>
    object(
      sdn,
      'ClusterNetwork',
      { name: 'default' },
      {
        clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 8 }],
        serviceNetwork: '172.30.0.0/16',
        pluginName,
      },
    ),
  policy: (namespace: string, name: string, egress: readonly (readonly [type: string, to: string])[]) =>
    object(
      sdn,
      'EgressNetworkPolicy',
      { name, namespace },
      {
        spec: {
          egress: egress.map(([type, to]) => ({ type, to: /[/ ]/.test(to) ? { cidrSelector: to } : { dnsName: to } })),
        },
      },
    ),
  any: object,
} as const;
