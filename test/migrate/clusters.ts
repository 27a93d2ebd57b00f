/** Whole clusters, each as it would be dumped: what migrations start from, sound and broken. */
import type { TranslateOptions } from '../../src/migrate/targets/ovn/options.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { make } from './snapshots.ts';

export interface Named {
  readonly objects: readonly KubeObject[];
  readonly options?: Partial<TranslateOptions>;
}

type Fields = Readonly<Record<string, unknown>>;

const primary = (address: string): Fields => ({
  annotations: { 'k8s.ovn.org/node-primary-ifaddr': JSON.stringify({ ipv4: address }) },
});
const ready = (status: string, ...addresses: readonly string[]): Fields => ({
  status: {
    addresses: addresses.map((address) => ({ type: 'InternalIP', address })),
    conditions: [{ type: 'Ready', status }],
  },
});

/** Node and HostSubnet `wN` at 192.168.7.10N/24. */
const worker = (number: number, fields: Fields = {}): KubeObject[] => [
  make.node(`w${number}`, `192.168.7.10${number}`, primary(`192.168.7.10${number}/24`)),
  make.hostSubnet(`w${number}`, `192.168.7.10${number}`, { subnet: `10.128.${number}.0/24`, ...fields }),
];
const project = (
  name: string,
  netid: number,
  egressIPs: readonly string[] = [],
  metadata: Fields = {},
): KubeObject[] => [
  make.namespace(name),
  make.netNamespace(name, netid, egressIPs.length === 0 ? {} : { egressIPs }, { ...metadata }),
];
/** What identifies the cluster. */
const identity = make.namespace('kube-system', { uid: '0b5a2f6c-3c1e-4c0e-9d5e-6f0d8f7a1c11' });
const base = [make.clusterNetwork(), identity, ...project('default', 0)];
const release = (version: string): Fields => ({ spec: {}, status: { desired: { version } } });
const openShift = [make.any('config.openshift.io/v1', 'ClusterVersion', { name: 'version' }, release('4.16.9'))];
const networkOperator = (defaultNetwork: Fields): KubeObject =>
  make.any('operator.openshift.io/v1', 'Network', { name: 'cluster' }, { spec: { defaultNetwork } });
const configMap = (namespace: string, name: string, data: Fields): KubeObject =>
  make.any('v1', 'ConfigMap', { name, namespace }, { data });
const routerPod = (env: Readonly<Record<string, string>>): Fields => ({
  initContainers: [{ name: 'egress-router', env: Object.entries(env).map(([name, value]) => ({ name, value })) }],
  containers: [{ name: 'wait' }],
});
const macvlan = { annotations: { 'pod.network.openshift.io/assign-macvlan': 'true' } };
const redirect = {
  EGRESS_SOURCE: '192.168.7.99/24',
  EGRESS_GATEWAY: '192.168.7.1',
  EGRESS_DESTINATION: '203.0.113.25',
  EGRESS_ROUTER_MODE: 'init',
};

const manual = [
  ...base,
  ...worker(0, { egressIPs: ['192.168.7.200', '192.168.7.202'] }),
  ...worker(1, { egressIPs: ['192.168.7.201/24'] }),
  ...worker(2),
  ...project('red', 11, ['192.168.7.200', '192.168.7.201']),
  ...project('blue', 12, ['192.168.7.202']),
  ...project('plain', 13),
];

const automatic = [
  ...base,
  ...worker(0, { egressCIDRs: ['192.168.7.192/27'], egressIPs: ['192.168.7.200'] }),
  ...worker(1, { egressCIDRs: ['192.168.7.192/27', '192.168.7.240/28'], egressIPs: ['192.168.7.241'] }),
  ...project('red', 11, ['192.168.7.200', '192.168.7.241']),
  ...project('blue', 12),
];

const manyIPs = ['192.168.7.210', '192.168.7.211', '192.168.7.212'];

export const clusters = {
  manual: { objects: manual },
  automatic: { objects: automatic },
  mixed: {
    objects: [
      ...base,
      ...worker(0, { egressCIDRs: ['192.168.7.128/25'], egressIPs: ['192.168.7.200'] }),
      ...worker(1, { egressIPs: ['192.168.7.201'], egressCIDRs: [] }),
      ...worker(2, { egressIPs: null, egressCIDRs: null }),
      ...project('red', 11, ['192.168.7.200']),
      ...project('blue', 12, ['192.168.7.201']),
    ],
  },
  'standby nodes': {
    objects: [
      ...base,
      ...worker(0, { egressCIDRs: ['192.168.7.128/25'], egressIPs: ['192.168.7.200', '192.168.7.201'] }),
      ...worker(1, { egressCIDRs: ['192.168.7.128/25'] }),
      ...worker(2, { egressCIDRs: ['192.168.7.128/25'], egressIPs: [] }),
      ...project('red', 11, ['192.168.7.200']),
      ...project('blue', 12, ['192.168.7.201']),
    ],
  },
  'joined projects': {
    objects: [
      make.clusterNetwork('redhat/openshift-ovs-multitenant'),
      ...project('default', 0),
      ...worker(0, { egressIPs: ['192.168.7.200'] }),
      ...worker(1, { egressIPs: ['192.168.7.201'] }),
      ...project('tester', 21),
      ...project('web', 21, ['192.168.7.201', '192.168.7.200']),
      ...project('api', 21, ['192.168.7.200']),
      make.netNamespace('gone', 21, { egressIPs: ['192.168.7.200'] }),
      make.policy('api', 'default', [['Deny', '0.0.0.0/0']]),
    ],
  },
  multitenant: {
    objects: [
      make.clusterNetwork('redhat/openshift-ovs-multitenant'),
      ...project('default', 0),
      ...project('monitoring', 0),
      ...worker(0, { egressIPs: ['192.168.7.200'] }),
      ...project('red', 11, ['192.168.7.200']),
      ...project('blue', 12),
      make.policy('monitoring', 'default', [['Deny', '10.0.0.0/8']]),
      make.any(
        'networking.k8s.io/v1',
        'NetworkPolicy',
        { name: 'deny', namespace: 'blue' },
        { spec: { podSelector: {}, ingress: [] } },
      ),
    ],
  },
  'finer rules': {
    objects: [
      ...base,
      ...worker(0),
      ...project('red', 11, ['192.168.7.200'], {
        annotations: { 'egress.sdn-compat.io/destinations': '10.0.0.0/8', 'egress.sdn-compat.io/other': 'x' },
      }),
      ...project('blue', 12, ['192.168.7.201'], { annotations: { 'egress.sdn-compat.io/bandwidth': '10M' } }),
    ],
  },
  multicast: {
    objects: [
      ...base,
      ...worker(0),
      ...project('alone', 11, [], { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'true' } }),
      ...project('odd', 12, [], { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'True' } }),
      ...project('left', 13, [], { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'true' } }),
      ...project('right', 13),
      make.netNamespace(
        'gone',
        14,
        {},
        { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'true' } },
      ),
    ],
  },
  cloud: {
    objects: [
      ...base,
      ...[0, 1].flatMap((number) => [
        make.node(`w${number}`, `10.0.1.${number + 4}`, {
          annotations: {
            'cloud.network.openshift.io/egress-ipconfig': JSON.stringify([
              { interface: 'eni', ifaddr: { ipv4: '10.0.1.0/24' }, capacity: { ip: 1 } },
            ]),
          },
        }),
        make.hostSubnet(`w${number}`, `10.0.1.${number + 4}`, {
          egressCIDRs: ['10.0.1.0/24'],
          egressIPs: [`10.0.1.${number + 100}`],
        }),
      ]),
      make.node('w2', '10.0.1.9', { annotations: { 'cloud.network.openshift.io/egress-ipconfig': '{' } }),
      ...project('red', 11, ['10.0.1.100']),
      ...project('blue', 12, ['10.0.1.101']),
      ...project('late', 13, ['10.0.1.102']),
      ...['10.0.1.100', '10.0.1.101', '10.0.1.199'].map((name) =>
        make.any(
          'cloud.network.openshift.io/v1',
          'CloudPrivateIPConfig',
          { name, finalizers: ['cloud.network.openshift.io/cloud-network'] },
          { spec: { node: 'w0' } },
        ),
      ),
    ],
  },
  'egress routers': {
    objects: [
      ...base,
      ...worker(0),
      ...project('shop', 11),
      ...project('mail', 12),
      make.any('v1', 'Pod', { name: 'router', namespace: 'shop', ...macvlan }, { spec: routerPod(redirect) }),
      make.any(
        'apps/v1',
        'Deployment',
        { name: 'proxy', namespace: 'mail' },
        {
          spec: {
            replicas: 0,
            template: {
              metadata: macvlan,
              spec: routerPod({ ...redirect, EGRESS_ROUTER_MODE: 'http-proxy', EGRESS_HTTP_PROXY_DESTINATION: '*' }),
            },
          },
        },
      ),
      make.any(
        'v1',
        'Pod',
        { name: 'bare', namespace: 'mail', ...macvlan },
        { spec: { containers: [{ name: 'tool' }] } },
      ),
    ],
  },
  policies: {
    objects: [
      ...base,
      ...worker(0),
      ...['one', 'two', 'zero', 'names', 'open', 'broken', 'long'].flatMap((name, index) => project(name, 30 + index)),
      make.policy('one', 'default', [
        ['Allow', '203.0.113.0/24'],
        ['Deny', '0.0.0.0/0'],
      ]),
      make.policy('two', 'a', [['Deny', '0.0.0.0/0']]),
      make.policy('two', 'b', [['Allow', '0.0.0.0/0']]),
      make.policy('zero', 'all', [['Deny', '0.0.0.0/32']]),
      make.policy('names', 'default', [
        ['Allow', 'www.example.com'],
        ['Deny', '198.51.100.0/24'],
      ]),
      make.policy('open', 'default', [
        ['Allow', '100.64.3.0/24'],
        ['Allow', '100.0.0.0/8'],
      ]),
      make.policy('broken', 'default', [['Deny', 'not a/cidr']]),
      make.policy(
        'long',
        'default',
        Array.from({ length: 1_001 }, (_, index) => ['Allow', `203.0.${index >> 8}.${index & 255}/32`] as const),
      ),
      make.policy('default', 'default', [['Deny', '10.0.0.0/8']]),
      make.policy('nowhere', 'default', [['Deny', '10.0.0.0/8']]),
    ],
  },
  overlap: {
    objects: [
      make.any(
        'network.openshift.io/v1',
        'ClusterNetwork',
        { name: 'default' },
        {
          clusterNetworks: [{ CIDR: '100.64.0.0/15', hostSubnetLength: 8 }],
          serviceNetwork: '100.88.4.0/22',
          mtu: 1450,
        },
      ),
      make.node('a', '169.254.169.3', primary('169.254.169.3/16')),
      make.hostSubnet('a', '169.254.169.3', { subnet: '100.64.1.0/24', egressIPs: ['169.254.169.5'] }),
      make.node('b', '100.88.0.7'),
      make.hostSubnet('b', '100.88.0.7', { subnet: '100.64.2.0/24' }),
      ...project('red', 11, ['169.254.169.5']),
      make.policy('red', 'default', [['Allow', '100.64.3.0/24']]),
    ],
  },
  'networks moved': {
    objects: [
      make.any(
        'network.openshift.io/v1',
        'ClusterNetwork',
        { name: 'default' },
        { clusterNetworks: [{ CIDR: '100.64.0.0/16', hostSubnetLength: 8 }], serviceNetwork: '172.30.0.0/16' },
      ),
      ...worker(0),
      ...project('red', 11),
      make.any(
        'operator.openshift.io/v1',
        'Network',
        { name: 'cluster' },
        { spec: { defaultNetwork: { ovnKubernetesConfig: { ipv4: { internalJoinSubnet: '100.70.0.0/16' } } } } },
      ),
    ],
  },
  hybrid: {
    objects: [
      ...base,
      ...worker(0),
      make.node('win', '192.168.7.50', { labels: { 'kubernetes.io/os': 'windows' } }),
      make.any(
        'network.openshift.io/v1',
        'HostSubnet',
        { name: 'outside', annotations: { 'pod.network.openshift.io/assign-subnet': 'true' } },
        { host: 'outside', hostIP: '192.168.7.60', subnet: '10.128.60.0/24' },
      ),
      make.any(
        'operator.openshift.io/v1',
        'Network',
        { name: 'cluster' },
        {
          spec: {
            defaultNetwork: {
              ovnKubernetesConfig: {
                hybridOverlayConfig: { hybridClusterNetwork: [{ cidr: '10.132.0.0/14', hostPrefix: 23 }] },
              },
            },
          },
        },
      ),
      ...project('red', 11),
    ],
  },
  'hosted control plane': {
    objects: [
      ...base,
      ...worker(0),
      make.any(
        'config.openshift.io/v1',
        'Infrastructure',
        { name: 'cluster' },
        { status: { controlPlaneTopology: 'External' } },
      ),
      make.any(
        'operator.openshift.io/v1',
        'Network',
        { name: 'cluster' },
        {
          spec: {
            migration: { mtu: { network: { from: 1450, to: 1500 }, machine: { to: 1500 } } },
            defaultNetwork: { ovnKubernetesConfig: { mtu: 1400 } },
          },
        },
      ),
      ...project('red', 11),
    ],
  },
  'broken addresses': {
    objects: [
      ...base,
      ...worker(0, { egressIPs: ['192.168.7.200', '192.168.7.210', '192.168.7.211', '192.168.7.230'] }),
      ...worker(1, { egressIPs: ['192.168.7.230', '192.168.7.240', '192.168.7.99'] }),
      ...project('invalid', 11, ['192.168.7.012', '192.168.7.200', 'fe80::1']),
      ...project('twice-a', 12, ['192.168.7.240']),
      ...project('twice-b', 13, ['192.168.7.240', '192.168.7.241']),
      ...project('crowded', 14, ['192.168.7.210', '192.168.7.211', '192.168.7.212']),
      ...project('shared', 15, ['192.168.7.230']),
      ...project('node-address', 16, ['192.168.7.101', '192.168.7.100']),
      ...project('outside', 17, ['203.0.113.7']),
      ...project('unhosted', 18, ['192.168.7.250']),
      make.netNamespace('gone', 19, { egressIPs: ['192.168.7.251'] }),
      make.netNamespace('bad-netid', -1, { egressIPs: ['192.168.7.252'] }),
    ],
  },
  'broken nodes': {
    objects: [
      ...base,
      ...worker(0, { egressIPs: ['192.168.7.200'] }),
      make.hostSubnet('lost', '192.168.7.109', { egressIPs: ['192.168.7.201'] }),
      make.any('v1', 'Node', { name: 'down', ...primary('192.168.7.108/24') }, ready('False', '192.168.7.108')),
      make.hostSubnet('down', '192.168.7.108', { egressIPs: ['192.168.7.202'] }),
      make.any(
        'v1',
        'Node',
        { name: 'stuck', ...primary('192.168.7.107/24') },
        ready('True', '192.168.7.107', '192.168.7.203', '10.9.9.9'),
      ),
      make.hostSubnet('stuck', '192.168.7.107', { egressIPs: ['192.168.7.203'] }),
      make.node('wrong', '192.168.7.106', primary('192.168.7.106/24')),
      make.any(
        'network.openshift.io/v1',
        'HostSubnet',
        { name: 'wrong' },
        { host: 'other', hostIP: '192.168.7.106', subnet: '10.128.6.5/24', egressIPs: ['192.168.7.204'] },
      ),
      make.node('labelled', '192.168.7.105', {
        ...primary('192.168.7.105/24'),
        labels: { 'k8s.ovn.org/egress-assignable': '' },
      }),
      make.hostSubnet('labelled', '192.168.7.105'),
      ...['200', '201', '202', '203', '204'].flatMap((last, index) =>
        project(`p${last}`, 11 + index, [`192.168.7.${last}`]),
      ),
    ],
  },
  'outside in use': {
    objects: [...base, ...worker(0, { egressIPs: ['203.0.113.7'] }), ...project('red', 11, ['203.0.113.7'])],
  },
  'more addresses than nodes': {
    objects: [
      ...base,
      ...manyIPs
        .map((ip, index) => worker(index, { egressIPs: [ip] }))
        .flat()
        .filter(({ metadata, kind }) => kind !== 'Node' || metadata.name !== 'w2'),
      ...project('red', 11, manyIPs),
    ],
  },
  'nothing offered': {
    objects: [
      ...base,
      ...worker(0),
      ...worker(1),
      ...project('red', 11, ['192.168.7.200']),
      ...project('blue', 12, ['192.168.7.201']),
    ],
  },
  'nothing offered, kept closed': {
    objects: [
      ...base,
      ...worker(0),
      ...worker(1),
      ...project('red', 11, ['192.168.7.200']),
      make.policy('red', 'default', [['Allow', '0.0.0.0/0']]),
    ],
    options: { keepClosed: true },
  },
  'objects there already': {
    objects: [
      ...manual,
      make.any(
        'k8s.ovn.org/v1',
        'EgressIP',
        { name: 'egressip-red' },
        { spec: { egressIPs: ['192.168.7.1'], namespaceSelector: {} } },
      ),
      make.any(
        'k8s.ovn.org/v1',
        'EgressIP',
        { name: 'rival' },
        { spec: { egressIPs: ['192.168.7.202'], namespaceSelector: {} } },
      ),
      make.any(
        'k8s.ovn.org/v1',
        'EgressFirewall',
        { name: 'default', namespace: 'red' },
        { spec: { egress: [{ type: 'Allow', to: { cidrSelector: '0.0.0.0/0' } }] } },
      ),
      make.policy('red', 'default', [['Deny', '198.51.100.0/24']]),
    ],
  },
  'one namespace only': {
    objects: [...manual, make.policy('blue', 'default', [['Deny', '198.51.100.0/24']])],
    options: { namespaces: ['red'], prefix: 'sdn' },
  },
  'egress IPs only': {
    objects: [...manual, make.policy('blue', 'default', [['Deny', '198.51.100.0/24']])],
    options: { only: ['egressip'] },
  },
  'networks of the installer': {
    objects: [
      ...base,
      make.node('a', '172.18.0.11'),
      make.hostSubnet('a', '172.18.0.11', { subnet: '10.128.1.0/24', egressIPs: ['172.18.0.200'] }),
      make.node('b', '172.20.0.11'),
      make.hostSubnet('b', '172.20.0.11', { subnet: '10.128.2.0/24', egressIPs: ['172.20.0.200'] }),
      ...project('red', 11, ['172.18.0.200']),
      ...project('blue', 12, ['172.20.0.200']),
      configMap('kube-system', 'cluster-config-v1', {
        'install-config':
          'apiVersion: v1\nnetworking:\n  clusterNetwork:\n  - cidr: 10.128.0.0/14\n    hostPrefix: 23\n  machineNetwork:\n  - cidr: 172.18.0.0/24\n  - cidr: 172.20.0.0/24\n  networkType: OpenShiftSDN\n',
      }),
    ],
  },
  'little known': {
    objects: [
      make.hostSubnet('a', '172.18.0.11', { egressIPs: ['172.18.0.200'] }),
      make.hostSubnet('b', '172.18.0.12', { egressCIDRs: ['172.18.0.0/24'] }),
      make.netNamespace('red', 11, { egressIPs: ['172.18.0.200', '172.18.0.201'] }),
      make.netNamespace('red', 11, { egressIPs: ['172.18.0.200'] }),
    ],
  },
  'networks unknown': {
    objects: [
      make.any(
        'network.openshift.io/v1',
        'ClusterNetwork',
        { name: 'default' },
        { clusterNetworks: [{ CIDR: '10.128.0.0/99', hostSubnetLength: 8 }], serviceNetwork: '172.30.0.0/16' },
      ),
      make.node('a', '172.18.0.11'),
      make.hostSubnet('a', '172.18.0.11', { egressIPs: ['172.18.0.200'] }),
      ...project('red', 11, ['172.18.0.200']),
      ...project('blue', 12, ['203.0.113.7']),
    ],
  },
  'the subnet plugin': {
    objects: [
      make.clusterNetwork('redhat/openshift-ovs-subnet'),
      ...worker(1, { egressIPs: ['192.168.7.201'] }),
      ...project('red', 11, ['192.168.7.201']),
      make.policy('red', 'p', [['Deny', '203.0.113.0/24']]),
    ],
  },
  'the multitenant plugin of OpenShift': {
    objects: [
      make.clusterNetwork('redhat/openshift-ovs-multitenant'),
      make.any('config.openshift.io/v1', 'ClusterVersion', { name: 'version' }, release('4.14.20')),
      ...worker(1),
      ...project('red', 11),
    ],
  },
  'a release before 4.13': {
    objects: [
      ...base,
      make.any('config.openshift.io/v1', 'ClusterVersion', { name: 'version' }, release('4.12.70')),
      ...worker(1),
      ...worker(2),
      ...project('red', 11),
      make.policy('red', 'p', [['Deny', '0.0.0.0/0']]),
      ...project('blue', 12),
      make.policy('blue', 'a', [['Deny', '203.0.113.0/24']]),
      make.policy('blue', 'b', [['Allow', '203.0.113.0/24']]),
    ],
    options: { allowAPIServer: true },
  },
  'a namespace without the label of its name': {
    objects: [
      ...base,
      ...worker(1, { egressIPs: ['192.168.7.201'] }),
      make.namespace('old', { labels: { team: 'a' } }),
      make.netNamespace('old', 11, { egressIPs: ['192.168.7.201'] }),
    ],
  },
  'what stalls reboots': {
    objects: [
      ...base,
      ...worker(1),
      make.any(
        'operator.openshift.io/v1',
        'Network',
        { name: 'cluster' },
        {
          spec: { migration: { networkType: 'OVNKubernetes', features: { egressIP: false } } },
        },
      ),
      make.any(
        'policy/v1',
        'PodDisruptionBudget',
        { name: 'strict', namespace: 'default' },
        {
          status: { disruptionsAllowed: 0, expectedPods: 2 },
        },
      ),
      make.any(
        'policy/v1',
        'PodDisruptionBudget',
        { name: 'idle', namespace: 'default' },
        {
          status: { disruptionsAllowed: 0, expectedPods: 0 },
        },
      ),
      make.any(
        'admissionregistration.k8s.io/v1',
        'ValidatingWebhookConfiguration',
        { name: 'gate' },
        {
          webhooks: [
            { name: 'pods.example.com', rules: [{ apiGroups: [''], resources: ['pods'] }] },
            { name: 'soft.example.com', failurePolicy: 'Ignore', rules: [{ apiGroups: ['*'], resources: ['*'] }] },
            { name: 'apps.example.com', failurePolicy: 'Fail', rules: [{ apiGroups: ['apps'], resources: ['*'] }] },
          ],
        },
      ),
      make.any(
        'nmstate.io/v1',
        'NodeNetworkConfigurationPolicy',
        { name: 'bond' },
        {
          spec: { desiredState: { interfaces: [{ name: 'bond0', type: 'bond' }] } },
        },
      ),
    ],
  },
  'the MTU of the nodes not in the input': {
    objects: [
      ...openShift,
      ...base,
      ...worker(1),
      make.any('v1', 'Namespace', { name: 'openshift-network-operator' }, {}),
    ],
  },
  'the MTU of the nodes left from another network': {
    objects: [
      ...openShift,
      { ...make.clusterNetwork(), ...{ mtu: 8901 } },
      identity,
      ...worker(1),
      configMap('openshift-network-operator', 'mtu', { mtu: '1500' }),
      networkOperator({ ovnKubernetesConfig: { mtu: 1450, genevePort: 6082 } }),
    ],
  },
  'the MTU of the nodes unreadable': {
    objects: [...openShift, ...base, ...worker(1), configMap('openshift-network-operator', 'mtu', { mtu: 'large' })],
  },
  'routes of nodes': {
    objects: [
      ...base,
      ...worker(1),
      make.any(
        'nmstate.io/v1',
        'NodeNetworkConfigurationPolicy',
        { name: 'storage' },
        {
          spec: {
            desiredState: {
              routes: {
                config: [
                  { destination: '198.51.100.0/24', 'next-hop-interface': 'ens4', 'next-hop-address': '192.0.2.1' },
                  { destination: '203.0.113.0/24', 'next-hop-interface': 'ens5', state: 'absent' },
                ],
              },
            },
          },
        },
      ),
    ],
  },
  'routing by the host': {
    objects: [
      ...base,
      ...worker(1),
      networkOperator({ ovnKubernetesConfig: { gatewayConfig: { routingViaHost: true } } }),
    ],
  },
  'names with *': {
    objects: [
      ...base,
      ...worker(1),
      ...project('red', 11),
      make.policy('red', 'p', [
        ['Allow', '*.example.com'],
        ['Deny', '0.0.0.0/0'],
      ]),
    ],
  },
  'too many possibilities': {
    objects: [
      ...base,
      ...Array.from({ length: 12 }, (_, index) => [
        make.node(`n${index}`, `10.1.1.${index + 1}`, primary(`10.1.1.${index + 1}/${16 + (index % 9)}`)),
        make.hostSubnet(`n${index}`, `10.1.1.${index + 1}`, {
          subnet: `10.128.${index}.0/24`,
          egressCIDRs: ['10.1.0.0/16'],
        }),
      ]).flat(),
      ...Array.from({ length: 20 }, (_, index) =>
        project(
          `p${index}`,
          100 + index,
          Array.from({ length: 5 }, (__, nth) => `10.1.${nth * 40 + 2}.${index + 1}`),
        ),
      ).flat(),
    ],
  },
} satisfies Readonly<Record<string, Named>>;
