/** When the network plugin that a plan leads to runs. */
import omit from 'lodash/omit.js';
import { hostSubnets, namespaces, nodes } from '../../../api/kinds.ts';
import { networkConfigItem } from '../../../src/migrate/kinds/network.ts';
import type { Known } from '../../../src/migrate/known.ts';
import { liveOf } from '../../../src/migrate/live.ts';
import { notSwitched, switchedAnnotation } from '../../../src/migrate/run/switched.ts';
import { kubeVip } from '../../../src/migrate/targets/kube-vip/target.ts';
import { ovn } from '../../../src/migrate/targets/ovn/target.ts';
import { sdn } from '../../../src/migrate/targets/sdn/target.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../snapshots.ts';

const annotations = {
  'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.11/24"}',
  'k8s.ovn.org/node-subnets': '{"default":["10.128.0.0/23"]}',
  'k8s.ovn.org/host-cidrs': '["192.168.7.11/24"]',
};
const at = (objects: readonly KubeObject[], config: Known<string> = { kind: 'absent' }) => ({
  live: liveOf(snapshotOf(objects), [nodes, namespaces, hostSubnets]),
  networkConfig:
    config.kind === 'known'
      ? ({ kind: 'known', value: networkConfigItem({ metadata: {}, ...typed(config.value) }) } as const)
      : config,
});
const typed = (networkType: string): object => ({ status: { networkType } });
const known = (value: string): Known<string> => ({ kind: 'known', value });
const [bare, annotated] = [make.node('n1', '192.168.7.11'), make.node('n2', '192.168.7.12', { annotations })];

test('OVN-Kubernetes runs when every Node has its annotations', () => {
  expect(notSwitched(ovn, at([annotated]))).toEqual([]);
  expect(notSwitched(ovn, at([annotated], known('OVNKubernetes')))).toEqual([]);
  expect(notSwitched(ovn, at([bare, annotated]))).toEqual([
    `Node n1: annotation ${Object.keys(annotations).join(', ')} is missing`,
  ]);
});

test('an annotation that cannot be read is missing', () => {
  const broken = make.node('n1', '192.168.7.11', {
    annotations: { ...annotations, 'k8s.ovn.org/host-cidrs': '[', 'k8s.ovn.org/node-subnets': '7' },
  });
  expect(notSwitched(ovn, at([broken]))).toEqual([
    'Node n1: annotation k8s.ovn.org/node-subnets, k8s.ovn.org/host-cidrs is missing',
  ]);
});

test('OpenShift SDN runs when every Node has a HostSubnet', () => {
  expect(notSwitched(sdn, at([bare, make.hostSubnet('n1', '192.168.7.11')], known('OpenShiftSDN')))).toEqual([]);
  expect(notSwitched(sdn, at([bare], known('OpenShiftSDN')))).toEqual(['HostSubnet n1: there is none for the Node']);
});

test('the type in the Network configuration counts where it was read', () => {
  expect(notSwitched(ovn, at([annotated], known('OpenShiftSDN')))).toEqual([
    'Network.config.openshift.io cluster: status.networkType is OpenShiftSDN',
  ]);
});

test('a cluster without Nodes has switched to nothing', () => {
  expect(notSwitched(ovn, at([]))).toEqual(['there is no Node']);
});

test('a configuration that cannot be read is no permission', () => {
  const reason = 'missing right: list networks.config.openshift.io';
  expect(notSwitched(ovn, at([annotated], { kind: 'unreadable', reason }))).toEqual([
    `Network.config.openshift.io cluster: it cannot be read, so nothing tells which plugin runs: ${reason}`,
  ]);
});

test('a node that the live migration has still to switch is waited for, unless it is left out', () => {
  const pending = make.node('n2', '192.168.7.12', {
    annotations,
    labels: { 'migration.network.openshift.io/plugin': 'OpenShiftSDN' },
  });
  expect(notSwitched(ovn, at([annotated, pending]))).toEqual([
    'Node n2: label migration.network.openshift.io/plugin says that the live migration has not switched it yet',
  ]);
  expect(notSwitched(ovn, at([annotated, pending]), new Set(['v1/Node//n2']))).toEqual([]);
});

test('before 4.14 nodes have host-addresses instead of host-cidrs', () => {
  const old = make.node('n1', '192.168.7.11', {
    annotations: { ...omit(annotations, 'k8s.ovn.org/host-cidrs'), 'k8s.ovn.org/host-addresses': '["192.168.7.11"]' },
  });
  expect(notSwitched(ovn, at([old]))).toEqual([]);
});

test('nodes that OVN-Kubernetes gives no subnet never get its annotations, and are not waited for', () => {
  const windows = make.node('w1', '192.168.7.13', { labels: { 'kubernetes.io/os': 'windows' } });
  const hybrid = make.node('w2', '192.168.7.14', {
    annotations: { 'k8s.ovn.org/hybrid-overlay-node-subnet': '10.132.0.0/24' },
  });
  expect(notSwitched(ovn, at([annotated, windows, hybrid]))).toEqual([]);
});

test('of a target that runs beside any plugin the configuration of the network tells, or else the admin', () => {
  expect(notSwitched(kubeVip, at([bare], known('OpenShiftSDN')))).toEqual([
    'Network.config.openshift.io cluster: status.networkType is OpenShiftSDN',
  ]);
  expect(notSwitched(kubeVip, at([bare], known('Calico')))).toEqual([]);
  const said = (name: string): KubeObject =>
    make.namespace('kube-system', { annotations: { [switchedAnnotation]: name } });
  const asking: unknown = expect.stringMatching(/^nothing tells whether OpenShift SDN has ended; .*=kube-vip$/);
  expect(notSwitched(kubeVip, at([bare]))).toEqual([asking]);
  expect(notSwitched(kubeVip, at([bare, said('antrea')]))).toEqual([asking]);
  expect(notSwitched(kubeVip, at([bare, said('kube-vip')]))).toEqual([]);
});
