/** More clusters, of matters that only other targets than OVN-Kubernetes have. */
import type { KubeObject } from '../../src/model/objects/raw.ts';
import type { Named } from './clusters.ts';
import { make } from './snapshots.ts';

const namespaceSelector = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });
const base: readonly KubeObject[] = [
  make.clusterNetwork(),
  make.namespace('kube-system', { uid: '0b5a2f6c-3c1e-4c0e-9d5e-6f0d8f7a1c11' }),
  make.node('w1', '192.168.7.101'),
  make.hostSubnet('w1', '192.168.7.101', { egressIPs: ['192.168.7.200'] }),
  make.node('w2', '192.168.7.102'),
  make.hostSubnet('w2', '192.168.7.102', { egressCIDRs: ['192.168.7.208/28'], egressIPs: ['192.168.7.210'] }),
  make.node('w3', '192.168.7.103'),
  make.hostSubnet('w3', '192.168.7.103', { egressCIDRs: ['192.168.7.208/28'] }),
  ...['red', 'blue'].map((name) => make.namespace(name)),
  make.netNamespace('red', 11, { egressIPs: ['192.168.7.200'] }),
  make.netNamespace('blue', 12, { egressIPs: ['192.168.7.210'] }),
];
const crowd = Array.from({ length: 257 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);

export const more: Readonly<Record<string, Named>> = {
  'pinned and automatic': { objects: base },
  'objects of Antrea there already': {
    objects: [
      ...base,
      make.any(
        'crd.antrea.io/v1beta1',
        'ExternalIPPool',
        { name: 'theirs' },
        { spec: { ipRanges: [{ start: '192.168.7.198', end: '192.168.7.205' }], nodeSelector: {} } },
      ),
      make.any(
        'crd.antrea.io/v1beta1',
        'ExternalIPPool',
        { name: 'egressip-192.168.7.210' },
        { spec: { ipRanges: [{ cidr: '192.168.7.210/32' }], nodeSelector: {} } },
      ),
      make.any(
        'crd.antrea.io/v1beta1',
        'Egress',
        { name: 'rival' },
        { spec: { appliedTo: { namespaceSelector: namespaceSelector('blue') }, externalIPPool: 'theirs' } },
      ),
    ],
  },
  'objects of EgressGateway there already': {
    objects: [
      ...base,
      make.any(
        'egressgateway.spidernet.io/v1beta1',
        'EgressGateway',
        { name: 'theirs' },
        { spec: { ippools: { ipv4: ['192.168.7.198-192.168.7.205', '10.0.0.0/24'] } } },
      ),
      make.any(
        'egressgateway.spidernet.io/v1beta1',
        'EgressClusterPolicy',
        { name: 'rival' },
        { spec: { appliedTo: { namespaceSelector: namespaceSelector('blue') }, egressGatewayName: 'theirs' } },
      ),
    ],
  },
  'objects of Cilium there already': {
    objects: [
      ...base,
      make.any(
        'cilium.io/v2',
        'CiliumEgressGatewayPolicy',
        { name: 'rival' },
        { spec: { selectors: [{ podSelector: { matchLabels: { 'io.kubernetes.pod.namespace': 'red', app: 'x' } } }] } },
      ),
    ],
  },
  'a crowded node': {
    objects: [
      make.clusterNetwork(),
      make.node('w1', '192.168.7.101'),
      make.hostSubnet('w1', '192.168.7.101', { egressIPs: crowd }),
      ...crowd.flatMap((ip, index) => [
        make.namespace(`p${index}`),
        make.netNamespace(`p${index}`, 11 + index, { egressIPs: [ip] }),
      ]),
    ],
  },
};
