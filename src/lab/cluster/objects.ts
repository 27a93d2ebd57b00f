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

/** NetworkPolicy as a custom resource: built into a real API server, but not into the embedded one. */
export const networkPolicyKind: KubeObject & Readonly<Record<string, unknown>> = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: 'networkpolicies.networking.k8s.io',
    annotations: { 'api-approved.kubernetes.io': 'unapproved, stands in for the built-in kind' },
  },
  spec: {
    group: 'networking.k8s.io',
    names: {
      kind: 'NetworkPolicy',
      listKind: 'NetworkPolicyList',
      plural: 'networkpolicies',
      singular: 'networkpolicy',
      shortNames: ['netpol'],
    },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'Who may open connections to and from pods.',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
};
