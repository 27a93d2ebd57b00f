/** A cluster of OpenShift SDN that goes to OVN-Kubernetes and on to the facade. */
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { make } from '../../../migrate/snapshots.ts';

export const objects: readonly KubeObject[] = [
  make.namespace('sdn-compat'),
  ...[1, 2, 3].map((index) => make.node(`n${index}`, `192.168.7.1${index}`)),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101', '192.168.7.102'] }),
  make.hostSubnet('n2', '192.168.7.12', { egressIPs: ['192.168.7.103'] }),
  make.hostSubnet('n3', '192.168.7.13', { egressCIDRs: ['192.168.7.192/26'] }),
  ...['red', 'blue', 'green', 'auto'].map((name) => make.namespace(name)),
  make.netNamespace('red', 10, { egressIPs: ['192.168.7.101', '192.168.7.103'] }),
  make.netNamespace('blue', 11, { egressIPs: ['192.168.7.102'] }),
  make.netNamespace('green', 11, { egressIPs: [] }),
  make.netNamespace('auto', 12, { egressIPs: ['192.168.7.200'] }),
];
