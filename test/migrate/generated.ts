/** A large cluster as `oc get -o json` prints it: objects with all that an API server adds, of about 20 MB together. */
import type { KubeObject } from '../../src/model/objects/raw.ts';

type Plain = KubeObject & Readonly<Record<string, unknown>>;

export interface Size {
  readonly namespaces: number;
  readonly nodes: number;
}

const uid = (kind: number, index: number): string =>
  `${kind.toString(16).padStart(8, '0')}-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;

function metadata(kind: number, name: string, index: number, more: object = {}): KubeObject['metadata'] {
  return {
    creationTimestamp: '2024-03-05T11:22:33Z',
    name,
    resourceVersion: String(100_000 + index),
    uid: uid(kind, index),
    ...more,
  };
}

const managedFields = (manager: string): object[] => [
  {
    apiVersion: 'v1',
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:metadata': {
        'f:annotations': { '.': {}, 'f:openshift.io/sa.scc.mcs': {}, 'f:openshift.io/sa.scc.uid-range': {} },
        'f:labels': { '.': {}, 'f:kubernetes.io/metadata.name': {} },
      },
    },
    manager,
    operation: 'Update',
    time: '2024-03-05T11:22:33Z',
  },
];

export const nodeName = (index: number): string => `worker-${String(index).padStart(4, '0')}.example.com`;
export const namespaceName = (index: number): string => `project-${String(index).padStart(5, '0')}`;
/** Egress IP `index` of 10.20.0.0/16 and on, none of them a node's. */
const egressIP = (index: number): string => `10.${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
const nodeIP = (index: number): string => `10.19.${index >> 8}.${index & 255}`;

function node(index: number): Plain {
  const name = nodeName(index);
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metadata(1, name, index, {
      annotations: {
        'machineconfiguration.openshift.io/currentConfig': `rendered-worker-${index}`,
        'machineconfiguration.openshift.io/state': 'Done',
        'k8s.ovn.org/node-primary-ifaddr': JSON.stringify({ ipv4: `${nodeIP(index + 1)}/12` }),
      },
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'node-role.kubernetes.io/worker': '',
      },
    }),
    spec: {},
    status: {
      addresses: [
        { address: nodeIP(index + 1), type: 'InternalIP' },
        { address: name, type: 'Hostname' },
      ],
      conditions: ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
        lastHeartbeatTime: '2024-05-05T05:05:05Z',
        lastTransitionTime: '2024-03-05T11:22:33Z',
        message: `kubelet says ${type}`,
        reason: `Kubelet${type}`,
        status: type === 'Ready' ? 'True' : 'False',
        type,
      })),
      images: Array.from({ length: 30 }, (_, image) => ({
        names: [`registry.example.com/openshift/image-${image}@sha256:${'ab'.repeat(32)}`],
        sizeBytes: 300_000_000 + image,
      })),
    },
  };
}

function hostSubnet(index: number): Plain {
  const name = nodeName(index);
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'HostSubnet',
    metadata: metadata(2, name, index),
    host: name,
    hostIP: nodeIP(index + 1),
    subnet: `10.${128 + (index >> 7)}.${(index & 127) * 2}.0/23`,
    egressCIDRs: index % 2 === 0 ? ['10.20.0.0/14'] : [],
    egressIPs: [],
  };
}

function namespace(index: number): Plain[] {
  const name = namespaceName(index);
  const annotations = {
    'openshift.io/description': `Project ${index} of a large cluster`,
    'openshift.io/display-name': name,
    'openshift.io/requester': 'admin',
    'openshift.io/sa.scc.mcs': `s0:c${index % 1000},c${index % 100}`,
    'openshift.io/sa.scc.supplemental-groups': `${1_000_000_000 + index * 10_000}/10000`,
    'openshift.io/sa.scc.uid-range': `${1_000_000_000 + index * 10_000}/10000`,
  };
  const labels = {
    'kubernetes.io/metadata.name': name,
    'pod-security.kubernetes.io/audit': 'restricted',
    'pod-security.kubernetes.io/warn': 'restricted',
  };
  const requests = index % 2 === 0 ? [egressIP(2 * index), egressIP(2 * index + 1)] : [];
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: metadata(3, name, index, { annotations, labels, managedFields: managedFields('openshift-apiserver') }),
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    },
    {
      apiVersion: 'network.openshift.io/v1',
      kind: 'NetNamespace',
      metadata: metadata(4, name, index),
      netname: name,
      netid: 1000 + index,
      ...(requests.length === 0 ? {} : { egressIPs: requests }),
    },
  ];
}

function policy(index: number): Plain {
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'EgressNetworkPolicy',
    metadata: metadata(5, 'default', index, { namespace: namespaceName(index) }),
    spec: {
      egress: [
        ...Array.from({ length: 5 }, (_, rule) => ({ type: 'Allow', to: { cidrSelector: `172.30.${rule}.0/24` } })),
        { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
      ],
    },
  };
}

/** The objects, each on its own. */
export function generatedCluster({ namespaces, nodes }: Size): readonly Plain[] {
  const subnets = Array.from({ length: nodes }, (_, index) => hostSubnet(index));
  const automatic = subnets.filter((_, index) => index % 2 === 0);
  // the controller has placed every requested IP, two of a namespace on neighbors
  for (let index = 0; index < namespaces; index += 2) {
    for (const nth of [0, 1])
      (automatic[(index / 2 + nth) % automatic.length]?.['egressIPs'] as string[]).push(egressIP(2 * index + nth));
  }
  return [
    {
      apiVersion: 'network.openshift.io/v1',
      kind: 'ClusterNetwork',
      metadata: metadata(6, 'default', 0),
      clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 9 }],
      network: '10.128.0.0/14',
      hostsubnetlength: 9,
      serviceNetwork: '172.30.0.0/16',
      pluginName: 'redhat/openshift-ovs-networkpolicy',
      vxlanPort: 4789,
      mtu: 1450,
    },
    ...Array.from({ length: nodes }, (_, index) => node(index)),
    ...subnets,
    ...Array.from({ length: namespaces }, (_, index) => namespace(index)).flat(),
    ...Array.from({ length: namespaces / 10 }, (_, index) => policy(index * 10)),
  ];
}

/** A cloud with nodes of two capacities, and a namespace for each egress IP: all compete for all nodes. */
export function twoInstanceTypes(namespaces: number, nodes: number): readonly Plain[] {
  const hosts = Array.from({ length: nodes }, (_, index) => {
    const capacity = { ipv4: index % 2 === 0 ? 29 : 14 };
    const config = [{ interface: 'eni', ifaddr: { ipv4: '10.0.0.0/8' }, capacity }];
    const annotations = { 'cloud.network.openshift.io/egress-ipconfig': JSON.stringify(config) };
    const [name, hostIP] = [nodeName(index), `10.0.${index >> 8}.${index & 255}`];
    return [
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: metadata(1, name, index, { annotations }),
        status: {
          addresses: [{ type: 'InternalIP', address: hostIP }],
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      },
      {
        apiVersion: 'network.openshift.io/v1',
        kind: 'HostSubnet',
        metadata: metadata(2, name, index),
        host: name,
        hostIP,
        subnet: `10.${128 + (index >> 7)}.${(index & 127) * 2}.0/23`,
        egressCIDRs: ['10.0.0.0/8'],
      },
    ];
  });
  const projects = Array.from({ length: namespaces }, (_, index) => {
    const name = namespaceName(index);
    return [
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: metadata(3, name, index, { labels: { 'kubernetes.io/metadata.name': name } }),
      },
      {
        apiVersion: 'network.openshift.io/v1',
        kind: 'NetNamespace',
        metadata: metadata(4, name, index),
        netname: name,
        netid: index + 1,
        egressIPs: [egressIP(index)],
      },
    ];
  });
  return [...hosts.flat(), ...projects.flat()];
}

/** One EgressIP for each namespace, as OVN-Kubernetes has them. */
export function servedByOVN(namespaces: number): readonly Plain[] {
  return Array.from({ length: namespaces }, (_, index) => ({
    apiVersion: 'k8s.ovn.org/v1',
    kind: 'EgressIP',
    metadata: metadata(9, `egressip-${namespaceName(index)}`, index),
    spec: {
      egressIPs: [egressIP(index)],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespaceName(index) } },
    },
    status: { items: [{ egressIP: egressIP(index), node: nodeName(index % 500) }] },
  }));
}
