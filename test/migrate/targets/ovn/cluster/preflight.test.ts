import { preflightPart } from '../../../../../src/migrate/targets/ovn/cluster/preflight.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { contextFrom, make } from '../../../snapshots.ts';
import { project, worker } from '../cluster-of.ts';

const operator = (spec: object): KubeObject =>
  make.any('operator.openshift.io/v1', 'Network', { name: 'cluster' }, { spec });
const findings = (objects: readonly KubeObject[], namespaces: readonly string[] = []) =>
  preflightPart(contextFrom(objects, { namespaces })).findings;
const told = (code: string, ...objects: readonly KubeObject[]): readonly string[] =>
  findings(objects)
    .filter((one) => one.code === code)
    .map(
      ({ severity, kind, namespace, name }) =>
        `${severity} ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
    );
const texts = (...objects: readonly KubeObject[]): readonly string[] =>
  findings(objects)
    .filter(({ code }) => code === 'NetworkOverlap')
    .map(({ today, tomorrow }) => `${today.split(' works')[0] ?? ''} | ${tomorrow.split(', so')[0] ?? ''}`);

it('finds nothing in a plain cluster, and changes nothing', () => {
  const part = preflightPart(contextFrom([make.clusterNetwork(), ...worker(1), ...project('shop', 10)]));
  expect(part).toEqual({ changes: [], findings: [] });
});

describe('a network inside OVN-Kubernetes', () => {
  const network = (cidr: string, serviceNetwork = '172.30.0.0/16'): KubeObject =>
    make.any(
      'network.openshift.io/v1',
      'ClusterNetwork',
      { name: 'default' },
      {
        clusterNetworks: [{ CIDR: cidr, hostSubnetLength: 8 }],
        serviceNetwork,
        pluginName: 'redhat/openshift-ovs-networkpolicy',
      },
    );

  it('must not overlap the networks of the cluster', () => {
    expect(texts(network('100.64.0.0/14'))).toEqual([
      'The cluster network 100.64.0.0/14 | OVN-Kubernetes uses 100.64.0.0/16 itself (join network)',
    ]);
    expect(texts(network('10.128.0.0/14', '100.88.128.0/20'))).toEqual([
      'The service network 100.88.128.0/20 | OVN-Kubernetes uses 100.88.0.0/16 itself (transit network)',
    ]);
    expect(told('NetworkOverlap', network('100.64.0.0/14'))).toEqual(['blocker ClusterNetwork default']);
  });

  it('must not overlap the networks of the machines, each said once', () => {
    const annotations = { 'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"100.64.1.1/24"}' };
    const machines = ['n1', 'n2'].map((name) => make.node(name, '100.64.1.1', { annotations }));
    expect(told('NetworkOverlap', ...machines)).toEqual(['blocker Node n2']);
    expect(texts(...machines)).toEqual([expect.stringMatching(/^The machine network 100.64.1.0\/24 \|/)]);
  });

  it('must not hold the address of a node of which no network is known', () => {
    expect(told('NetworkOverlap', make.node('n1', '100.88.0.1'))).toEqual(['blocker Node n1']);
    expect(told('NetworkOverlap', make.hostSubnet('n1', '100.88.0.1'))).toEqual(['blocker HostSubnet n1']);
    expect(told('NetworkOverlap', make.node('n1', '192.168.7.11'))).toEqual([]);
  });

  it('must not hold an egress IP', () => {
    const objects = [
      ...worker(1, { egressIPs: ['100.64.0.9'] }),
      ...project('shop', 10, ['100.64.0.9', '192.168.7.101', '100.64.0.10']),
    ];
    expect(told('NetworkOverlap', ...objects)).toEqual(['blocker NetNamespace shop']);
    expect(texts(...objects)).toEqual([expect.stringMatching(/^Egress IP 100.64.0.9, 100.64.0.10 \|/)]);
  });

  it('may be what a policy names, which somebody should look at', () => {
    const policy = make.policy('shop', 'p', [
      ['Allow', '100.64.0.0/24'],
      ['Deny', '0.0.0.0/0'],
      ['Allow', '169.254.169.1/32'],
    ]);
    expect(told('NetworkOverlap', policy)).toEqual([
      'warning EgressNetworkPolicy shop/p',
      'warning EgressNetworkPolicy shop/p',
    ]);
    expect(texts(policy)[0]).toMatch(/^The destination 100.64.0.0\/24 \|/);
    expect(told('NetworkOverlap', make.policy('shop', 'p', [['Deny', '100.64.0.0/15']]))).toEqual([]);
    expect(findings([policy], ['other'])).toEqual([]);
  });

  it('is found in a policy also where its prefix length cannot be read', () => {
    expect(told('NetworkOverlap', make.policy('shop', 'p', [['Deny', '100.64.0.1/ 9']]))).toEqual([
      'warning EgressNetworkPolicy shop/p',
    ]);
  });

  it('is another one where the operator is configured so', () => {
    const configured = operator({
      defaultNetwork: { ovnKubernetesConfig: { ipv4: { internalJoinSubnet: '10.128.0.0/20' } } },
    });
    expect(texts(make.clusterNetwork(), configured)).toEqual([
      'The cluster network 10.128.0.0/14 | OVN-Kubernetes uses 10.128.0.0/20 itself (join network)',
    ]);
    expect(texts(network('100.64.0.0/14'), configured)).toEqual([]);
    const broken = operator({ defaultNetwork: { ovnKubernetesConfig: { ipv4: { internalJoinSubnet: 'x' } } } });
    expect(texts(network('100.64.0.0/14'), broken)).toEqual([]);
  });
});

describe('the control plane', () => {
  const topology = (controlPlaneTopology: string): KubeObject =>
    make.any('config.openshift.io/v1', 'Infrastructure', { name: 'cluster' }, { status: { controlPlaneTopology } });

  it.each([
    ['External', ['blocker Infrastructure cluster']],
    ['HighlyAvailable', []],
    ['SingleReplica', []],
  ])('that is %s', (value, found) => {
    expect(told('HostedControlPlane', make.clusterNetwork(), topology(value))).toEqual(found);
  });
});

it('finds a hybrid overlay in the configuration and on nodes', () => {
  expect(
    told('HybridOverlay', operator({ defaultNetwork: { ovnKubernetesConfig: { hybridOverlayConfig: {} } } })),
  ).toEqual(['warning Network cluster']);
  expect(told('HybridOverlay', operator({}))).toEqual([]);
  const windows = make.node('w1', '192.168.7.50', { labels: { 'kubernetes.io/os': 'windows' } });
  expect(told('HybridOverlay', windows, make.node('n1', '192.168.7.11'))).toEqual(['warning Node w1']);
});

describe("the vendor's converter", () => {
  const off = { egressIP: false, egressFirewall: false, multicast: false };

  it('is on unless all of it is turned off, and at work when the migration has begun', () => {
    expect(told('ConverterOn', operator({}))).toEqual(['warning Network cluster']);
    expect(told('ConverterOn', operator({ migration: { features: off } }))).toEqual([]);
    expect(told('ConverterOn', operator({ migration: { features: { ...off, multicast: true } } }))).toEqual([
      'warning Network cluster',
    ]);
    expect(told('ConverterOn', operator({ migration: { networkType: 'OVNKubernetes' } }))).toEqual([
      'blocker Network cluster',
    ]);
    expect(told('ConverterOn', operator({ migration: { networkType: 'OpenShiftSDN' } }))).toEqual([
      'warning Network cluster',
    ]);
  });

  it('is none without the operator', () => {
    expect(told('ConverterOn', make.clusterNetwork())).toEqual([]);
  });
});

describe('what stalls reboots', () => {
  const budget = (status: object): KubeObject =>
    make.any('policy/v1', 'PodDisruptionBudget', { name: 'b', namespace: 'shop' }, { status });

  it('is a disruption budget that lets no pod go, of those that there are', () => {
    expect(told('DisruptionBudget', budget({ disruptionsAllowed: 0, expectedPods: 1 }))).toEqual([
      'warning PodDisruptionBudget shop/b',
    ]);
    expect(told('DisruptionBudget', budget({ disruptionsAllowed: 1, expectedPods: 1 }))).toEqual([]);
    expect(told('DisruptionBudget', budget({ disruptionsAllowed: 0, expectedPods: 0 }))).toEqual([]);
    expect(told('DisruptionBudget', budget({ expectedPods: 1 }))).toEqual([]);
  });

  it('is a webhook that fails closed, and an interface that nmstate configures', () => {
    const webhook = (failurePolicy: string): KubeObject =>
      make.any(
        'admissionregistration.k8s.io/v1',
        'ValidatingWebhookConfiguration',
        { name: 'w' },
        { webhooks: [{ name: 'x', failurePolicy, rules: [{ apiGroups: [''], resources: ['pods'] }] }] },
      );
    expect(told('WebhookFailsClosed', webhook('Fail'))).toEqual(['warning ValidatingWebhookConfiguration w']);
    expect(told('WebhookFailsClosed', webhook('Ignore'))).toEqual([]);
    const nmstate = (interfaces: readonly object[]): KubeObject =>
      make.any(
        'nmstate.io/v1',
        'NodeNetworkConfigurationPolicy',
        { name: 'p' },
        { spec: { desiredState: { interfaces } } },
      );
    expect(told('NodeNetworkConfigured', nmstate([{ name: 'bond0' }]))).toEqual([
      'warning NodeNetworkConfigurationPolicy p',
    ]);
    expect(told('NodeNetworkConfigured', nmstate([]))).toEqual([]);
  });
});
