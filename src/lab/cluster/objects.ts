/** The initial objects of a lab. */
import { defaultVxlanPort } from '../../model/objects/clusternetwork.ts';
import type { ClusterNetworkObject, KubeObject } from '../../model/objects/raw.ts';
import { type LabNode, network } from '../layout.ts';

/** The cluster's networks, as in the published walkthrough. */
export const clusterNetwork: ClusterNetworkObject = {
  apiVersion: 'network.openshift.io/v1',
  kind: 'ClusterNetwork',
  metadata: { name: 'default' },
  network: network.podNetwork,
  hostsubnetlength: network.hostSubnetLength,
  clusterNetworks: [{ CIDR: network.podNetwork, hostSubnetLength: network.hostSubnetLength }],
  serviceNetwork: network.serviceNetwork,
  pluginName: 'redhat/openshift-ovs-networkpolicy',
  vxlanPort: defaultVxlanPort,
  mtu: network.mtu,
};

/** A Node as its kubelet would register it. */
export function nodeObject(node: LabNode): KubeObject & Readonly<Record<string, unknown>> {
  const role = node.worker ? 'worker' : 'master';
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      labels: { [`node-role.kubernetes.io/${role}`]: '', 'kubernetes.io/hostname': node.name },
    },
    status: {
      addresses: [
        { type: 'InternalIP', address: node.ip },
        { type: 'Hostname', address: node.name },
      ],
    },
  };
}
