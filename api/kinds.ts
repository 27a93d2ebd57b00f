/** Group, version, plural and scope of each kind this project serves, reads or writes. */

/** How a kind is addressed in a Kubernetes API: its path parts and scope. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const sdn = { group: 'network.openshift.io', version: 'v1' } as const;
const core = { group: '', version: 'v1' } as const;

export const clusterNetworks: Kind = { ...sdn, kind: 'ClusterNetwork', plural: 'clusternetworks', namespaced: false };
export const hostSubnets: Kind = { ...sdn, kind: 'HostSubnet', plural: 'hostsubnets', namespaced: false };
export const netNamespaces: Kind = { ...sdn, kind: 'NetNamespace', plural: 'netnamespaces', namespaced: false };
export const egressNetworkPolicies: Kind = {
  ...sdn,
  kind: 'EgressNetworkPolicy',
  plural: 'egressnetworkpolicies',
  namespaced: true,
};

/** Addresses that namespaces may ask for; where it is not served, nobody does. */
export const egressPools: Kind = {
  group: 'egress.sdn-compat.io',
  version: 'v1',
  kind: 'EgressPool',
  plural: 'egresspools',
  namespaced: false,
};

export const namespaces: Kind = { ...core, kind: 'Namespace', plural: 'namespaces', namespaced: false };
export const nodes: Kind = { ...core, kind: 'Node', plural: 'nodes', namespaced: false };
export const pods: Kind = { ...core, kind: 'Pod', plural: 'pods', namespaced: true };
export const events: Kind = { ...core, kind: 'Event', plural: 'events', namespaced: true };
export const services: Kind = { ...core, kind: 'Service', plural: 'services', namespaced: true };
export const endpointSlices: Kind = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
};
export const serviceAccounts: Kind = { ...core, kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true };
export const persistentVolumeClaims: Kind = {
  ...core,
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  namespaced: true,
};

const authentication = { group: 'authentication.k8s.io', version: 'v1' } as const;

/** Asks the API server who has a token. Nothing is stored, as with the next kind. */
export const tokenReviews: Kind = {
  ...authentication,
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
};
/** Asks the API server whether somebody may do something. */
export const subjectAccessReviews: Kind = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
};
const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;

export const roles: Kind = { ...rbac, kind: 'Role', plural: 'roles', namespaced: true };
export const clusterRoles: Kind = { ...rbac, kind: 'ClusterRole', plural: 'clusterroles', namespaced: false };
export const roleBindings: Kind = { ...rbac, kind: 'RoleBinding', plural: 'rolebindings', namespaced: true };
export const clusterRoleBindings: Kind = {
  ...rbac,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
};
export const leases: Kind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
export const cloudPrivateIPConfigs: Kind = {
  group: 'cloud.network.openshift.io',
  version: 'v1',
  kind: 'CloudPrivateIPConfig',
  plural: 'cloudprivateipconfigs',
  namespaced: false,
};
export const networkPolicies: Kind = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
};
export const customResourceDefinitions: Kind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

const ovn = { group: 'k8s.ovn.org', version: 'v1' } as const;
const apps = { group: 'apps', version: 'v1' } as const;
const batch = { group: 'batch', version: 'v1' } as const;

export const egressIPs: Kind = { ...ovn, kind: 'EgressIP', plural: 'egressips', namespaced: false };
export const egressFirewalls: Kind = { ...ovn, kind: 'EgressFirewall', plural: 'egressfirewalls', namespaced: true };
export const egressRouters: Kind = {
  group: 'network.operator.openshift.io',
  version: 'v1',
  kind: 'EgressRouter',
  plural: 'egressrouters',
  namespaced: true,
};
/** Binds the traffic of a LoadBalancer Service's pods to its address, under OVN-Kubernetes. */
export const egressServices: Kind = {
  ...ovn,
  kind: 'EgressService',
  plural: 'egressservices',
  namespaced: true,
};

const antrea = { group: 'crd.antrea.io', version: 'v1beta1' } as const;

export const antreaEgresses: Kind = { ...antrea, kind: 'Egress', plural: 'egresses', namespaced: false };
export const externalIPPools: Kind = {
  ...antrea,
  kind: 'ExternalIPPool',
  plural: 'externalippools',
  namespaced: false,
};
/** What Antrea's agent says of itself, by the name of its node. */
export const antreaAgentInfos: Kind = {
  ...antrea,
  kind: 'AntreaAgentInfo',
  plural: 'antreaagentinfos',
  namespaced: false,
};

const cilium = { group: 'cilium.io', version: 'v2' } as const;

export const ciliumEgressGatewayPolicies: Kind = {
  ...cilium,
  kind: 'CiliumEgressGatewayPolicy',
  plural: 'ciliumegressgatewaypolicies',
  namespaced: false,
};
/** What Cilium's agent says of its node. */
export const ciliumNodes: Kind = { ...cilium, kind: 'CiliumNode', plural: 'ciliumnodes', namespaced: false };

const egressGateway = { group: 'egressgateway.spidernet.io', version: 'v1beta1' } as const;

export const egressGateways: Kind = {
  ...egressGateway,
  kind: 'EgressGateway',
  plural: 'egressgateways',
  namespaced: false,
};
export const egressClusterPolicies: Kind = {
  ...egressGateway,
  kind: 'EgressClusterPolicy',
  plural: 'egressclusterpolicies',
  namespaced: false,
};
/** Policies for pods of one namespace; plans make none. */
export const namespacedEgressPolicies: Kind = {
  ...egressGateway,
  kind: 'EgressPolicy',
  plural: 'egresspolicies',
  namespaced: true,
};
/** How far EgressGateway's agent is, by the name of its node. */
export const egressTunnels: Kind = {
  ...egressGateway,
  kind: 'EgressTunnel',
  plural: 'egresstunnels',
  namespaced: false,
};

export const configMaps: Kind = { ...core, kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
export const daemonSets: Kind = { ...apps, kind: 'DaemonSet', plural: 'daemonsets', namespaced: true };
export const deployments: Kind = { ...apps, kind: 'Deployment', plural: 'deployments', namespaced: true };
export const jobs: Kind = { ...batch, kind: 'Job', plural: 'jobs', namespaced: true };
/** Kinds whose template makes pods: an egress router may be stopped in one. */
export const workloads: readonly Kind[] = [
  { ...core, kind: 'ReplicationController', plural: 'replicationcontrollers', namespaced: true },
  daemonSets,
  deployments,
  { ...apps, kind: 'ReplicaSet', plural: 'replicasets', namespaced: true },
  { ...apps, kind: 'StatefulSet', plural: 'statefulsets', namespaced: true },
  {
    group: 'apps.openshift.io',
    version: 'v1',
    kind: 'DeploymentConfig',
    plural: 'deploymentconfigs',
    namespaced: true,
  },
  { ...batch, kind: 'CronJob', plural: 'cronjobs', namespaced: true },
  jobs,
];
const admission = { group: 'admissionregistration.k8s.io', version: 'v1' } as const;
/** What may stand in the way of a migration that reboots every node. */
export const webhookConfigurations: readonly Kind[] = [
  {
    ...admission,
    kind: 'ValidatingWebhookConfiguration',
    plural: 'validatingwebhookconfigurations',
    namespaced: false,
  },
  { ...admission, kind: 'MutatingWebhookConfiguration', plural: 'mutatingwebhookconfigurations', namespaced: false },
];
export const podDisruptionBudgets: Kind = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
};
export const nodeNetworkPolicies: Kind = {
  group: 'nmstate.io',
  version: 'v1',
  kind: 'NodeNetworkConfigurationPolicy',
  plural: 'nodenetworkconfigurationpolicies',
  namespaced: false,
};

/**
 * OpenShift's own configuration of the network: `config.openshift.io/v1` as seen, `operator.openshift.io/v1` as asked
 * for.
 */
export const networkConfigs: Kind = {
  group: 'config.openshift.io',
  version: 'v1',
  kind: 'Network',
  plural: 'networks',
  namespaced: false,
};
export const infrastructures: Kind = {
  group: 'config.openshift.io',
  version: 'v1',
  kind: 'Infrastructure',
  plural: 'infrastructures',
  namespaced: false,
};
export const clusterVersions: Kind = {
  group: 'config.openshift.io',
  version: 'v1',
  kind: 'ClusterVersion',
  plural: 'clusterversions',
  namespaced: false,
};
export const networkOperators: Kind = {
  group: 'operator.openshift.io',
  version: 'v1',
  kind: 'Network',
  plural: 'networks',
  namespaced: false,
};

/** A group of nodes that the machine config operator configures and reboots together. */
export const machineConfigPools: Kind = {
  group: 'machineconfiguration.openshift.io',
  version: 'v1',
  kind: 'MachineConfigPool',
  plural: 'machineconfigpools',
  namespaced: false,
};

/** `network.openshift.io/v1` for our kinds, `v1` for the core ones: the value of `apiVersion`. */
export function apiVersionOf(kind: Kind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}
